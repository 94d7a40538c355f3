-- What a new session of this role in this database begins with; units are the server's own, which SET understands.
SELECT s.name, s.reset_val AS value
FROM pg_catalog.pg_settings AS s
WHERE s.name = ANY (%(names)s) AND s.context IN ('user', 'superuser')
ORDER BY s.name
