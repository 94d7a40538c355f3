-- Tables, views and their like, outside of PostgreSQL's own schemas, dbtool's and what extensions brought.
-- Of a partition's bounds only what does not tell one from the next: cron makes new ones.
SELECT
    c.oid::pg_catalog.int8 AS oid,
    n.nspname AS schema,
    c.relname AS name,
    CASE
        WHEN c.relispartition THEN 'partition'
        WHEN c.relkind = 'v' THEN 'view'
        WHEN c.relkind = 'm' THEN 'materialized view'
        WHEN c.relkind = 'f' THEN 'foreign table'
        ELSE 'table'
    END AS kind,
    CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid::pg_catalog.int8 END
        AS partition_root,
    d.inhparent::pg_catalog.int8 AS detached_from,
    pg_catalog.concat_ws(
        ', ',
        CASE WHEN d.inhrelid IS NOT NULL THEN 'detach pending' END,
        CASE WHEN c.relpersistence = 'u' THEN 'unlogged' END,
        CASE
            WHEN c.relispartition AND b.bound = 'DEFAULT' THEN 'default'
            WHEN c.relispartition AND pg_catalog.starts_with(b.bound, 'FOR VALUES WITH')
                THEN pg_catalog.substring(b.bound, 'modulus [0-9]+')
        END,
        CASE WHEN c.relispartition AND c.relkind = 'f' THEN 'foreign' END,
        'partitioned by ' || CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
        'of type ' || pg_catalog.format_type(nullif(c.reloftype, 0), NULL),
        'inherits ' || CASE WHEN NOT c.relispartition THEN (
            SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', pn.nspname, p.relname), ', ' ORDER BY i.inhseqno)
            FROM pg_catalog.pg_inherits AS i
            JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
            JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
            WHERE i.inhrelid = c.oid
        ) END,
        CASE WHEN m.amname <> 'heap' THEN 'using ' || m.amname END,
        'with ' || (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o) FROM pg_catalog.unnest(c.reloptions) AS o),
        'toast with ' || (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o) FROM pg_catalog.unnest(t.reloptions) AS o),
        CASE c.relreplident
            WHEN 'n' THEN CASE WHEN c.relkind IN ('r', 'p') THEN 'replica identity nothing' END
            WHEN 'f' THEN 'replica identity full'
            WHEN 'i' THEN 'replica identity by index'
        END,
        CASE WHEN c.relrowsecurity THEN 'row level security' END,
        CASE WHEN c.relforcerowsecurity THEN 'row level security forced' END,
        'server ' || s.srvname,
        'options ' || (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o) FROM pg_catalog.unnest(f.ftoptions) AS o)
    ) AS text,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.btrim(pg_catalog.pg_get_viewdef(c.oid), ' ;') END AS query
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound) AS b
LEFT JOIN pg_catalog.pg_inherits AS d ON d.inhrelid = c.oid AND d.inhdetachpending
LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
LEFT JOIN pg_catalog.pg_foreign_table AS f ON f.ftrelid = c.oid
LEFT JOIN pg_catalog.pg_foreign_server AS s ON s.oid = f.ftserver
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('information_schema', 'dbtool')
    AND n.nspname !~ '^pg_'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS e
        WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.objsubid = 0
            AND e.deptype = 'e'
    )
