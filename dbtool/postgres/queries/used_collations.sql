-- Collations that objects of the database's own name: its own ones, and those that its server came with.
SELECT DISTINCT
    n.nspname AS schema,
    c.collname AS name,
    c.collprovider::pg_catalog.text AS provider,
    n.nspname = 'pg_catalog' AS is_servers
FROM pg_catalog.pg_collation AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.collnamespace
WHERE c.oid >= 16384 OR EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.refclassid = 'pg_catalog.pg_collation'::pg_catalog.regclass AND d.refobjid = c.oid AND d.objid >= 16384
)
ORDER BY n.nspname, c.collname
