-- What to take down, in the order in which it goes, and what makes it again. Unqualified names are pg_catalog's.
-- Partitions' keys and indexes go and come with those of their roots; ONLY would make a root's index without them.
-- A key that a view groups by stays: its table is small.
SELECT name, down, up
FROM (
    SELECT 0 AS step, conname AS name,
        format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS down,
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS up
    FROM pg_constraint
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conparentid = 0
    UNION ALL
    SELECT 1, relname,
        format('DROP INDEX %s', indexrelid::regclass),
        replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
    FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT relispartition
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 2, conname,
        format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint
    WHERE contype IN ('p', 'u', 'x') AND connamespace = 'public'::regnamespace AND conparentid = 0
        AND conrelid <> coalesce(to_regclass('public.alembic_version'), 0::regclass)
        AND NOT EXISTS (
            SELECT FROM pg_depend
            WHERE refclassid = 'pg_constraint'::regclass AND refobjid = pg_constraint.oid AND classid = 'pg_rewrite'::regclass
        )
) AS found
ORDER BY step, name
