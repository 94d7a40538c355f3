-- What to take down, in the order in which it goes, and what makes it again. Unqualified names are pg_catalog's.
SELECT name, down, up
FROM (
    SELECT 0 AS step, conname AS name,
        format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS down,
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS up
    FROM pg_constraint
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 1, relname,
        format('DROP INDEX %s', indexrelid::regclass),
        pg_get_indexdef(indexrelid)
    FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
    UNION ALL
    SELECT 2, conname,
        format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint
    WHERE contype IN ('p', 'u') AND connamespace = 'public'::regnamespace
        AND conrelid <> coalesce(to_regclass('public.alembic_version'), 0::regclass)
) AS found
ORDER BY step, name
