-- What the given relations do beyond holding rows: triggers, rules and policies.
SELECT
    'trigger' AS kind,
    t.tgrelid::pg_catalog.int8 AS relation,
    t.tgname AS name,
    pg_catalog.concat_ws(
        ', ',
        pg_catalog.replace(
            pg_catalog.substr(
                pg_catalog.pg_get_triggerdef(t.oid),
                pg_catalog.strpos(pg_catalog.pg_get_triggerdef(t.oid), pg_catalog.quote_ident(t.tgname))
                + pg_catalog.length(pg_catalog.quote_ident(t.tgname)) + 1
            ),
            pg_catalog.format(' ON %%I.%%I ', n.nspname, c.relname),
            ' '
        ),
        CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'on replicas only' WHEN 'A' THEN 'always' END
    ) AS text
FROM pg_catalog.pg_trigger AS t
JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_trigger AS above ON above.oid = t.tgparentid
WHERE t.tgrelid = ANY (%(relations)s::pg_catalog.oid[])
    AND NOT t.tgisinternal
    AND (t.tgparentid = 0 OR t.tgenabled <> above.tgenabled)
UNION ALL
SELECT
    'rule',
    r.ev_class::pg_catalog.int8,
    r.rulename,
    pg_catalog.concat_ws(
        ', ',
        pg_catalog.pg_get_ruledef(r.oid),
        CASE r.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'on replicas only' WHEN 'A' THEN 'always' END
    )
FROM pg_catalog.pg_rewrite AS r
WHERE r.ev_class = ANY (%(relations)s::pg_catalog.oid[]) AND r.rulename <> '_RETURN'
UNION ALL
SELECT
    'policy',
    p.polrelid::pg_catalog.int8,
    p.polname,
    pg_catalog.concat_ws(
        ' ',
        CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
        'for ' || CASE p.polcmd
            WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END,
        'to ' || coalesce(
            (
                SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.rolname), ', ' ORDER BY a.rolname)
                FROM pg_catalog.pg_roles AS a
                WHERE a.oid = ANY (p.polroles)
            ),
            'public'
        ),
        'using ' || pg_catalog.pg_get_expr(p.polqual, p.polrelid),
        'with check ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
    )
FROM pg_catalog.pg_policy AS p
WHERE p.polrelid = ANY (%(relations)s::pg_catalog.oid[])
