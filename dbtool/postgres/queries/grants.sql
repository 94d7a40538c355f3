-- What differs from the privileges that objects have by themselves, by object and grantee: granted and taken away. Objects of the
-- system are the server's own; a grantee that owns the object is marked, since it may be owned by another elsewhere.
WITH objects AS (
    SELECT
        'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS classid, c.oid AS objid, 0 AS objsubid,
        CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS keyword,
        c.relnamespace AS namespace, c.relname AS name, NULL::pg_catalog.text AS arguments, NULL::pg_catalog.name AS column_name,
        c.relowner AS owner, c.relacl AS acl, CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::pg_catalog."char" AS kind
    FROM pg_catalog.pg_class AS c
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't' AND c.relacl IS NOT NULL
    UNION ALL
    SELECT
        'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attnum, 'TABLE',
        c.relnamespace, c.relname, NULL, a.attname, c.relowner, a.attacl, 'c'
    FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND c.relpersistence <> 't'
    UNION ALL
    SELECT
        'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, 'ROUTINE',
        p.pronamespace, p.proname, pg_catalog.oidvectortypes(p.proargtypes), NULL, p.proowner, p.proacl, 'f'
    FROM pg_catalog.pg_proc AS p
    WHERE p.proacl IS NOT NULL
    UNION ALL
    SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, 0, 'SCHEMA', n.oid, NULL, NULL, NULL, n.nspowner, n.nspacl, 'n'
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspacl IS NOT NULL
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0, 'TYPE', t.typnamespace, t.typname, NULL, NULL, t.typowner, t.typacl, 'T'
    FROM pg_catalog.pg_type AS t
    WHERE t.typacl IS NOT NULL
    UNION ALL
    SELECT 'pg_catalog.pg_language'::pg_catalog.regclass, l.oid, 0, 'LANGUAGE', NULL, l.lanname, NULL, NULL, l.lanowner, l.lanacl, 'l'
    FROM pg_catalog.pg_language AS l
    WHERE l.lanacl IS NOT NULL
    UNION ALL
    SELECT
        'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, w.oid, 0, 'FOREIGN DATA WRAPPER',
        NULL, w.fdwname, NULL, NULL, w.fdwowner, w.fdwacl, 'F'
    FROM pg_catalog.pg_foreign_data_wrapper AS w
    WHERE w.fdwacl IS NOT NULL
    UNION ALL
    SELECT
        'pg_catalog.pg_foreign_server'::pg_catalog.regclass, s.oid, 0, 'FOREIGN SERVER',
        NULL, s.srvname, NULL, NULL, s.srvowner, s.srvacl, 'S'
    FROM pg_catalog.pg_foreign_server AS s
    WHERE s.srvacl IS NOT NULL
),
of_interest AS (
    SELECT
        o.*, n.nspname AS schema,
        coalesce(i.initprivs, pg_catalog.acldefault(o.kind, o.owner)) AS usual
    FROM objects AS o
    LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = o.namespace
    LEFT JOIN pg_catalog.pg_init_privs AS i
        ON i.classoid = o.classid AND i.objoid = o.objid AND i.objsubid = o.objsubid
    WHERE (n.nspname IS NULL OR (n.nspname NOT IN ('information_schema', 'dbtool') AND n.nspname !~ '^pg_'))
),
held AS (
    SELECT o.*, a.grantee, a.privilege_type, bool_or(a.is_grantable) AS is_grantable
    FROM of_interest AS o, pg_catalog.aclexplode(o.acl) AS a
    GROUP BY
        o.classid, o.objid, o.objsubid, o.keyword, o.namespace, o.name, o.arguments, o.column_name, o.owner, o.acl, o.kind,
        o.schema, o.usual, a.grantee, a.privilege_type
),
changed AS (
    SELECT h.*, false AS is_revoked
    FROM held AS h
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.aclexplode(h.usual) AS u
        WHERE u.grantee = h.grantee AND u.privilege_type = h.privilege_type AND u.is_grantable = h.is_grantable
    )
    UNION ALL
    SELECT o.*, u.grantee, u.privilege_type, false, true
    FROM of_interest AS o, pg_catalog.aclexplode(o.usual) AS u
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.aclexplode(o.acl) AS a
        WHERE a.grantee = u.grantee AND a.privilege_type = u.privilege_type
    )
)
SELECT
    c.keyword, c.schema, c.name, c.arguments, c.column_name,
    CASE WHEN c.grantee <> 0 THEN pg_catalog.pg_get_userbyid(c.grantee) END AS grantee,
    c.grantee = c.owner AS is_owner,
    array_agg(c.privilege_type ORDER BY c.privilege_type) AS privileges,
    c.is_grantable, c.is_revoked
FROM changed AS c
GROUP BY
    c.classid, c.objid, c.objsubid, c.keyword, c.schema, c.name, c.arguments, c.column_name, c.owner, c.grantee, c.is_grantable,
    c.is_revoked
ORDER BY c.is_revoked DESC, c.keyword, c.schema, c.name, c.arguments, c.column_name, grantee, c.is_grantable
