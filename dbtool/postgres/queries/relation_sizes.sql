-- Sizes and traffic of everything that holds rows; a partitioned table is the sum of its leaves. Rates are means since
-- the statistics were last reset.
WITH since AS (
    SELECT greatest(
        extract(epoch FROM pg_catalog.now() - coalesce(s.stats_reset, pg_catalog.pg_postmaster_start_time())), 1
    ) AS seconds
    FROM pg_catalog.pg_stat_database AS s
    WHERE s.datname = pg_catalog.current_database()
),
leaf AS (
    SELECT
        c.oid,
        CASE
            WHEN c.reltuples >= 0 THEN c.reltuples
            ELSE coalesce(s.n_live_tup, 0)
        END AS rows,
        coalesce(pg_catalog.pg_table_size(c.oid), 0) AS bytes,
        coalesce(pg_catalog.pg_indexes_size(c.oid), 0) AS index_bytes,
        coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0) AS scans,
        coalesce(s.n_tup_ins + s.n_tup_upd + s.n_tup_del, 0) AS writes
    FROM pg_catalog.pg_class AS c
    LEFT JOIN pg_catalog.pg_stat_all_tables AS s ON s.relid = c.oid
    WHERE c.relkind IN ('r', 'm')
),
part AS (
    SELECT c.oid AS relation, c.oid AS leaf FROM pg_catalog.pg_class AS c WHERE c.relkind IN ('r', 'm')
    UNION ALL
    SELECT c.oid, t.relid
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL pg_catalog.pg_partition_tree(c.oid) AS t
    WHERE c.relkind = 'p' AND t.isleaf
)
SELECT
    n.nspname AS schema,
    c.relname AS name,
    coalesce(sum(l.rows), 0)::pg_catalog.int8 AS rows,
    coalesce(sum(l.bytes), 0)::pg_catalog.int8 AS bytes,
    coalesce(sum(l.index_bytes), 0)::pg_catalog.int8 AS index_bytes,
    (coalesce(sum(l.scans), 0) / min(since.seconds))::pg_catalog.float8 AS scans_per_s,
    (coalesce(sum(l.writes), 0) / min(since.seconds))::pg_catalog.float8 AS writes_per_s
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN since
LEFT JOIN part AS p ON p.relation = c.oid
LEFT JOIN leaf AS l ON l.oid = p.leaf
WHERE c.relkind IN ('r', 'm', 'p')
    AND n.nspname NOT IN ('information_schema', 'dbtool')
    AND n.nspname !~ '^pg_'
GROUP BY n.nspname, c.relname
ORDER BY n.nspname, c.relname
