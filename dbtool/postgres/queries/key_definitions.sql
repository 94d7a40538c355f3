-- Foreign keys as ALTER TABLE would add them; the copies that PostgreSQL keeps per partition are its own affair.
SELECT
    n.nspname AS schema,
    c.relname AS name,
    k.conname AS key,
    pg_catalog.pg_get_constraintdef(k.oid) AS definition
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0
    AND n.nspname NOT IN ('information_schema', 'dbtool')
    AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname, k.conname
