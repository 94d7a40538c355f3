-- CHECK constraints. A partition's inherited ones are left out: its root has them.
SELECT
    k.conname AS name,
    k.conrelid::pg_catalog.int8 AS relation,
    coalesce(k.conkey, '{}') AS columns,
    pg_catalog.pg_get_constraintdef(k.oid) AS definition,
    k.convalidated AS validated,
    coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::pg_catalog.bool, true) AS enforced
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
WHERE k.contype = 'c'
    AND k.conrelid = ANY (%(relations)s::pg_catalog.oid[])
    AND NOT (c.relispartition AND k.coninhcount > 0)
ORDER BY k.conname, k.conrelid
