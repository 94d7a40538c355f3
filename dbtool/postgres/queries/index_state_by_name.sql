SELECT i.indisvalid AND i.indisready AS valid
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = %(name)s
    AND n.nspname NOT LIKE 'pg\_%%'
    AND (%(schema)s::text IS NULL OR n.nspname = %(schema)s)
