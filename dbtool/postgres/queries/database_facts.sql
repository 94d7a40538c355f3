-- The locale's column has changed its name from 16 to 17, so the row is read as JSON.
SELECT
    d.datname AS name,
    pg_catalog.pg_encoding_to_char(d.encoding) AS encoding,
    d.datcollate AS "collate",
    d.datctype AS ctype,
    d.datlocprovider::pg_catalog.text AS locale_provider,
    coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale') AS icu_locale,
    pg_catalog.to_jsonb(d) ->> 'daticurules' AS icu_rules,
    pg_catalog.pg_database_collation_actual_version(d.oid) AS collation_version,
    pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
    pg_catalog.pg_database_size(d.oid) AS bytes,
    pg_catalog.pg_is_in_recovery() AS is_standby,
    -- without what packagers append: 15.20 (Debian 15.20-0+deb12u1)
    pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) AS server_version,
    pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS server_version_num,
    -- Minor releases since November 2026 note the version of each column among its options, for themselves.
    EXISTS (
        SELECT FROM pg_catalog.pg_attribute AS a, unnest(a.attoptions) AS o (option)
        WHERE a.attrelid >= 16384 AND starts_with(o.option, 'pg_attver=')
    ) AS marks_columns,
    pg_catalog.current_setting('block_size')::pg_catalog.int4 AS block_size,
    current_user AS "current_user",
    r.rolsuper AS is_superuser,
    r.rolsuper OR r.rolcreatedb AS can_createdb,
    pg_catalog.pg_has_role('pg_signal_backend', 'USAGE') AS can_end_sessions,
    -- No limit but the server's holds for superusers.
    least(
        CASE WHEN NOT s.rolsuper THEN nullif(s.rolconnlimit, -1) END,
        CASE WHEN NOT s.rolsuper THEN nullif(d.datconnlimit, -1) END,
        pg_catalog.current_setting('max_connections')::pg_catalog.int4
        - CASE WHEN s.rolsuper THEN 0 ELSE
            pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int4
            + coalesce(pg_catalog.current_setting('reserved_connections', true)::pg_catalog.int4, 0)
        END
    ) AS connections,
    -- As the server reckons when it starts.
    pg_catalog.current_setting('max_locks_per_transaction')::pg_catalog.int8 * (
        SELECT pg_catalog.sum(l.setting::pg_catalog.int8)
        FROM pg_catalog.pg_settings AS l
        WHERE l.name IN (
            'max_connections', 'max_prepared_transactions', 'max_worker_processes', 'max_wal_senders',
            CASE WHEN pg_catalog.current_setting('autovacuum_worker_slots', true) IS NULL
                THEN 'autovacuum_max_workers' ELSE 'autovacuum_worker_slots' END
        )
    )::pg_catalog.int8 AS lock_slots
FROM pg_catalog.pg_database AS d
JOIN pg_catalog.pg_roles AS r ON r.rolname = current_user
JOIN pg_catalog.pg_roles AS s ON s.rolname = session_user
WHERE d.datname = pg_catalog.current_database()
