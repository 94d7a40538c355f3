INSERT INTO public.documents (id, about_kind, about_id, title, body)
OVERRIDING SYSTEM VALUE
SELECT 2 * row.i, 'customer', customer.id, 'Letter to ' || customer.full_name,
    CASE WHEN mod(a, 4) > 0 THEN 'Dear ' || customer.full_name || ', we write to ' || customer.email || ' as you asked.' END
FROM (
    SELECT i, pg_temp.hash(i, %(salt)s) AS a
    FROM generate_series(1, greatest(4, %(customers)s::bigint / 32)) AS i
    OFFSET 0
) AS row
JOIN public.customers AS customer ON customer.id = pg_temp.skewed(%(customers)s, a)
ORDER BY row.i;
