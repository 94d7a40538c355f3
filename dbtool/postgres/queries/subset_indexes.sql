-- The leading plain columns of every index that finds rows by equality.
SELECT
    n.nspname AS schema,
    c.relname AS name,
    ARRAY(
        SELECT a.attname::pg_catalog.text
        FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS position
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[position]
        WHERE 0 <> ALL ((i.indkey::pg_catalog.int2[])[0:position])
        ORDER BY position
    ) AS columns
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE i.indisvalid AND i.indpred IS NULL AND m.amname IN ('btree', 'hash') AND c.relkind IN ('r', 'p')
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY i.indrelid, x.relname
