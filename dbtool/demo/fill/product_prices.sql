-- What a product cost in its first year, and since then. Where one ends, the next begins.
INSERT INTO public.product_prices (id, sku, price, valid)
OVERRIDING SYSTEM VALUE
SELECT 2 * id - later::int, sku,
    CASE WHEN later THEN price ELSE round(price * 1.1, 2) END,
    CASE WHEN later THEN daterange(begun + 365, NULL) ELSE daterange(begun, begun + 365) END
FROM (
    SELECT id, sku, price, (created_at AT TIME ZONE 'UTC')::date AS begun, later
    FROM public.products, (VALUES (false), (true)) AS half (later)
) AS row
ORDER BY 1;
