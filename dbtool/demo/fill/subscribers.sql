-- Half of them are customers, often with another spelling of their address. A trigger writes their history.
INSERT INTO public.subscribers (id, email, customer_id, name, is_company, subscribed_at)
OVERRIDING SYSTEM VALUE
SELECT row.i,
    CASE
        WHEN mod(row.i, 2) > 0 THEN pg_temp.ascii(first_name) || row.i || '@' || pg_temp.pick(pg_temp.mail_domains(), a >> 8)
        WHEN mod(row.i, 4) > 0 THEN upper(customer.email COLLATE "C")
        ELSE customer.email
    END,
    CASE WHEN mod(row.i, 2) = 0 THEN customer.id END,
    CASE
        WHEN mod(a >> 20, 6) = 0 THEN pg_temp.pick(pg_temp.company_words(), a >> 24) || ' ' || pg_temp.pick(pg_temp.company_kinds(), a >> 28)
        WHEN mod(a >> 20, 6) > 1 THEN first_name || ' ' || pg_temp.pick(pg_temp.last_names(), a >> 32)
    END,
    mod(a >> 20, 6) = 0,
    pg_temp.moment(row.i::float8 / (%(customers)s + 1))
FROM (
    SELECT i, a, pg_temp.pick(pg_temp.first_names(), a) AS first_name
    FROM (
        SELECT i, pg_temp.hash(i, %(salt)s) AS a
        FROM generate_series(1, greatest(4, %(customers)s::bigint / 8)) AS i
        OFFSET 0
    ) AS drawn
    OFFSET 0
) AS row
JOIN public.customers AS customer ON customer.id = row.i
ORDER BY row.i;
