INSERT INTO public.products (id, sku, name, description, category, price, active, created_at, category_id, supplier_id)
OVERRIDING SYSTEM VALUE
SELECT i,
    upper(left(category, 3)) || '-' || lpad(i::text, 6, '0'),
    pg_temp.pick(ARRAY['Small', 'Large', 'Folding', 'Enamelled', 'Recycled', 'Handmade', 'Everyday', 'Travel'], a) || ' '
        || pg_temp.pick(ARRAY['oak', 'steel', 'linen', 'cork', 'ceramic', 'wool', 'glass', 'bamboo', 'canvas'], a >> 8) || ' '
        || pg_temp.pick(ARRAY['bowl', 'lamp', 'backpack', 'notebook', 'teapot', 'blanket', 'stool', 'clock', 'apron', 'frame'], a >> 16),
    CASE WHEN mod(a >> 24, 5) > 0 THEN
        pg_temp.pick(ARRAY['Made to last', 'Easy to clean', 'A favourite since the first catalogue', 'New this season'], a >> 28)
        || ', ' || pg_temp.pick(ARRAY['dishwasher safe.', 'with a two-year guarantee.', 'packed without plastic.'], a >> 32)
    END,
    category,
    round((3 + 240 * power(pg_temp.fraction(b), 4))::numeric, 2) - 0.01,
    mod(a >> 40, 12) > 0,
    pg_temp.moment(0.9 * i / (%(products)s + 1)),
    CASE mod(a >> 44, 9)
        WHEN 8 THEN NULL
        WHEN 7 THEN root
        WHEN 6 THEN 27 + 2 * root + mod(a >> 48, 2)
        ELSE 5 + 3 * root + mod(a >> 44, 3)
    END,
    CASE WHEN i <= %(suppliers)s THEN i WHEN mod(b >> 54, 10) > 0 THEN 1 + mod(b >> 8, %(suppliers)s) END
FROM (
    SELECT i, a, b, root, (ARRAY['kitchen', 'lighting', 'bags', 'paper', 'textiles', 'furniture', 'garden'])[root] AS category
    FROM (
        SELECT i, pg_temp.hash(i, %(salt)s) AS a, pg_temp.hash(i, %(salt)s + 1) AS b,
            1 + mod(pg_temp.hash(i, %(salt)s + 2), 7) AS root
        FROM generate_series(1, %(products)s::bigint) AS i
    ) AS drawn
) AS row;
