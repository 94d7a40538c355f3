-- What would not survive the skipped relations being dropped, and is not dropped with them. DROP … CASCADE goes the
-- same way through pg_depend; only triggers that other tables have on changes here hang on automatically.
WITH RECURSIVE skipped AS (
    SELECT c.oid, n.nspname, c.relname
    FROM ROWS FROM (
        pg_catalog.unnest(%(schemas)s::pg_catalog.text[]), pg_catalog.unnest(%(names)s::pg_catalog.text[])
    ) AS w (schema, name)
    JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name
),

-- The relations and all that is theirs: columns, row types, indexes, constraints, triggers, defaults …
member AS (
    SELECT s.oid AS skipped, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS classid, s.oid AS objid
    FROM skipped AS s
    UNION
    SELECT m.skipped, d.classid, d.objid
    FROM member AS m
    JOIN pg_catalog.pg_depend AS d ON d.refclassid = m.classid AND d.refobjid = m.objid
    LEFT JOIN pg_catalog.pg_trigger AS t
        ON d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND t.oid = d.objid
    WHERE d.deptype IN ('a', 'i', 'P', 'S')
        AND (t.oid IS NULL OR t.tgisinternal OR t.tgrelid IN (SELECT s.oid FROM skipped AS s))
),

dependent AS (
    SELECT DISTINCT m.skipped, d.classid, d.objid, d.objsubid
    FROM member AS m
    JOIN pg_catalog.pg_depend AS d ON d.refclassid = m.classid AND d.refobjid = m.objid
    WHERE d.deptype IN ('n', 'a')
        AND NOT EXISTS (SELECT FROM member AS o WHERE o.classid = d.classid AND o.objid = d.objid)
),

-- A view's rule is the view itself; what is part of a relation has that relation's schema.
named AS (
    SELECT
        d.skipped,
        CASE WHEN r.rulename = '_RETURN' THEN 'pg_catalog.pg_class'::pg_catalog.regclass ELSE d.classid END AS classid,
        CASE WHEN r.rulename = '_RETURN' THEN r.ev_class ELSE d.objid END AS objid,
        CASE WHEN r.rulename = '_RETURN' THEN 0 ELSE d.objsubid END AS objsubid,
        k.contype = 'f' AS is_key,
        coalesce(c.relnamespace, f.pronamespace, y.typnamespace) AS namespace
    FROM dependent AS d
    LEFT JOIN pg_catalog.pg_rewrite AS r
        ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
    LEFT JOIN pg_catalog.pg_constraint AS k
        ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid
    LEFT JOIN pg_catalog.pg_attrdef AS a
        ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND a.oid = d.objid
    LEFT JOIN pg_catalog.pg_policy AS p
        ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = d.objid
    LEFT JOIN pg_catalog.pg_trigger AS t
        ON d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND t.oid = d.objid
    LEFT JOIN pg_catalog.pg_class AS c
        ON c.oid = CASE d.classid
            WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN d.objid
            ELSE coalesce(r.ev_class, nullif(k.conrelid, 0), a.adrelid, p.polrelid, t.tgrelid)
        END
    LEFT JOIN pg_catalog.pg_proc AS f ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.oid = d.objid
    LEFT JOIN pg_catalog.pg_type AS y ON d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND y.oid = d.objid
    WHERE coalesce(k.conparentid, 0) = 0  -- those that PostgreSQL keeps per partition follow the root's
)

SELECT DISTINCT
    s.nspname AS schema,
    s.relname AS name,
    CASE WHEN d.is_key THEN 'foreign key' ELSE i.type END AS type,
    i.identity
FROM named AS d
JOIN skipped AS s ON s.oid = d.skipped
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) AS i
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.namespace
WHERE i.identity IS NOT NULL
    AND (n.nspname IS NULL OR (n.nspname <> 'dbtool' AND n.nspname !~ '^pg_'))
ORDER BY 1, 2, 3, 4
