-- Schemas that a database did not come with.
SELECT n.oid::pg_catalog.int8 AS oid, n.nspname AS name, pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS is_usable
FROM pg_catalog.pg_namespace AS n
WHERE n.oid >= 16384 AND n.nspname !~ '^pg_'
ORDER BY n.nspname
