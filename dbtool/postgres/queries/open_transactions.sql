-- Sessions of this database that hold locks on relations, or a transaction open, or prevent wraparound. What other
-- roles' sessions do, and since when, is hidden from roles without pg_read_all_stats; their locks are not.
WITH held AS (
    SELECT
        l.pid,
        pg_catalog.array_agg(DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname)) AS relations
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_class c ON c.oid = l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE l.locktype = 'relation'
        AND l.granted
        AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
        AND c.relkind IN ('r', 'p', 'm', 'f')
        AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'dbtool')
    GROUP BY l.pid
)
SELECT
    a.pid,
    coalesce(a.application_name, '') AS application_name,
    coalesce(a.usename, '') AS role,
    a.state,
    extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::float8 AS transaction_s,
    coalesce(h.relations, '{}') AS relations,
    coalesce(a.backend_type = 'autovacuum worker', false) AS is_autovacuum,
    coalesce(a.backend_type = 'autovacuum worker' AND pg_catalog.strpos(a.query, '(to prevent wraparound)') > 0, false)
        AS prevents_wraparound
FROM pg_catalog.pg_stat_activity a
LEFT JOIN held h USING (pid)
WHERE a.datname = pg_catalog.current_database()
    AND a.pid <> pg_catalog.pg_backend_pid()
    AND (h.pid IS NOT NULL OR a.xact_start IS NOT NULL)
    AND coalesce(a.backend_type, '') <> 'walsender'
ORDER BY a.xact_start, a.pid
