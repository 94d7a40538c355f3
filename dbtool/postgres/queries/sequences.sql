-- Sequences and the columns they feed: the owner (serial: 'a', identity: 'i') and every default that calls them.
SELECT
    c.oid::pg_catalog.int8 AS oid,
    n.nspname AS schema,
    c.relname AS name,
    s.seqstart AS start,
    s.seqincrement AS increment,
    s.seqmin AS minimum,
    s.seqmax AS maximum,
    s.seqcycle AS cycles,
    (
        SELECT o.refobjid::pg_catalog.int8
        FROM pg_catalog.pg_depend AS o
        WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objid = c.oid AND o.objsubid = 0
            AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.refobjsubid > 0
            AND o.deptype IN ('a', 'i')
    ) AS owner,
    ARRAY(
        SELECT ARRAY[o.refobjid::pg_catalog.int8, o.refobjsubid]
        FROM pg_catalog.pg_depend AS o
        WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objid = c.oid AND o.objsubid = 0
            AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.refobjsubid > 0
            AND o.deptype IN ('a', 'i')
        UNION
        SELECT ARRAY[d.adrelid::pg_catalog.int8, d.adnum]
        FROM pg_catalog.pg_depend AS u
        JOIN pg_catalog.pg_attrdef AS d ON d.oid = u.objid
        WHERE u.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
            AND u.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND u.refobjid = c.oid
    ) AS feeds
FROM pg_catalog.pg_sequence AS s
JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('information_schema', 'dbtool')
    AND n.nspname !~ '^pg_'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS x
        WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND x.objid = c.oid AND x.objsubid = 0
            AND x.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND x.deptype = 'e'
    )
ORDER BY n.nspname, c.relname
