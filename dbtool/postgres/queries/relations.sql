-- Every relation that could hold rows or show them, outside PostgreSQL's own schemas and dbtool's.
-- Relations that belong to an extension are listed too: the reader sets them apart.
SELECT
    c.oid::pg_catalog.int8 AS oid,
    n.nspname AS schema,
    c.relname AS name,
    c.relkind::pg_catalog.text AS kind,
    c.relpersistence::pg_catalog.text AS persistence,
    c.reltuples::pg_catalog.int8 AS rows,
    CASE
        WHEN c.relkind IN ('r', 'm') THEN
            pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::pg_catalog.int8
    END AS pages,
    CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_table_size(c.oid) END AS bytes,
    CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid::pg_catalog.int8 END
        AS partition_root,
    (
        SELECT i.inhparent::pg_catalog.int8 FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid AND i.inhdetachpending
    ) AS detached_from,
    pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_bound,
    p.partstrat::pg_catalog.text AS partition_strategy,
    p.partattrs::pg_catalog.int2[] AS partition_key,
    -- recorded the other way round: the column depends on its table being partitioned by it
    ARRAY(
        SELECT DISTINCT d.objsubid
        FROM pg_catalog.pg_depend AS d
        WHERE p.partrelid IS NOT NULL
            AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid > 0
            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid
            AND d.refobjsubid = 0 AND d.deptype = 'i'
        ORDER BY d.objsubid
    ) AS partition_mentions,
    ARRAY(
        SELECT i.inhparent::pg_catalog.int8
        FROM pg_catalog.pg_inherits AS i
        WHERE i.inhrelid = c.oid AND NOT c.relispartition
        ORDER BY i.inhseqno
    ) AS inherits,
    c.relrowsecurity AS row_security,
    c.relispopulated AS populated,
    s.srvname AS foreign_server,
    e.extname AS extension,
    coalesce(c.oid = ANY (e.extconfig), false) AS extension_configuration,
    pg_catalog.obj_description(c.oid, 'pg_class') AS comment
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = c.oid
LEFT JOIN pg_catalog.pg_foreign_table AS f ON f.ftrelid = c.oid
LEFT JOIN pg_catalog.pg_foreign_server AS s ON s.oid = f.ftserver
LEFT JOIN pg_catalog.pg_depend AS x
    ON x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND x.objid = c.oid AND x.objsubid = 0
    AND x.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND x.deptype = 'e'
LEFT JOIN pg_catalog.pg_extension AS e ON e.oid = x.refobjid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('information_schema', 'dbtool')
    AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname
