-- Foreign keys of the given relations, those PostgreSQL keeps per partition included. The row is read as JSON
-- where a column came with 18.
SELECT
    k.conname AS name,
    k.conrelid::pg_catalog.int8 AS referencing,
    k.conkey AS columns,
    k.confrelid::pg_catalog.int8 AS referenced,
    k.confkey AS referenced_columns,
    k.confmatchtype = 'f' AS match_full,
    k.convalidated AS validated,
    coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::pg_catalog.bool, true) AS enforced,
    coalesce((pg_catalog.to_jsonb(k) ->> 'conperiod')::pg_catalog.bool, false) AS temporal,
    k.condeferrable AS deferrable,
    k.conparentid <> 0 AS is_inherited
FROM pg_catalog.pg_constraint AS k
WHERE k.contype = 'f' AND k.conrelid = ANY (%(relations)s::pg_catalog.oid[])
ORDER BY k.conname, k.conrelid, k.confrelid
