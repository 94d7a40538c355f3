SELECT gid, owner, extract(epoch FROM pg_catalog.clock_timestamp() - prepared)::float8 AS seconds
FROM pg_catalog.pg_prepared_xacts
WHERE database = pg_catalog.current_database()
ORDER BY prepared
