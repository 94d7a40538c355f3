-- By name and provider, whatever the encoding.
SELECT DISTINCT c.collname AS name, c.collprovider::pg_catalog.text AS provider
FROM pg_catalog.pg_collation AS c
WHERE c.collnamespace = 'pg_catalog'::pg_catalog.regnamespace
ORDER BY c.collname
