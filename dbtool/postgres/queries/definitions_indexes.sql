-- Indexes that no constraint stands for. An invalid one of an ordinary table is left out, as pg_dump does: whoever
-- looks for those asks pg_index.
SELECT
    'index' AS kind,
    i.indrelid::pg_catalog.int8 AS relation,
    c.relname AS name,
    pg_catalog.concat_ws(
        ', ',
        CASE WHEN i.indisunique THEN 'unique ' ELSE '' END || pg_catalog.substr(
            pg_catalog.pg_get_indexdef(i.indexrelid),
            pg_catalog.length(pg_catalog.format(
                'CREATE %%sINDEX %%I ON %%s%%I.%%I ',
                CASE WHEN i.indisunique THEN 'UNIQUE ' END,
                c.relname,
                CASE WHEN c.relkind = 'I' THEN 'ONLY ' END,
                n.nspname,
                t.relname
            )) + 1
        ),
        CASE WHEN NOT i.indisvalid THEN 'invalid' END,
        CASE WHEN i.indisclustered THEN 'clustered' END,
        CASE WHEN i.indisreplident THEN 'replica identity' END
    ) AS text
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
WHERE i.indrelid = ANY (%(relations)s::pg_catalog.oid[])
    AND (i.indisvalid OR c.relkind = 'I')
    AND NOT c.relispartition
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint AS k
        WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
    )
