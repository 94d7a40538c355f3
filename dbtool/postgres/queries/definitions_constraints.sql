-- Constraints that were declared: not the copies that PostgreSQL keeps per partition, on either end of a foreign key.
SELECT
    CASE k.contype
        WHEN 'c' THEN 'check'
        WHEN 'f' THEN 'foreign key'
        WHEN 'p' THEN 'primary key'
        WHEN 'u' THEN 'unique'
        WHEN 'x' THEN 'exclusion'
    END AS kind,
    k.conrelid::pg_catalog.int8 AS relation,
    k.conname AS name,
    pg_catalog.concat_ws(
        ', ',
        pg_catalog.pg_get_constraintdef(k.oid),
        'with ' || (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o) FROM pg_catalog.unnest(ic.reloptions) AS o),
        CASE WHEN NOT i.indisvalid THEN 'invalid' END,
        CASE WHEN i.indisclustered THEN 'clustered' END,
        CASE WHEN i.indisreplident THEN 'replica identity' END
    ) AS text
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
WHERE k.conrelid = ANY (%(relations)s::pg_catalog.oid[])
    AND k.contype IN ('c', 'f', 'p', 'u', 'x')
    AND k.conparentid = 0
    AND NOT (c.relispartition AND k.coninhcount > 0)
