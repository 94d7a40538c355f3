-- Every table and sequence with what the current role may do. LOCK TABLE, which pg_dump and the refresh begin
-- with, asks for SELECT on the whole table: grants on columns alone do not count (tried on 15 and 18).
SELECT
    n.nspname AS schema,
    c.relname AS name,
    c.relkind = 'S' AS is_sequence,
    pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS schema_usable,
    CASE c.relkind
        WHEN 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
        ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT')
    END AS selectable,
    -- true where policies apply to this role, whether row_security is on or off
    c.relrowsecurity AND pg_catalog.row_security_active(c.oid) AS rows_hidden,
    current_user AS role
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'S')
    AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('information_schema', 'dbtool')
    AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname
