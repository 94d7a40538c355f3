-- Who holds an advisory lock of one bigint key in this database. What other roles' sessions do may be hidden.
SELECT l.pid, coalesce(a.application_name, '') AS application_name, a.backend_start AS since
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory'
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND l.classid = (%(key)s::bigint >> 32 & 4294967295)::oid
    AND l.objid = (%(key)s::bigint & 4294967295)::oid
    AND l.objsubid = 1
    AND l.granted
