-- The first ticket's order is gone: its key is NOT VALID. What people said lies three levels deep.
INSERT INTO public.support_tickets (id, case_no, customer_id, order_id, opened_for, agent, payload, opened_at)
OVERRIDING SYSTEM VALUE
SELECT i, 100000 + 2 * i, customer.id,
    CASE WHEN i = 1 THEN %(orders)s + 1000000 WHEN mod(a, 4) > 0 THEN 1 + mod(a >> 8, %(orders)s) END,
    customer.email,
    pg_temp.pick(ARRAY['agent_north', 'agent_south', 'agent_west'], a >> 4),
    jsonb_build_object(
        'topic', pg_temp.pick(ARRAY['delivery', 'refund', 'warranty', 'account'], a >> 12),
        'customer', jsonb_build_object(
            'name', customer.full_name,
            'contact', jsonb_strip_nulls(jsonb_build_object('email', customer.email, 'phone', customer.phone)),
            'vip', mod(a >> 16, 10) = 0),
        'conversation', jsonb_build_array(
            jsonb_build_object(
                'by', jsonb_build_object('name', customer.full_name, 'email', lower(customer.email COLLATE "C")),
                'text', 'It is broken. You can reach me at ' || coalesce(customer.phone, customer.email) || '.'),
            jsonb_build_object('by', jsonb_build_object('name', 'Customer care', 'email', NULL), 'text', 'We are sorry.'))),
    pg_temp.moment(i::float8 / (%(customers)s + 1))
FROM (
    SELECT i, pg_temp.hash(i, %(salt)s) AS a
    FROM generate_series(1, greatest(6, %(customers)s::bigint / 16)) AS i
    OFFSET 0
) AS row
JOIN public.customers AS customer ON customer.id = pg_temp.skewed(%(customers)s, a >> 9)
ORDER BY i;
