-- Three to a supplier, each the deputy of the one before.
INSERT INTO public.supplier_contacts (id, supplier_id, deputy_id, first_name, last_name, email, phone)
OVERRIDING SYSTEM VALUE
SELECT i, (i + 2) / 3,
    CASE WHEN mod(i, 3) > 0 THEN i + 1 END,
    first_name, last_name,
    pg_temp.ascii(first_name || '.' || last_name) || '.' || i || '@' || pg_temp.pick(pg_temp.mail_domains(), b),
    CASE WHEN mod(b >> 8, 5) > 0 THEN pg_temp.phone(b) END
FROM (
    SELECT i, pg_temp.pick(pg_temp.first_names(), a) AS first_name, pg_temp.pick(pg_temp.last_names(), a >> 20) AS last_name, b
    FROM (
        SELECT i, pg_temp.hash(i, %(salt)s) AS a, pg_temp.hash(i, %(salt)s + 1) AS b
        FROM generate_series(1, 3 * %(suppliers)s::bigint) AS i
        OFFSET 0
    ) AS drawn
    OFFSET 0
) AS row
ORDER BY i;
