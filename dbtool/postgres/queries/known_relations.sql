-- Every relation that is not temporary, as the tracer of migrations compares them.
SELECT
    c.oid::pg_catalog.int8 AS oid,
    n.nspname AS schema,
    c.relname AS name,
    c.relkind::pg_catalog.text AS kind,
    c.relfilenode::pg_catalog.int8 AS filenode,
    i.indrelid::pg_catalog.int8 AS table_oid,
    CASE WHEN c.relkind IN ('r', 'p', 'f', 'm', 'v', 'c') THEN (
        SELECT
            pg_catalog.json_agg(
                pg_catalog.json_build_array(
                    a.attnum, a.attname, a.atttypid::pg_catalog.int8, a.atttypmod,
                    pg_catalog.format_type(a.atttypid, a.atttypmod)
                ) ORDER BY a.attnum
            )
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) END AS columns
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
WHERE c.oid >= 16384 AND c.relpersistence <> 't'
