-- A tenth of the customers were there on the first day; the others came as time went by.
-- Each address is unique whatever its spelling, because it ends in the customer's number.
INSERT INTO public.customers
    (id, tenant_id, customer_no, email, full_name, company, phone, birth_date, created_at, marketing_opt_in)
OVERRIDING SYSTEM VALUE
SELECT i,
    pg_temp.skewed(%(tenants)s, c),
    'C-' || CASE WHEN i < 10000000 THEN lpad(i::text, 7, '0') ELSE i::text END,
    CASE WHEN mod(b >> 4, 10) = 0 THEN initcap(local_part COLLATE "C") ELSE local_part END || i || '@' || domain,
    CASE mod(b >> 12, 40)
        WHEN 0 THEN upper(first_name || ' ' || last_name COLLATE "C")
        WHEN 1 THEN lower(first_name || ' ' || last_name COLLATE "C")
        WHEN 2 THEN last_name || ', ' || first_name
        ELSE first_name || ' ' || last_name
    END,
    CASE WHEN mod(b >> 18, 4) = 0 THEN
        pg_temp.pick(pg_temp.company_words(), c >> 20) || ' ' || pg_temp.pick(pg_temp.company_kinds(), c >> 28) || ' '
            || pg_temp.pick(pg_temp.company_forms(), c >> 36)
    END,
    CASE WHEN mod(b >> 22, 100) < 82 THEN pg_temp.phone(pg_temp.hash(i, %(salt)s + 3)) END,
    CASE WHEN mod(b >> 29, 100) < 65 THEN date '1938-01-01' + mod(b >> 36, 25000)::int END,
    pg_temp.moment(greatest(0, (i::float8 / %(customers)s - 0.1) / 0.9)),
    mod(c >> 44, 10) < 3
FROM (
    SELECT i, b, c, first_name, last_name,
        pg_temp.ascii(CASE WHEN mod(b, 3) = 0 THEN left(first_name, 1) ELSE first_name || '.' END || last_name) AS local_part,
        pg_temp.pick(pg_temp.mail_domains(), b >> 40) AS domain
    FROM (
        SELECT i, b, c,
            pg_temp.pick(pg_temp.first_names(), a) AS first_name,
            pg_temp.pick(pg_temp.last_names(), a >> 20) AS last_name
        FROM (
            SELECT i,
                pg_temp.hash(i, %(salt)s) AS a,
                pg_temp.hash(i, %(salt)s + 1) AS b,
                pg_temp.hash(i, %(salt)s + 2) AS c
            FROM generate_series(1, %(customers)s::bigint) AS i
            OFFSET 0  -- each hash once: without it the planner copies the expressions to where they are used
        ) AS drawn
        OFFSET 0
    ) AS named
    OFFSET 0
) AS row;
