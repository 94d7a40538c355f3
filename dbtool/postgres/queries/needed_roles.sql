-- Roles that policies name, and roles that were granted something, with the relation it is on, where it is one; schema
-- dbtool is never copied.
SELECT
    r.rolname AS role,
    n.nspname AS schema,
    c.relname AS name,
    bool_or(d.deptype = 'r') AS in_policies,
    bool_or(d.deptype = 'a') AS in_grants
FROM pg_catalog.pg_shdepend AS d
JOIN pg_catalog.pg_roles AS r ON r.oid = d.refobjid
LEFT JOIN pg_catalog.pg_policy AS p ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = d.objid
LEFT JOIN pg_catalog.pg_class AS c
    ON c.oid = CASE d.classid
        WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN d.objid
        WHEN 'pg_catalog.pg_policy'::pg_catalog.regclass THEN p.polrelid
    END
LEFT JOIN pg_catalog.pg_namespace AS n
    ON n.oid = CASE d.classid
        WHEN 'pg_catalog.pg_namespace'::pg_catalog.regclass THEN d.objid
        ELSE c.relnamespace
    END
WHERE d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = pg_catalog.current_database())
    AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
    AND d.deptype IN ('a', 'r')
    AND n.nspname IS DISTINCT FROM 'dbtool'
GROUP BY r.rolname, n.nspname, c.relname
ORDER BY r.rolname
