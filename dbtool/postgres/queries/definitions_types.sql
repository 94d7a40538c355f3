-- Types that were made by themselves: enums, domains, composites, ranges and base types, but for extensions' own.
SELECT
    CASE t.typtype
        WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite type' WHEN 'r' THEN 'range type'
        ELSE 'type'
    END AS kind,
    NULL::pg_catalog.int8 AS relation,
    pg_catalog.format('%I.%I', n.nspname, t.typname) AS name,
    CASE t.typtype
        WHEN 'e' THEN (
            SELECT pg_catalog.string_agg(pg_catalog.quote_literal(l.enumlabel), ', ' ORDER BY l.enumsortorder)
            FROM pg_catalog.pg_enum AS l
            WHERE l.enumtypid = t.oid
        )
        WHEN 'd' THEN pg_catalog.concat_ws(
            ' ',
            pg_catalog.format_type(t.typbasetype, t.typtypmod),
            CASE WHEN t.typcollation <> b.typcollation
                THEN 'collate ' || pg_catalog.format('%I.%I', ln.nspname, l.collname) END,
            CASE WHEN t.typnotnull THEN 'not null' END,
            'default ' || pg_catalog.pg_get_expr(t.typdefaultbin, 0),
            (
                SELECT pg_catalog.string_agg(
                    pg_catalog.quote_ident(k.conname) || ' ' || pg_catalog.pg_get_constraintdef(k.oid), ' '
                    ORDER BY k.conname
                )
                FROM pg_catalog.pg_constraint AS k
                WHERE k.contypid = t.oid AND k.contype = 'c'
            )
        )
        WHEN 'c' THEN (
            SELECT pg_catalog.string_agg(
                pg_catalog.concat_ws(
                    ' ',
                    pg_catalog.quote_ident(a.attname),
                    pg_catalog.format_type(a.atttypid, a.atttypmod),
                    CASE WHEN a.attcollation <> at.typcollation
                        THEN 'collate ' || pg_catalog.format('%I.%I', an.nspname, al.collname) END
                ),
                ', ' ORDER BY a.attnum
            )
            FROM pg_catalog.pg_attribute AS a
            JOIN pg_catalog.pg_type AS at ON at.oid = a.atttypid
            LEFT JOIN pg_catalog.pg_collation AS al ON al.oid = a.attcollation
            LEFT JOIN pg_catalog.pg_namespace AS an ON an.oid = al.collnamespace
            WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        )
        WHEN 'r' THEN pg_catalog.concat_ws(
            ' ',
            pg_catalog.format_type(r.rngsubtype, NULL),
            'by ' || o.opcname,
            CASE WHEN r.rngcollation <> 0 THEN 'collate ' || rl.collname END,
            'canonical ' || nullif(r.rngcanonical, 0)::pg_catalog.regprocedure,
            'difference ' || nullif(r.rngsubdiff, 0)::pg_catalog.regprocedure,
            'multirange ' || pg_catalog.format_type(r.rngmultitypid, NULL)
        )
        ELSE pg_catalog.concat_ws(' ', t.typlen, t.typalign, t.typstorage, t.typinput, t.typoutput)
    END AS text
FROM pg_catalog.pg_type AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
LEFT JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = t.typcollation
LEFT JOIN pg_catalog.pg_namespace AS ln ON ln.oid = l.collnamespace
LEFT JOIN pg_catalog.pg_range AS r ON r.rngtypid = t.oid
LEFT JOIN pg_catalog.pg_opclass AS o ON o.oid = r.rngsubopc
LEFT JOIN pg_catalog.pg_collation AS rl ON rl.oid = r.rngcollation
WHERE n.nspname NOT IN ('information_schema', 'dbtool')
    AND n.nspname !~ '^pg_'
    AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c' OR t.typtype = 'b' AND t.typsubscript <> 'array_subscript_handler'::pg_catalog.regproc)
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS e
        WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND e.objid = t.oid AND e.deptype = 'e'
    )
