-- The types of the given relations' columns, and what those are made of: domains' bases, arrays' elements, ranges' bounds,
-- the attributes of composite types.
WITH RECURSIVE reachable (oid) AS (
    SELECT a.atttypid
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = ANY (%(relations)s::pg_catalog.oid[]) AND a.attnum > 0 AND NOT a.attisdropped
    UNION
    SELECT below.oid
    FROM reachable AS r
    JOIN pg_catalog.pg_type AS t ON t.oid = r.oid
    CROSS JOIN LATERAL (
        VALUES (t.typbasetype), (t.typelem)
        UNION ALL
        SELECT g.rngsubtype FROM pg_catalog.pg_range AS g WHERE t.oid IN (g.rngtypid, g.rngmultitypid)
        UNION ALL
        SELECT a.atttypid
        FROM pg_catalog.pg_attribute AS a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS below (oid)
    WHERE below.oid <> 0
)
SELECT
    t.oid::pg_catalog.int8 AS oid,
    n.nspname AS schema,
    t.typname AS name,
    t.typtype::pg_catalog.text AS kind,
    t.typbasetype::pg_catalog.int8 AS domain_of,
    t.typtypmod AS domain_modifier,
    t.typnotnull AS domain_not_null,
    -- int2vector and point have elements too, but only this is an array in the sense of SQL
    CASE WHEN element.typarray = t.oid THEN t.typelem::pg_catalog.int8 END AS element,
    e.extname AS extension,
    (
        SELECT pg_catalog.json_build_array(
            pg_catalog.json_build_array(NULL, g.rngsubtype::pg_catalog.int8, -1, pg_catalog.format_type(g.rngsubtype, NULL))
        )
        FROM pg_catalog.pg_range AS g
        WHERE t.oid IN (g.rngtypid, g.rngmultitypid)
        UNION ALL
        SELECT pg_catalog.json_agg(
            pg_catalog.json_build_array(
                a.attname, a.atttypid::pg_catalog.int8, a.atttypmod, pg_catalog.format_type(a.atttypid, a.atttypmod)
            )
            ORDER BY a.attnum
        )
        FROM pg_catalog.pg_attribute AS a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        HAVING pg_catalog.count(*) > 0
    ) AS parts,
    ARRAY(
        SELECT l.enumlabel FROM pg_catalog.pg_enum AS l WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder
    ) AS labels,
    ARRAY(
        SELECT pg_catalog.pg_get_constraintdef(k.oid)
        FROM pg_catalog.pg_constraint AS k
        WHERE k.contypid = t.oid AND k.contype = 'c'
        ORDER BY k.conname
    ) AS checks
FROM reachable
JOIN pg_catalog.pg_type AS t ON t.oid = reachable.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_type AS element ON element.oid = t.typelem
LEFT JOIN pg_catalog.pg_depend AS x
    ON x.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND x.objid = t.oid
    AND x.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND x.deptype = 'e'
LEFT JOIN pg_catalog.pg_extension AS e ON e.oid = x.refobjid
