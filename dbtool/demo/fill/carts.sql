INSERT INTO public.carts (id, customer_id, content)
SELECT (lpad(to_hex(a), 16, '0') || lpad(to_hex(b), 16, '0'))::uuid, pg_temp.skewed(%(customers)s, a),
    jsonb_build_object('items', jsonb_build_array(
        jsonb_build_object('product', 1 + mod(b, %(products)s), 'quantity', 1 + mod(b >> 20, 3),
            'gift_for', CASE WHEN mod(b >> 30, 3) = 0 THEN
                pg_temp.pick(pg_temp.first_names(), a) || ' ' || pg_temp.pick(pg_temp.last_names(), a >> 20) END)))
FROM (
    SELECT pg_temp.hash(i, %(salt)s) AS a, pg_temp.hash(i, %(salt)s + 1) AS b
    FROM generate_series(1, greatest(4, %(customers)s::bigint / 32)) AS i
    OFFSET 0
) AS row;
