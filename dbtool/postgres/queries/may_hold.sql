-- Which of the given tables the role could not keep from being written to: SHARE asks for more than SELECT.
SELECT n.nspname AS schema, c.relname AS name, current_user AS role
FROM ROWS FROM (
    pg_catalog.unnest(%(schemas)s::pg_catalog.text[]), pg_catalog.unnest(%(names)s::pg_catalog.text[])
) AS w (schema, name)
JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name
WHERE NOT pg_catalog.has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
ORDER BY n.nspname, c.relname
