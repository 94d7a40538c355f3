SELECT
    pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS server_version,
    pg_catalog.pg_is_in_recovery() AS is_standby,
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata) AS large_objects,
    ARRAY(
        SELECT ARRAY[e.extname::pg_catalog.text, e.extversion] FROM pg_catalog.pg_extension AS e ORDER BY e.extname
    ) AS extensions
