-- Valid unique and exclusion indexes. A partition's index is left out where a valid one above it says the same.
SELECT
    c.relname AS name,
    i.indrelid::pg_catalog.int8 AS relation,
    (i.indkey::pg_catalog.int2[])[0:i.indnkeyatts - 1] AS columns,
    ARRAY(
        SELECT pg_catalog.pg_get_indexdef(i.indexrelid, position, false)
        FROM pg_catalog.generate_series(1, i.indnkeyatts::pg_catalog.int4) AS position
        WHERE i.indkey[position - 1] = 0
        ORDER BY position
    ) AS expressions,
    pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
    i.indisprimary AS is_primary,
    i.indisexclusion AS is_exclusion,
    i.indnullsnotdistinct AS nulls_not_distinct,
    -- pg_get_indexdef does not show the operators of an exclusion constraint
    CASE
        WHEN i.indisexclusion THEN pg_catalog.pg_get_constraintdef(k.oid)
        ELSE pg_catalog.pg_get_indexdef(i.indexrelid)
    END AS definition,
    ARRAY(
        SELECT d.refobjsubid
        FROM pg_catalog.pg_depend AS d
        WHERE (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
            AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid
            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = i.indrelid
            AND d.refobjsubid > 0
    ) AS computed_from,
    ARRAY(
        SELECT i.indkey[position - 1]
        FROM pg_catalog.generate_series(1, i.indnkeyatts::pg_catalog.int4) AS position
        JOIN pg_catalog.pg_collation AS l ON l.oid = i.indcollation[position - 1]
        WHERE NOT l.collisdeterministic
    ) AS nondeterministic
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
WHERE (i.indisunique OR i.indisexclusion)
    AND i.indisvalid
    AND i.indrelid = ANY (%(relations)s::pg_catalog.oid[])
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_inherits AS h
        JOIN pg_catalog.pg_index AS above ON above.indexrelid = h.inhparent
        WHERE h.inhrelid = i.indexrelid AND above.indisvalid
    )
ORDER BY c.relname, i.indrelid
