-- Extensions, and whether anything of the database's own stands on them. What is an extension's own: its members, and
-- what hangs on those by itself (the indexes, row types and rules of its relations).
WITH RECURSIVE own AS (
    SELECT d.refobjid AS extension, d.classid, d.objid
    FROM pg_catalog.pg_depend AS d
    WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
    UNION
    SELECT o.extension, d.classid, d.objid
    FROM own AS o
    JOIN pg_catalog.pg_depend AS d ON d.refclassid = o.classid AND d.refobjid = o.objid AND d.deptype IN ('i', 'a')
),
stands AS (
    SELECT DISTINCT o.extension
    FROM own AS o
    JOIN pg_catalog.pg_depend AS d ON d.refclassid = o.classid AND d.refobjid = o.objid AND d.deptype <> 'e'
    WHERE NOT EXISTS (
        SELECT FROM own AS p WHERE p.classid = d.classid AND p.objid = d.objid
    )
    AND d.classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass
)
SELECT e.extname AS name, e.extversion AS version, s.extension IS NOT NULL AS is_used
FROM pg_catalog.pg_extension AS e
LEFT JOIN stands AS s ON s.extension = e.oid
ORDER BY e.extname
