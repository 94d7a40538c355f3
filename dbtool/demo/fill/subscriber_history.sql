-- Beside what the trigger wrote: some subscribed twice in one moment, some have left since.
INSERT INTO public.subscriber_history (email, action, at)
SELECT email, action, at
FROM (
    SELECT email, 'insert' AS action, subscribed_at AS at, id FROM public.subscribers WHERE mod(id, 4) = 0
    UNION ALL
    SELECT 'gone.' || i || '@' || pg_temp.pick(pg_temp.mail_domains(), pg_temp.hash(i, %(salt)s)), 'delete', pg_temp.moment(0.5), i
    FROM generate_series(1, greatest(2, %(customers)s::bigint / 200)) AS i
) AS row
ORDER BY action, id;
