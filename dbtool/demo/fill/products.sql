INSERT INTO public.products (id, sku, name, description, category, price, active, created_at)
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
    pg_temp.moment(0.9 * i / (%(products)s + 1))
FROM (
    SELECT i, pg_temp.hash(i, %(salt)s) AS a, pg_temp.hash(i, %(salt)s + 1) AS b,
        pg_temp.pick(ARRAY['kitchen', 'lighting', 'bags', 'paper', 'textiles', 'furniture', 'garden'],
            pg_temp.hash(i, %(salt)s + 2)) AS category
    FROM generate_series(1, %(products)s::bigint) AS i
) AS row;
