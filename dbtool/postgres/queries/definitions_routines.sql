-- Functions, procedures and aggregates, but for those that came with a type (a range's constructors) or an extension.
SELECT
    CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
    NULL::pg_catalog.int8 AS relation,
    pg_catalog.format(
        '%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)
    ) AS name,
    CASE WHEN p.prokind = 'a' THEN pg_catalog.concat_ws(
        ' ',
        'returns', pg_catalog.format_type(p.prorettype, NULL),
        'state', pg_catalog.format_type(a.aggtranstype, NULL),
        'by', nullif(a.aggtransfn, 0)::pg_catalog.regprocedure,
        'finally ' || nullif(a.aggfinalfn, 0)::pg_catalog.regprocedure,
        'combined by ' || nullif(a.aggcombinefn, 0)::pg_catalog.regprocedure,
        'moving by ' || nullif(a.aggmtransfn, 0)::pg_catalog.regprocedure,
        'moving back by ' || nullif(a.aggminvtransfn, 0)::pg_catalog.regprocedure,
        'moving finally ' || nullif(a.aggmfinalfn, 0)::pg_catalog.regprocedure,
        'from ' || a.agginitval,
        'moving from ' || a.aggminitval,
        'sorted by ' || nullif(a.aggsortop, 0)::pg_catalog.regoperator,
        a.aggkind, p.proparallel, a.aggfinalmodify, a.aggmfinalmodify
    ) ELSE pg_catalog.pg_get_functiondef(p.oid) END AS text
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
LEFT JOIN pg_catalog.pg_aggregate AS a ON a.aggfnoid = p.oid
WHERE n.nspname NOT IN ('information_schema', 'dbtool')
    AND n.nspname !~ '^pg_'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS e
        WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND e.objid = p.oid AND e.deptype IN ('e', 'i')
    )
