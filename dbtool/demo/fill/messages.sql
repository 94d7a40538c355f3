-- E-mails go to the customer's address; texts, calls and letters note a telephone number, if the customer left one.
INSERT INTO public.messages (id, channel, customer_id, recipient, body, sent_at)
OVERRIDING SYSTEM VALUE
SELECT i, channel::public.message_channel, customer.id,
    CASE WHEN channel = 'email' THEN customer.email ELSE coalesce(customer.phone, pg_temp.phone(a)) END,
    'Dear ' || customer.full_name || ', your parcel is on its way.',
    pg_temp.moment(i::float8 / (%(customers)s + 1))
FROM (
    SELECT i, a, pg_temp.skewed(%(customers)s, a) AS customer_id,
        pg_temp.pick(ARRAY['email', 'email', 'sms', 'call', 'letter'], a >> 16) AS channel
    FROM (
        SELECT i, pg_temp.hash(i, %(salt)s) AS a
        FROM generate_series(1, greatest(8, %(customers)s::bigint / 8)) AS i
        OFFSET 0
    ) AS drawn
    OFFSET 0
) AS row
JOIN public.customers AS customer ON customer.id = customer_id
ORDER BY i;
