INSERT INTO public.sessions (id, customer_id, token, ip, user_agent, created_at, expires_at)
SELECT
    (lpad(to_hex(a), 16, '0') || lpad(to_hex(b), 16, '0'))::uuid,
    pg_temp.skewed(%(customers)s, b),
    'sess_' || md5(a::text || b::text) || to_hex(i),
    CASE WHEN mod(a, 10) = 0 THEN NULL
        WHEN mod(a, 10) = 1 THEN ('2a00:' || to_hex(4096 + mod(a >> 4, 60000)) || '::' || to_hex(1 + mod(a >> 20, 65000)))::inet
        ELSE (31 + mod(a >> 4, 60) || '.' || mod(a >> 12, 256) || '.' || mod(a >> 20, 256) || '.' || mod(a >> 28, 256))::inet
    END,
    CASE WHEN mod(b >> 50, 20) > 0 THEN
        pg_temp.pick(ARRAY['ShopApp/4.2 (Android)', 'ShopApp/4.3 (iOS)', 'Mozilla/5.0 (X11; Linux x86_64)',
            'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_4)', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)'], b >> 40)
    END,
    created_at,
    created_at + interval '1 hour' * (1 + mod(b >> 30, 720))
FROM (
    SELECT i, pg_temp.hash(i, %(salt)s) AS a, pg_temp.hash(i, %(salt)s + 1) AS b,
        pg_temp.moment(0.9 + 0.1 * i / (%(sessions)s + 1)) AS created_at
    FROM generate_series(1, %(sessions)s::bigint) AS i
    OFFSET 0
) AS row;
