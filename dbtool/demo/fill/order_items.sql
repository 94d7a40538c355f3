-- Two and a half lines to an order on average; most have one, a few have dozens.
INSERT INTO public.order_items (order_id, line_no, product_id, quantity, unit_price)
SELECT line.order_id, line.line_no, line.product_id, line.quantity, product.price
FROM (
    SELECT order_id, line_no,
        pg_temp.skewed(%(products)s, pg_temp.hash(order_id, %(salt)s + line_no)) AS product_id,
        (1 + floor(3 * power(pg_temp.fraction(pg_temp.hash(order_id, %(salt)s + 100 + line_no)), 5)))::int AS quantity
    FROM (
        SELECT i AS order_id,
            generate_series(1, least(40, 1 + floor(0.55 / (1 - 0.98 * pg_temp.fraction(pg_temp.hash(i, %(salt)s))) - 0.2)::int)) AS line_no
        FROM generate_series(1, %(orders)s::bigint) AS i
    ) AS numbered
) AS line
JOIN public.products AS product ON product.id = line.product_id
ORDER BY line.order_id, line.line_no;
