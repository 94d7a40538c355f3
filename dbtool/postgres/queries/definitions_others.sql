-- Sequences, schemas, extensions, collations, operators, casts, text search and foreign servers (their options, which
-- may hold an address, and user mappings, which may hold a password, left out). Schema public is everybody's.
WITH member AS MATERIALIZED (
    SELECT e.classid, e.objid FROM pg_catalog.pg_depend AS e WHERE e.deptype = 'e'
),

space AS MATERIALIZED (
    SELECT n.oid, n.nspname
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname NOT IN ('information_schema', 'dbtool') AND n.nspname !~ '^pg_'
),

found AS (
    SELECT
        'sequence' AS kind,
        'pg_catalog.pg_class'::pg_catalog.regclass AS classid,
        c.oid AS objid,
        (
            SELECT d.refobjid::pg_catalog.int8
            FROM pg_catalog.pg_depend AS d
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
        ) AS relation,
        pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
        pg_catalog.concat_ws(
            ' ',
            CASE WHEN c.relpersistence = 'u' THEN 'unlogged' END,
            pg_catalog.format_type(s.seqtypid, NULL),
            'from', s.seqstart, 'by', s.seqincrement, 'within', s.seqmin, 'and', s.seqmax, 'cache', s.seqcache,
            CASE WHEN s.seqcycle THEN 'cycle' END,
            'owned by ' || (
                SELECT a.attname
                FROM pg_catalog.pg_depend AS d
                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
                    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
            )
        ) AS text
    FROM pg_catalog.pg_sequence AS s
    JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid
    JOIN space AS n ON n.oid = c.relnamespace
    UNION ALL
    SELECT
        'schema', 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, NULL, pg_catalog.quote_ident(n.nspname), ''
    FROM space AS n
    WHERE n.nspname <> 'public'
    UNION ALL
    SELECT
        'extension', 'pg_catalog.pg_extension'::pg_catalog.regclass, x.oid, NULL, pg_catalog.quote_ident(x.extname),
        x.extversion || ' in ' || pg_catalog.quote_ident(n.nspname)
    FROM pg_catalog.pg_extension AS x
    JOIN pg_catalog.pg_namespace AS n ON n.oid = x.extnamespace
    WHERE x.extname <> 'plpgsql'
    UNION ALL
    SELECT
        'collation', 'pg_catalog.pg_collation'::pg_catalog.regclass, l.oid, NULL,
        pg_catalog.format('%I.%I', n.nspname, l.collname),
        pg_catalog.concat_ws(
            ' ', l.collprovider, l.collcollate, l.collctype,
            -- called colliculocale before 17
            coalesce(pg_catalog.to_jsonb(l) ->> 'colllocale', pg_catalog.to_jsonb(l) ->> 'colliculocale'),
            pg_catalog.to_jsonb(l) ->> 'collicurules',
            CASE WHEN NOT l.collisdeterministic THEN 'not deterministic' END
        )
    FROM pg_catalog.pg_collation AS l
    JOIN space AS n ON n.oid = l.collnamespace
    UNION ALL
    SELECT
        'operator', 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, NULL,
        o.oid::pg_catalog.regoperator::pg_catalog.text,
        pg_catalog.concat_ws(
            ' ', 'by', o.oprcode::pg_catalog.regprocedure, 'giving', pg_catalog.format_type(o.oprresult, NULL),
            'commutator ' || nullif(o.oprcom, 0)::pg_catalog.regoperator,
            'negator ' || nullif(o.oprnegate, 0)::pg_catalog.regoperator,
            CASE WHEN o.oprcanmerge THEN 'merges' END, CASE WHEN o.oprcanhash THEN 'hashes' END
        )
    FROM pg_catalog.pg_operator AS o
    JOIN space AS n ON n.oid = o.oprnamespace
    UNION ALL
    SELECT
        'operator class', 'pg_catalog.pg_opclass'::pg_catalog.regclass, o.oid, NULL,
        pg_catalog.format('%I.%I', n.nspname, o.opcname),
        pg_catalog.concat_ws(
            ' ', m.amname, 'for', pg_catalog.format_type(o.opcintype, NULL), CASE WHEN o.opcdefault THEN 'default' END
        )
    FROM pg_catalog.pg_opclass AS o
    JOIN pg_catalog.pg_am AS m ON m.oid = o.opcmethod
    JOIN space AS n ON n.oid = o.opcnamespace
    UNION ALL
    SELECT
        'cast', 'pg_catalog.pg_cast'::pg_catalog.regclass, a.oid, NULL,
        pg_catalog.format_type(a.castsource, NULL) || ' as ' || pg_catalog.format_type(a.casttarget, NULL),
        pg_catalog.concat_ws(
            ' ', 'by', nullif(a.castfunc, 0)::pg_catalog.regprocedure, a.castmethod, a.castcontext
        )
    FROM pg_catalog.pg_cast AS a
    WHERE a.oid >= 16384
    UNION ALL
    SELECT
        'text search configuration', 'pg_catalog.pg_ts_config'::pg_catalog.regclass, t.oid, NULL,
        pg_catalog.format('%I.%I', n.nspname, t.cfgname),
        p.prsname || (
            SELECT coalesce(pg_catalog.string_agg(
                pg_catalog.format(' %s %s', m.maptokentype, m.mapdict::pg_catalog.regdictionary), ','
                ORDER BY m.maptokentype, m.mapseqno
            ), '')
            FROM pg_catalog.pg_ts_config_map AS m
            WHERE m.mapcfg = t.oid
        )
    FROM pg_catalog.pg_ts_config AS t
    JOIN pg_catalog.pg_ts_parser AS p ON p.oid = t.cfgparser
    JOIN space AS n ON n.oid = t.cfgnamespace
    UNION ALL
    SELECT
        'text search dictionary', 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, t.oid, NULL,
        pg_catalog.format('%I.%I', n.nspname, t.dictname),
        pg_catalog.concat_ws(' ', m.tmplname, t.dictinitoption)
    FROM pg_catalog.pg_ts_dict AS t
    JOIN pg_catalog.pg_ts_template AS m ON m.oid = t.dicttemplate
    JOIN space AS n ON n.oid = t.dictnamespace
    UNION ALL
    SELECT
        'foreign server', 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, s.oid, NULL,
        pg_catalog.quote_ident(s.srvname), w.fdwname
    FROM pg_catalog.pg_foreign_server AS s
    JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
)

SELECT f.kind, f.relation, f.name, f.text
FROM found AS f
WHERE NOT EXISTS (SELECT FROM member AS m WHERE m.classid = f.classid AND m.objid = f.objid)
