-- Policies, with the roles that they are for; PUBLIC is NULL.
SELECT
    p.oid::pg_catalog.int8 AS oid,
    n.nspname AS schema,
    c.relname AS table_name,
    p.polname AS name,
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END AS command,
    p.polpermissive AS is_permissive,
    ARRAY(
        SELECT CASE WHEN r.oid <> 0 THEN pg_catalog.pg_get_userbyid(r.oid) END
        FROM pg_catalog.unnest(p.polroles) AS r (oid)
    )::pg_catalog.text[] AS roles,
    pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS visible,
    pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS allowed,
    pg_catalog.obj_description(p.oid, 'pg_policy') AS comment
FROM pg_catalog.pg_policy AS p
JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname <> 'dbtool'
ORDER BY n.nspname, c.relname, p.polname
