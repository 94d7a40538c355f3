-- What of extensions can have privileges of its own, spelt as an archive's table of contents does, without arguments.
SELECT e.extname AS extension, o.kind, coalesce(o.schema, '-') AS schema, o.name
FROM pg_catalog.pg_depend AS d
JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
JOIN (
    SELECT
        'pg_catalog.pg_class'::pg_catalog.regclass AS catalog, c.oid,
        CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, n.nspname AS schema, c.relname AS name
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    UNION ALL
    SELECT
        'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid,
        CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END, n.nspname, p.proname
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 'TYPE', n.nspname, t.typname
    FROM pg_catalog.pg_type AS t
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, 'SCHEMA', NULL, n.nspname
    FROM pg_catalog.pg_namespace AS n
) AS o ON o.catalog = d.classid AND o.oid = d.objid
WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
ORDER BY e.extname, o.kind, o.schema, o.name
