-- Every customer has an address of the same number; every fourth has one more, of a number after those.
INSERT INTO public.addresses (id, customer_id, recipient, street, city, postcode, country, created_at)
OVERRIDING SYSTEM VALUE
SELECT row.i, customer.id,
    CASE WHEN mod(a >> 50, 12) = 0 THEN coalesce(customer.company, customer.full_name) ELSE customer.full_name END,
    1 + mod(a, 180) || CASE WHEN mod(a >> 8, 8) = 0 THEN chr((97 + mod(a >> 11, 4))::int) ELSE '' END || ' '
        || pg_temp.pick(pg_temp.streets(), a >> 14),
    (pg_temp.towns())[town],
    CASE (pg_temp.countries())[town]
        WHEN 'GB' THEN chr((65 + mod(b, 26))::int) || 1 + mod(b >> 5, 99) || ' ' || mod(b >> 12, 10)
            || chr((65 + mod(b >> 16, 26))::int) || chr((65 + mod(b >> 21, 26))::int)
        WHEN 'NL' THEN 1000 + mod(b, 9000) || ' ' || chr((65 + mod(b >> 16, 26))::int) || chr((65 + mod(b >> 21, 26))::int)
        WHEN 'PL' THEN pg_temp.digits(b, 2) || '-' || pg_temp.digits(b >> 10, 3)
        WHEN 'PT' THEN 1000 + mod(b, 9000) || '-' || pg_temp.digits(b >> 16, 3)
        WHEN 'DE' THEN pg_temp.digits(b, 5)
        WHEN 'FR' THEN pg_temp.digits(b, 5)
        WHEN 'ES' THEN pg_temp.digits(b, 5)
        WHEN 'IT' THEN pg_temp.digits(b, 5)
        WHEN 'SE' THEN pg_temp.digits(b, 3) || ' ' || pg_temp.digits(b >> 12, 2)
        ELSE (1000 + mod(b, 9000))::text
    END,
    (pg_temp.countries())[town],
    customer.created_at
FROM (
    SELECT i, a, b, (1 + mod(a >> 22, cardinality(pg_temp.towns())))::int AS town
    FROM (
        SELECT i, pg_temp.hash(i, %(salt)s) AS a, pg_temp.hash(i, %(salt)s + 1) AS b
        FROM generate_series(1, %(customers)s + %(customers)s::bigint / 4) AS i
        OFFSET 0
    ) AS drawn
    OFFSET 0
) AS row
JOIN public.customers AS customer
    ON customer.id = CASE WHEN row.i <= %(customers)s THEN row.i ELSE 4 * (row.i - %(customers)s) END
ORDER BY row.i;
