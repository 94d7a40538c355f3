-- The first of a supplier's three contacts is the one to call, its bestseller one of its products. VAT numbers of no country.
INSERT INTO public.suppliers (id, name, vat_no, main_contact_id, bestseller_id, copies_to)
OVERRIDING SYSTEM VALUE
SELECT i,
    pg_temp.pick(pg_temp.company_words(), a) || ' ' || pg_temp.pick(pg_temp.company_kinds(), a >> 8) || ' '
        || pg_temp.pick(pg_temp.company_forms(), a >> 16),
    CASE WHEN mod(a >> 24, 8) > 0 THEN 'XX' || lpad(i::text, 9, '0') END,
    3 * i - 2,
    CASE WHEN mod(a >> 28, 4) > 0 THEN i END,
    CASE mod(a >> 32, 3)
        WHEN 0 THEN '{}'
        WHEN 1 THEN ARRAY['orders-' || i || '@' || domain]
        ELSE ARRAY['orders-' || i || '@' || domain, NULL, 'Boss-' || i || '@' || domain]
    END
FROM (
    SELECT i, a, pg_temp.pick(pg_temp.mail_domains(), a >> 40) AS domain
    FROM (SELECT i, pg_temp.hash(i, %(salt)s) AS a FROM generate_series(1, %(suppliers)s::bigint) AS i OFFSET 0) AS drawn
    OFFSET 0
) AS row
ORDER BY i;
