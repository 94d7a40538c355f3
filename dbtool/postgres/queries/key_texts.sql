-- Foreign keys from or to the given tables as SQL can make them anew, but for those that PostgreSQL keeps per partition; with
-- what compares each pair of columns.
SELECT
    k.oid::pg_catalog.int8 AS oid,
    n.nspname AS schema,
    c.relname AS table_name,
    k.conname AS name,
    rn.nspname AS referenced_schema,
    rc.relname AS referenced_name,
    ARRAY(
        SELECT a.attname FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum ORDER BY u.place
    )::pg_catalog.text[] AS columns,
    ARRAY(
        SELECT a.attname FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u (attnum, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.attnum ORDER BY u.place
    )::pg_catalog.text[] AS referenced_columns,
    ARRAY(
        SELECT pg_catalog.format('OPERATOR(%%I.%%s)', s.nspname, o.oprname)
        FROM pg_catalog.unnest(k.conpfeqop) WITH ORDINALITY AS u (operator, place)
        JOIN pg_catalog.pg_operator AS o ON o.oid = u.operator
        JOIN pg_catalog.pg_namespace AS s ON s.oid = o.oprnamespace
        ORDER BY u.place
    ) AS operators,
    pg_catalog.pg_get_constraintdef(k.oid) AS definition,
    pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class AS rc ON rc.oid = k.confrelid
JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rc.relnamespace
WHERE k.contype = 'f'
    AND k.conparentid = 0
    AND EXISTS (
        SELECT
        FROM ROWS FROM (
            pg_catalog.unnest(%(schemas)s::pg_catalog.text[]), pg_catalog.unnest(%(names)s::pg_catalog.text[])
        ) AS w (schema, name)
        WHERE (w.schema = n.nspname AND w.name = c.relname) OR (w.schema = rn.nspname AND w.name = rc.relname)
    )
ORDER BY n.nspname, c.relname, k.conname
