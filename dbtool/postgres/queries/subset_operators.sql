-- For each pair of columns the operator that compares them as a foreign key would: one of the default operator class
-- of either type as it is, of its kind (enum, array …), or of what it becomes without asking, in this order. Pairs
-- that no operator knows are not in the answer.
WITH RECURSIVE bases (type, base) AS (
    SELECT oid, oid FROM pg_catalog.pg_type WHERE typtype <> 'd'
    UNION ALL
    SELECT t.oid, b.base FROM bases AS b JOIN pg_catalog.pg_type AS t ON t.typbasetype = b.type AND t.typtype = 'd'
),

columns AS (
    SELECT n.nspname, c.relname, a.attname, a.atttypid, a.attcollation, b.base
    FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN bases AS b ON b.type = a.atttypid
    WHERE a.attnum > 0 AND NOT a.attisdropped
),

pairs AS (
    SELECT
        p.number,
        l.atttypid AS referenced_type, l.base AS referenced, l.attcollation AS referenced_collation,
        r.atttypid AS referencing_type, r.base AS referencing, r.attcollation AS referencing_collation
    FROM ROWS FROM (
        pg_catalog.unnest(%(referenced_schemas)s::pg_catalog.text[]),
        pg_catalog.unnest(%(referenced_names)s::pg_catalog.text[]),
        pg_catalog.unnest(%(referenced_columns)s::pg_catalog.text[]),
        pg_catalog.unnest(%(schemas)s::pg_catalog.text[]),
        pg_catalog.unnest(%(names)s::pg_catalog.text[]),
        pg_catalog.unnest(%(columns)s::pg_catalog.text[])
    ) WITH ORDINALITY AS p (
        referenced_schema, referenced_name, referenced_column, schema, name, column_name, number
    )
    JOIN columns AS l
        ON l.nspname = p.referenced_schema AND l.relname = p.referenced_name AND l.attname = p.referenced_column
    JOIN columns AS r ON r.nspname = p.schema AND r.relname = p.name AND r.attname = p.column_name
),

inputs (type, input, rank) AS (
    SELECT oid, oid, 0 FROM pg_catalog.pg_type
    UNION ALL
    SELECT
        oid,
        CASE
            WHEN typtype = 'e' THEN 'anyenum'::pg_catalog.regtype
            WHEN typtype = 'r' THEN 'anyrange'::pg_catalog.regtype
            WHEN typtype = 'm' THEN 'anymultirange'::pg_catalog.regtype
            WHEN typtype = 'c' THEN 'record'::pg_catalog.regtype
            ELSE 'anyarray'::pg_catalog.regtype
        END,
        1
    FROM pg_catalog.pg_type
    WHERE typtype IN ('e', 'r', 'm', 'c') OR typcategory = 'A' AND typelem <> 0
    UNION ALL
    SELECT castsource, casttarget, CASE castmethod WHEN 'b' THEN 2 ELSE 3 END
    FROM pg_catalog.pg_cast
    WHERE castcontext = 'i'
)

SELECT DISTINCT ON (p.number)
    p.number - 1 AS number,
    pg_catalog.format('OPERATOR(%%I.%%s)', o_n.nspname, o.oprname) AS operator,
    -- of a kind, too, the base type: what takes any enum takes no domain over one
    CASE WHEN vt.oid <> p.referenced_type THEN pg_catalog.format('%%I.%%I', vt_n.nspname, vt.typname) END AS referenced_cast,
    CASE
        WHEN rt.typtype <> 'p' AND rt.oid <> p.referencing_type
            THEN pg_catalog.format('%%I.%%I', rt_n.nspname, rt.typname)
        WHEN rt.typtype = 'p' AND vt.oid <> p.referencing_type
            THEN pg_catalog.format('%%I.%%I', vt_n.nspname, vt.typname)
    END AS referencing_cast,
    CASE
        WHEN p.referenced_collation <> p.referencing_collation AND p.referenced_collation <> 0
            AND p.referencing_collation <> 0 AND (rt.typtype = 'p' OR rt.typcollation <> 0)
            THEN pg_catalog.format('%%I.%%I', co_n.nspname, co.collname)
    END AS collation,
    pg_catalog.format('%%I.%%I', vt_n.nspname, vt.typname) AS value_type
FROM pairs AS p
JOIN inputs AS l ON l.type = p.referenced
JOIN inputs AS r ON r.type = p.referencing
JOIN pg_catalog.pg_amop AS a
    ON a.amoplefttype = l.input AND a.amoprighttype = r.input AND a.amoppurpose = 's'
    AND (a.amopmethod, a.amopstrategy) IN (
        SELECT m.oid, CASE m.amname WHEN 'btree' THEN 3 ELSE 1 END
        FROM pg_catalog.pg_am AS m
        WHERE m.amname IN ('btree', 'hash')
    )
JOIN pg_catalog.pg_opclass AS k ON k.opcfamily = a.amopfamily AND k.opcdefault AND k.opcintype = l.input
JOIN pg_catalog.pg_operator AS o ON o.oid = a.amopopr
JOIN pg_catalog.pg_namespace AS o_n ON o_n.oid = o.oprnamespace
JOIN pg_catalog.pg_type AS lt ON lt.oid = l.input
JOIN pg_catalog.pg_type AS rt ON rt.oid = r.input
JOIN pg_catalog.pg_namespace AS rt_n ON rt_n.oid = rt.typnamespace
JOIN pg_catalog.pg_type AS vt ON vt.oid = CASE lt.typtype WHEN 'p' THEN p.referenced ELSE lt.oid END
JOIN pg_catalog.pg_namespace AS vt_n ON vt_n.oid = vt.typnamespace
LEFT JOIN pg_catalog.pg_collation AS co ON co.oid = p.referenced_collation
LEFT JOIN pg_catalog.pg_namespace AS co_n ON co_n.oid = co.collnamespace
-- what is compared by its kind must be of the same type on both sides
WHERE lt.typtype <> 'p' AND rt.typtype <> 'p' OR p.referenced = p.referencing
ORDER BY p.number, l.rank + r.rank, lt.typispreferred DESC, a.amopmethod, a.amopopr
