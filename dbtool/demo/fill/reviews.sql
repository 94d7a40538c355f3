-- People write what they like into a free text: their e-mail address, their number, tabs, backslashes, emoji.
INSERT INTO public.reviews (id, customer_id, product_id, rating, title, body, created_at)
OVERRIDING SYSTEM VALUE
SELECT row.i, customer.id, product_id, rating,
    CASE WHEN mod(a >> 8, 3) > 0 THEN (ARRAY['Terrible', 'Meh', 'Fine', 'Very good', 'Love it! 😍'])[rating] END,
    CASE WHEN mod(a >> 10, 8) > 0 THEN
        pg_temp.pick(ARRAY[
            'Arrived on time and well packed.', 'Smaller than it looks in the picture.', 'Ça marche très bien, merci 👍',
            'Bought it twice already.', 'Das Gerät ist größer als gedacht.', E'Pros:\tlight\tsturdy\nCons:\tthe colour',
            E'Installed from C:\\drivers\\new, works.', 'It''s "OK" & not more <3', 'とても良いです。', E'Nice.\\N\\.'], a >> 14)
        || CASE mod(a >> 30, 12)
            WHEN 0 THEN ' Write to me at ' || customer.email || ' if you want a photo.'
            WHEN 1 THEN E'\nCall me: ' || coalesce(customer.phone, 'no phone')
            WHEN 2 THEN ' – ' || customer.full_name
            ELSE ''
        END
    END,
    pg_temp.moment(0.1 + 0.9 * row.i / (%(reviews)s + 1))
FROM (
    SELECT i, a,
        pg_temp.skewed(%(customers)s, pg_temp.hash(i, %(salt)s + 1)) AS customer_id,
        pg_temp.skewed(%(products)s, pg_temp.hash(i, %(salt)s + 2)) AS product_id,
        (5 - floor(5 * power(pg_temp.fraction(a), 3)))::smallint AS rating
    FROM (SELECT i, pg_temp.hash(i, %(salt)s) AS a FROM generate_series(1, %(reviews)s::bigint) AS i OFFSET 0) AS drawn
    OFFSET 0
) AS row
JOIN public.customers AS customer ON customer.id = row.customer_id
ORDER BY row.i;
