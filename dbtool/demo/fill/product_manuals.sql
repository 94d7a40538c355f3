-- Large objects of numbers that hardly any database has reached, so that they are the same everywhere.
INSERT INTO public.product_manuals (product_id, title, file)
SELECT i, 'Manual ' || i, lo_from_bytea((3000000000 + i)::oid,
    convert_to('Scanned by ' || pg_temp.pick(pg_temp.first_names(), pg_temp.hash(i, %(salt)s)) || ' ' || pg_temp.pick(pg_temp.last_names(), i), 'UTF8'))
FROM generate_series(1, 5) AS i
ORDER BY i;
