INSERT INTO public."Gift Cards" ("Card No", "issuedTo", "e-mail of ""Issued To""", "Value in %%")
SELECT 'GC-' || lpad(upper(to_hex(row.i)), 6, '0') || '-' || pg_temp.digits(a, 4), full_name,
    CASE WHEN mod(a >> 20, 3) > 0 THEN email END,
    10 * (1 + mod(a >> 24, 9))
FROM (
    SELECT i, pg_temp.hash(i, %(salt)s) AS a
    FROM generate_series(1, greatest(4, %(customers)s::bigint / 32)) AS i
    OFFSET 0
) AS row
JOIN public.customers AS customer ON customer.id = pg_temp.skewed(%(customers)s, a)
ORDER BY row.i;
