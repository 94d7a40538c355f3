SELECT pg_catalog.count(*) AS writable
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f')
    AND n.nspname NOT IN ('information_schema', 'dbtool')
    AND n.nspname !~ '^pg_'
    AND (
        pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
        OR pg_catalog.has_any_column_privilege(c.oid, 'INSERT, UPDATE')
    )
