INSERT INTO public.tenants (id, name, billing_email, country, plan, created_at)
OVERRIDING SYSTEM VALUE
SELECT i,
    pg_temp.pick(pg_temp.company_words(), a) || ' ' || pg_temp.pick(pg_temp.company_kinds(), a >> 8) || ' '
        || pg_temp.pick(pg_temp.company_forms(), a >> 16),
    'accounts@' || pg_temp.ascii(pg_temp.pick(pg_temp.company_words(), a)) || '-' || i || '.corp',
    pg_temp.pick(pg_temp.countries(), a >> 24),
    pg_temp.pick(ARRAY['trial', 'standard', 'standard', 'standard', 'enterprise'], a >> 32),
    pg_temp.moment(0.1 * (i - 1) / %(tenants)s)
FROM (SELECT i, pg_temp.hash(i, %(salt)s) AS a FROM generate_series(1, %(tenants)s::bigint) AS i) AS row;
