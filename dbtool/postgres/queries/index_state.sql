-- For each table or materialized view of the name: whether it has such an index, and whether that one is valid.
SELECT i.indisvalid AND i.indisready AS valid
FROM pg_catalog.pg_class AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
LEFT JOIN (
    pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid AND c.relname = %(name)s
) ON i.indrelid = t.oid
WHERE t.relname = %(relation)s
    AND t.relkind IN ('r', 'p', 'm')
    AND n.nspname NOT LIKE 'pg\_%%'
    AND (%(schema)s::text IS NULL OR n.nspname = %(schema)s)
