-- Every piece of DDL that holds free text or literals, and so may hold what somebody typed of a customer.
WITH relation AS (
    SELECT c.oid, c.relname, n.nspname, c.relkind, c.relpartbound
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbtool')
        AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%'
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend AS d
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
        )
)

SELECT 'comment on ' || i.type || ' ' || i.identity AS object, d.description AS body
FROM pg_catalog.pg_description AS d
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i
WHERE d.objoid >= 16384
    AND (i.schema IS NULL OR i.schema NOT IN ('pg_catalog', 'information_schema', 'dbtool'))
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS e
        WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e'
    )
UNION ALL
SELECT pg_catalog.format('default of %I.%I.%I', r.nspname, r.relname, a.attname),
    pg_catalog.pg_get_expr(f.adbin, f.adrelid)
FROM pg_catalog.pg_attrdef AS f
JOIN relation AS r ON r.oid = f.adrelid
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
UNION ALL
SELECT pg_catalog.format('constraint %I on %I.%I', k.conname, r.nspname, r.relname),
    pg_catalog.pg_get_constraintdef(k.oid)
FROM pg_catalog.pg_constraint AS k
JOIN relation AS r ON r.oid = k.conrelid
WHERE k.contype IN ('c', 'x')
UNION ALL
SELECT pg_catalog.format('constraint %I of domain %I.%I', k.conname, n.nspname, t.typname),
    pg_catalog.pg_get_constraintdef(k.oid)
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbtool')
UNION ALL
SELECT pg_catalog.format('labels of %I.%I', n.nspname, t.typname), pg_catalog.string_agg(e.enumlabel, E'\n')
FROM pg_catalog.pg_enum AS e
JOIN pg_catalog.pg_type AS t ON t.oid = e.enumtypid
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbtool')
GROUP BY n.nspname, t.typname
UNION ALL
SELECT pg_catalog.format('bounds of %I.%I', r.nspname, r.relname), pg_catalog.pg_get_expr(r.relpartbound, r.oid)
FROM relation AS r
WHERE r.relpartbound IS NOT NULL
UNION ALL
SELECT pg_catalog.format('predicate of index %I.%I', r.nspname, r.relname), pg_catalog.pg_get_expr(x.indpred, x.indrelid)
FROM pg_catalog.pg_index AS x
JOIN relation AS r ON r.oid = x.indexrelid
WHERE x.indpred IS NOT NULL
UNION ALL
SELECT pg_catalog.format('view %I.%I', r.nspname, r.relname), pg_catalog.pg_get_viewdef(r.oid)
FROM relation AS r
WHERE r.relkind IN ('v', 'm')
UNION ALL
SELECT pg_catalog.format('function %I.%I', n.nspname, p.proname), p.prosrc
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbtool')
    AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e'
    )
ORDER BY object
