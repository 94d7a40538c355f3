-- The operator by which PostgreSQL itself compares each column pair of a foreign key, the referenced column on its
-- left, and what makes either column what that operator takes. OPERATOR(…) alone would let the parser choose anew:
-- of text = char(n) it takes another one than the key.
SELECT
    n.nspname AS schema,
    c.relname AS name,
    k.conname AS constraint,
    pg_catalog.format('OPERATOR(%%I.%%s)', o_n.nspname, o.oprname) AS operator,
    CASE WHEN lt.typtype <> 'p' AND lt.oid <> la.atttypid THEN pg_catalog.format('%%I.%%I', lt_n.nspname, lt.typname) END
        AS referenced_cast,
    CASE WHEN rt.typtype <> 'p' AND rt.oid <> ra.atttypid THEN pg_catalog.format('%%I.%%I', rt_n.nspname, rt.typname) END
        AS referencing_cast,
    CASE
        WHEN la.attcollation <> ra.attcollation AND la.attcollation <> 0 AND ra.attcollation <> 0
            AND (rt.typtype = 'p' OR rt.typcollation <> 0)
            THEN pg_catalog.format('%%I.%%I', co_n.nspname, co.collname)
    END AS collation
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL ROWS FROM (
    pg_catalog.unnest(k.conpfeqop), pg_catalog.unnest(k.confkey), pg_catalog.unnest(k.conkey)
) WITH ORDINALITY AS p (
    operator, referenced, referencing, position
)
JOIN pg_catalog.pg_operator AS o ON o.oid = p.operator
JOIN pg_catalog.pg_namespace AS o_n ON o_n.oid = o.oprnamespace
JOIN pg_catalog.pg_type AS lt ON lt.oid = o.oprleft
JOIN pg_catalog.pg_namespace AS lt_n ON lt_n.oid = lt.typnamespace
JOIN pg_catalog.pg_type AS rt ON rt.oid = o.oprright
JOIN pg_catalog.pg_namespace AS rt_n ON rt_n.oid = rt.typnamespace
JOIN pg_catalog.pg_attribute AS la ON la.attrelid = k.confrelid AND la.attnum = p.referenced
JOIN pg_catalog.pg_attribute AS ra ON ra.attrelid = k.conrelid AND ra.attnum = p.referencing
LEFT JOIN pg_catalog.pg_collation AS co ON co.oid = la.attcollation
LEFT JOIN pg_catalog.pg_namespace AS co_n ON co_n.oid = co.collnamespace
WHERE k.contype = 'f'
ORDER BY k.oid, p.position
