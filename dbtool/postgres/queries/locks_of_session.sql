-- waited_s is of what it waits for, relation or not.
SELECT
    CASE WHEN l.locktype = 'relation' THEN l.relation::pg_catalog.int8 END AS relation,
    l.mode,
    CASE
        WHEN NOT l.granted THEN
            COALESCE(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - l.waitstart), 0)
    END AS waited_s
FROM pg_catalog.pg_locks AS l
WHERE l.pid = %(pid)s
    AND (l.locktype = 'relation' OR NOT l.granted)
    AND (l.database IS NULL OR l.database IN (
        0, (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    ))
