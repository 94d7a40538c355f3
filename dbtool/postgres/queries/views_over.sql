-- Materialised views that read one of the given tables, themselves or through other views.
WITH RECURSIVE reading AS (
    SELECT c.oid
    FROM ROWS FROM (
        pg_catalog.unnest(%(schemas)s::pg_catalog.text[]), pg_catalog.unnest(%(names)s::pg_catalog.text[])
    ) AS w (schema, name)
    JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name
    UNION
    SELECT r.ev_class
    FROM reading AS g
    JOIN pg_catalog.pg_depend AS d
        ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = g.oid
        AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
)
SELECT n.nspname AS schema, c.relname AS name
FROM reading AS g
JOIN pg_catalog.pg_class AS c ON c.oid = g.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'm'
