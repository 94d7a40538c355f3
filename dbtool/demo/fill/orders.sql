-- Customers who came early order most. Nobody orders before they came, and totals are the sum of the lines.
INSERT INTO public.orders
    (id, customer_id, shipping_address_id, billing_address_id, handled_by, status, total, delivery_note, placed_at, shipped_at)
OVERRIDING SYSTEM VALUE
SELECT i, customer_id,
    CASE WHEN mod(customer_id, 4) = 0 AND mod(a, 3) = 0 THEN %(customers)s + customer_id / 4 ELSE customer_id END,
    customer_id,
    CASE WHEN mod(a >> 4, 100) < 35 THEN 1000 + mod(a >> 12, %(employees)s)::int + 1 END,
    status,
    total,
    CASE WHEN mod(a >> 26, 100) < 6 THEN
        pg_temp.pick(ARRAY['Please ring twice', 'Leave it with the neighbours', 'Back door, mind the dog', 'Only after 6 pm'], a >> 34)
        || CASE WHEN mod(a >> 38, 2) = 0 THEN ', or call ' || pg_temp.phone(b) ELSE '' END
    END,
    placed_at,
    CASE WHEN status IN ('shipped', 'delivered', 'refunded') THEN placed_at + interval '1 minute' * mod(b >> 20, 9000) END
FROM (
    SELECT i, a, b, total,
        pg_temp.skewed(greatest(1, (%(customers)s * (0.1 + 0.9 * (i - 1) / %(orders)s))::bigint), pg_temp.hash(i, %(salt)s + 2)) AS customer_id,
        pg_temp.moment((i - 1)::float8 / %(orders)s) + interval '1 second' * mod(b, 3600) AS placed_at,
        (CASE
            WHEN mod(a >> 42, 100) < 5 THEN 'pending'
            WHEN mod(a >> 42, 100) < 20 THEN 'cancelled'
            WHEN mod(a >> 42, 100) < 24 THEN 'refunded'
            WHEN mod(a >> 42, 100) < 30 THEN 'paid'
            WHEN mod(a >> 42, 100) < 36 THEN 'shipped'
            ELSE 'delivered'
        END)::public.order_status AS status
    FROM (
        SELECT order_id AS i, sum(quantity * unit_price) AS total,
            pg_temp.hash(order_id, %(salt)s) AS a, pg_temp.hash(order_id, %(salt)s + 1) AS b
        FROM public.order_items
        GROUP BY order_id
        OFFSET 0
    ) AS drawn
    OFFSET 0
) AS row
ORDER BY i;
