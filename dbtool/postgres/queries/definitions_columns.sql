-- The columns of the given relations; of views only those with a default, since the rest is in their query.
SELECT
    'column' AS kind,
    a.attrelid::pg_catalog.int8 AS relation,
    a.attname AS name,
    pg_catalog.concat_ws(
        ' ',
        pg_catalog.format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attcollation <> t.typcollation
            THEN 'collate ' || pg_catalog.format('%%I.%%I', n.nspname, l.collname) END,
        CASE WHEN a.attnotnull THEN 'not null' END,
        CASE WHEN k.conrelid IS NOT NULL THEN 'not valid' END,
        CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
        CASE a.attgenerated WHEN 's' THEN 'generated stored' WHEN 'v' THEN 'generated virtual'
            ELSE CASE WHEN d.oid IS NOT NULL THEN 'default' END END,
        pg_catalog.pg_get_expr(d.adbin, d.adrelid),
        CASE WHEN a.attstorage <> t.typstorage THEN 'storage ' || a.attstorage::pg_catalog.text END,
        'compression ' || nullif(a.attcompression::pg_catalog.text, ''),
        'options ' || (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o) FROM pg_catalog.unnest(a.attfdwoptions) AS o)
    ) AS text
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
-- rows of 18: NOT NULL is a fact of the column, whatever the constraint is called
LEFT JOIN pg_catalog.pg_constraint AS k
    ON k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum AND NOT k.convalidated
WHERE a.attrelid = ANY (%(relations)s::pg_catalog.oid[])
    AND a.attnum > 0
    AND NOT a.attisdropped
    AND (c.relkind IN ('r', 'p', 'f') OR d.oid IS NOT NULL)
