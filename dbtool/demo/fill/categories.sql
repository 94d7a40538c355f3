-- A tree of three levels: 7 roots, three below each, and two below the first of these. The same in every shop.
INSERT INTO public.categories (id, parent_id, position, name)
OVERRIDING SYSTEM VALUE
SELECT i,
    CASE WHEN i > 28 THEN 8 + 3 * ((i - 29) / 2) WHEN i > 7 THEN 1 + (i - 8) / 3 END,
    CASE WHEN i > 28 THEN 1 + mod(i - 29, 2) WHEN i > 7 THEN 1 + mod(i - 8, 3) ELSE i END,
    CASE
        WHEN i > 28 THEN (ARRAY['for children', 'for travelling'])[1 + mod(i - 29, 2)]
        WHEN i > 7 THEN (ARRAY['everyday', 'new', 'seconds'])[1 + mod(i - 8, 3)]
        ELSE (ARRAY['kitchen', 'lighting', 'bags', 'paper', 'textiles', 'furniture', 'garden'])[i]
    END
FROM generate_series(1, 42) AS i;
