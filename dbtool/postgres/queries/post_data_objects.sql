-- What stands on the rows or fires on them, as kind and place. Those of extensions come with these.
SELECT o.kind, o.place
FROM (
    SELECT 'index' AS kind, c.relnamespace AS namespace, pg_catalog.format('%I.%I', n.nspname, c.relname) AS place
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('i', 'I')
    UNION ALL
    SELECT 'check', c.relnamespace, pg_catalog.format('%I.%I.%I', n.nspname, c.relname, k.conname)
    FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE k.contype = 'c'
    UNION ALL
    SELECT 'trigger', c.relnamespace, pg_catalog.format('%I.%I.%I', n.nspname, c.relname, t.tgname)
    FROM pg_catalog.pg_trigger AS t
    JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'rule', c.relnamespace, pg_catalog.format('%I.%I.%I', n.nspname, c.relname, r.rulename)
    FROM pg_catalog.pg_rewrite AS r
    JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
) AS o
JOIN pg_catalog.pg_namespace AS n ON n.oid = o.namespace
WHERE n.nspname NOT IN ('information_schema', 'dbtool') AND n.nspname !~ '^pg_'
ORDER BY o.kind, o.place
