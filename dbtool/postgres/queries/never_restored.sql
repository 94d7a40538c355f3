-- What reaches out of the database, fires on its DDL or holds credentials.
SELECT 'event triggers' AS kind, e.evtname::pg_catalog.text AS name
FROM pg_catalog.pg_event_trigger AS e
WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND d.objid = e.oid AND d.deptype = 'e'
)
UNION
SELECT 'publications', p.pubname FROM pg_catalog.pg_publication AS p
UNION
SELECT 'subscriptions', s.subname
FROM pg_catalog.pg_subscription AS s
JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
WHERE d.datname = pg_catalog.current_database()
UNION
SELECT 'user mappings', 'of server ' || m.srvname FROM pg_catalog.pg_user_mappings AS m
ORDER BY kind, name
