-- What a migration may leave half done: INVALID indexes and constraints that are NOT VALID, each where it was made: what the
-- parts of a partitioned table have of it is validated with it.
SELECT
    CASE c.relkind WHEN 'I' THEN 'partitioned index' ELSE 'index' END AS kind,
    pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
    pg_catalog.format('%I.%I', tn.nspname, t.relname) AS relation
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
WHERE NOT i.indisvalid AND n.nspname NOT IN ('pg_catalog', 'pg_toast', 'dbtool')
UNION ALL
SELECT
    'constraint',
    pg_catalog.quote_ident(k.conname),
    pg_catalog.format('%I.%I', n.nspname, t.relname)
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS t ON t.oid = k.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
WHERE NOT k.convalidated AND k.conislocal AND k.conparentid = 0 AND n.nspname <> 'dbtool'
    AND pg_catalog.to_jsonb(k) ->> 'conenforced' IS DISTINCT FROM 'false' -- PostgreSQL 18: never validated, and not meant to be
ORDER BY 1, 2
