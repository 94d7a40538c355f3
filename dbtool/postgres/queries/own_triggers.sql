-- Triggers of the given tables, but for those that PostgreSQL made for a key; and in which state each is.
SELECT n.nspname AS schema, c.relname AS table_name, t.tgname AS name, t.tgenabled::pg_catalog.text AS state
FROM ROWS FROM (
    pg_catalog.unnest(%(schemas)s::pg_catalog.text[]), pg_catalog.unnest(%(names)s::pg_catalog.text[])
) AS w (schema, name)
JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name
JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = c.oid
WHERE NOT t.tgisinternal
ORDER BY n.nspname, c.relname, t.tgname
