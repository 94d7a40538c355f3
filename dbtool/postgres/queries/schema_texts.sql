-- Every piece of DDL that holds free text or literals, and so may hold what somebody typed of a customer; with the relation
-- that it would be dropped with, where there is one.
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
),

owned (classid, objid, relid) AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, coalesce(x.indrelid, c.oid)
    FROM pg_catalog.pg_class AS c
    LEFT JOIN pg_catalog.pg_index AS x ON x.indexrelid = c.oid
    UNION ALL
    SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, k.conrelid FROM pg_catalog.pg_constraint AS k
    UNION ALL
    SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, t.tgrelid FROM pg_catalog.pg_trigger AS t
    UNION ALL
    SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, r.ev_class FROM pg_catalog.pg_rewrite AS r
    UNION ALL
    SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, p.polrelid FROM pg_catalog.pg_policy AS p
    UNION ALL
    SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, s.stxrelid FROM pg_catalog.pg_statistic_ext AS s
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, t.typrelid FROM pg_catalog.pg_type AS t
)

SELECT
    'comment on ' || i.type || ' ' || i.identity AS object,
    d.description AS body,
    o.nspname AS schema,
    o.relname AS name
FROM pg_catalog.pg_description AS d
LEFT JOIN owned AS w ON w.classid = d.classoid AND w.objid = d.objoid
LEFT JOIN relation AS o ON o.oid = w.relid
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i
WHERE d.objoid >= 16384
    AND (i.schema IS NULL OR i.schema NOT IN ('pg_catalog', 'information_schema', 'dbtool'))
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS e
        WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e'
    )
UNION ALL
SELECT pg_catalog.format('default of %I.%I.%I', r.nspname, r.relname, a.attname),
    pg_catalog.pg_get_expr(f.adbin, f.adrelid), r.nspname, r.relname
FROM pg_catalog.pg_attrdef AS f
JOIN relation AS r ON r.oid = f.adrelid
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
UNION ALL
SELECT pg_catalog.format('constraint %I on %I.%I', k.conname, r.nspname, r.relname),
    pg_catalog.pg_get_constraintdef(k.oid), r.nspname, r.relname
FROM pg_catalog.pg_constraint AS k
JOIN relation AS r ON r.oid = k.conrelid
WHERE k.contype IN ('c', 'x')
UNION ALL
SELECT pg_catalog.format('constraint %I of domain %I.%I', k.conname, n.nspname, t.typname),
    pg_catalog.pg_get_constraintdef(k.oid), NULL, NULL
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbtool')
UNION ALL
SELECT pg_catalog.format('labels of %I.%I', n.nspname, t.typname), pg_catalog.string_agg(e.enumlabel, E'\n'), NULL, NULL
FROM pg_catalog.pg_enum AS e
JOIN pg_catalog.pg_type AS t ON t.oid = e.enumtypid
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbtool')
GROUP BY n.nspname, t.typname
UNION ALL
SELECT pg_catalog.format('bounds of %I.%I', r.nspname, r.relname), pg_catalog.pg_get_expr(r.relpartbound, r.oid), r.nspname, r.relname
FROM relation AS r
WHERE r.relpartbound IS NOT NULL
UNION ALL
SELECT pg_catalog.format('index %I.%I', r.nspname, r.relname),
    pg_catalog.concat_ws(E'\n', pg_catalog.pg_get_expr(x.indexprs, x.indrelid), pg_catalog.pg_get_expr(x.indpred, x.indrelid)),
    o.nspname, o.relname
FROM pg_catalog.pg_index AS x
JOIN relation AS r ON r.oid = x.indexrelid
JOIN relation AS o ON o.oid = x.indrelid
WHERE x.indpred IS NOT NULL OR x.indexprs IS NOT NULL
UNION ALL
SELECT pg_catalog.format('partition key of %I.%I', r.nspname, r.relname), pg_catalog.pg_get_partkeydef(r.oid), r.nspname, r.relname
FROM relation AS r
WHERE r.relkind = 'p'
UNION ALL
SELECT pg_catalog.format('statistics %I on %I.%I', s.stxname, r.nspname, r.relname),
    pg_catalog.pg_get_expr(s.stxexprs, s.stxrelid), r.nspname, r.relname
FROM pg_catalog.pg_statistic_ext AS s
JOIN relation AS r ON r.oid = s.stxrelid
UNION ALL
SELECT pg_catalog.format('policy %I on %I.%I', p.polname, r.nspname, r.relname),
    pg_catalog.concat_ws(E'\n', pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)),
    r.nspname, r.relname
FROM pg_catalog.pg_policy AS p
JOIN relation AS r ON r.oid = p.polrelid
UNION ALL
SELECT pg_catalog.format('trigger %I on %I.%I', t.tgname, r.nspname, r.relname), pg_catalog.pg_get_triggerdef(t.oid), r.nspname, r.relname
FROM pg_catalog.pg_trigger AS t
JOIN relation AS r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal
UNION ALL
SELECT pg_catalog.format('rule %I on %I.%I', w.rulename, r.nspname, r.relname), pg_catalog.pg_get_ruledef(w.oid), r.nspname, r.relname
FROM pg_catalog.pg_rewrite AS w
JOIN relation AS r ON r.oid = w.ev_class
WHERE w.rulename <> '_RETURN'
UNION ALL
SELECT pg_catalog.format('default of domain %I.%I', n.nspname, t.typname), t.typdefault, NULL, NULL
FROM pg_catalog.pg_type AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
WHERE t.typtype = 'd' AND t.typdefault IS NOT NULL
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbtool')
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e'
    )
UNION ALL
SELECT pg_catalog.format('view %I.%I', r.nspname, r.relname), pg_catalog.pg_get_viewdef(r.oid), r.nspname, r.relname
FROM relation AS r
WHERE r.relkind IN ('v', 'm')
UNION ALL
SELECT pg_catalog.format('function %I.%I', n.nspname, p.proname),
    pg_catalog.concat_ws(
        E'\n',
        p.prosrc, pg_catalog.pg_get_function_sqlbody(p.oid), pg_catalog.pg_get_expr(p.proargdefaults, 0),
        pg_catalog.array_to_string(p.proconfig, E'\n')
    ),
    NULL, NULL
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbtool')
    AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e'
    )
ORDER BY object
