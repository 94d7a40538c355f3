-- A tree: everyone but the first reports to somebody, five to each.
INSERT INTO public.employees
    (id, manager_id, first_name, last_name, work_email, login, iban, salary, job_title, hired_on, left_on)
SELECT 1000 + i,
    CASE WHEN i > 1 THEN 1000 + (i + 3) / 5 END,
    first_name, last_name,
    pg_temp.ascii(first_name || '.' || last_name) || i || '@harbour-shop.corp',
    left(pg_temp.ascii(last_name), 8) || i,
    CASE WHEN mod(b, 20) > 0 THEN pg_temp.iban(pg_temp.hash(i, %(salt)s + 2)) END,
    CASE WHEN mod(b >> 8, 10) > 0 THEN 24000 + 50 * mod(b >> 12, 1100) END,
    CASE WHEN i = 1 THEN 'Managing director' WHEN i <= 6 THEN 'Head of department'
        ELSE pg_temp.pick(ARRAY['Customer care', 'Warehouse', 'Purchasing', 'Bookkeeping', 'Engineering'], b >> 24) END,
    date '2015-01-01' + hired, CASE WHEN i > 6 AND mod(b >> 40, 6) = 0 THEN date '2015-01-01' + hired + 30 + mod(b >> 44, 1200)::int END
FROM (
    SELECT i, b, mod(a >> 40, 2900)::int AS hired,
        pg_temp.pick(pg_temp.first_names(), a) AS first_name,
        pg_temp.pick(pg_temp.last_names(), a >> 20) AS last_name
    FROM (
        SELECT i, pg_temp.hash(i, %(salt)s) AS a, pg_temp.hash(i, %(salt)s + 1) AS b
        FROM generate_series(1, %(employees)s::int) AS i
    ) AS drawn
) AS row;
