-- NULL where the role may not see it, as on managed servers.
SELECT
    s.setting AS folder,
    pg_catalog.current_setting('port')::pg_catalog.int4 AS port,
    pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())::pg_catalog.int8 AS started
FROM (SELECT 1) AS one (row)
LEFT JOIN pg_catalog.pg_settings AS s ON s.name = 'data_directory'
