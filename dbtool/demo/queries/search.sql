-- A whole row as text: every column of it, whatever its type.
SELECT count(*) FROM {table} AS row WHERE EXISTS (
    SELECT FROM unnest(%(needles)s::text[]) AS needle WHERE strpos(lower(row::text), lower(needle)) > 0)
