SELECT e.name, e.default_version AS version FROM pg_catalog.pg_available_extensions AS e ORDER BY e.name
