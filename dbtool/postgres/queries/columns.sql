-- The columns of the given relations in their order, dropped ones left out.
SELECT
    a.attrelid::pg_catalog.int8 AS relation,
    a.attnum AS number,
    a.attname AS name,
    a.atttypid::pg_catalog.int8 AS type,
    a.atttypmod AS modifier,
    pg_catalog.format_type(a.atttypid, a.atttypmod) AS sql,
    a.attnotnull AS not_null,
    a.attgenerated <> '' AS generated,
    a.attidentity <> '' AS identity,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS "default",
    CASE WHEN a.attcollation <> t.typcollation
        THEN pg_catalog.format('%%I.%%I', n.nspname, l.collname) END AS collation,
    coalesce(l.collisdeterministic, true) AS collation_is_deterministic
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
WHERE a.attrelid = ANY (%(relations)s::pg_catalog.oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
