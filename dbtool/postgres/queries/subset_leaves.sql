-- Every table and partitioned table, with each relation that holds its rows.
SELECT
    n.nspname AS schema,
    c.relname AS name,
    ln.nspname AS leaf_schema,
    l.relname AS leaf_name,
    l.oid::pg_catalog.int8 AS leaf_oid
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN LATERAL pg_catalog.pg_partition_tree(c.oid) AS p ON c.relkind = 'p' AND p.isleaf
LEFT JOIN pg_catalog.pg_class AS l ON l.oid = CASE c.relkind WHEN 'p' THEN p.relid ELSE c.oid END
LEFT JOIN pg_catalog.pg_namespace AS ln ON ln.oid = l.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname, ln.nspname, l.relname
