-- Tables that Alembic keeps its revisions in: by its default name anywhere, or by the name that was configured.
SELECT n.nspname AS schema, c.relname AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = %(name)s
    AND (n.nspname = %(schema)s OR %(schema)s::text IS NULL)
    AND c.relkind IN ('r', 'p')
    AND n.nspname <> 'information_schema'
    AND n.nspname NOT LIKE 'pg\_%%'
    AND EXISTS (
        SELECT FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attname = 'version_num' AND NOT a.attisdropped
    )
ORDER BY n.nspname <> 'public', n.nspname
