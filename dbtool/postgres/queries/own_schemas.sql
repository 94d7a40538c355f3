-- Schemas that a database did not come with.
SELECT n.nspname AS name
FROM pg_catalog.pg_namespace AS n
WHERE n.oid >= 16384 AND n.nspname !~ '^pg_'
ORDER BY n.nspname
