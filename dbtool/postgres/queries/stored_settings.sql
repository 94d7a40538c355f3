-- ALTER ROLE SET, ALTER DATABASE SET and both together, as far as they reach this database. No role means all.
SELECT r.rolname AS role, s.setdatabase <> 0 AS in_database, u.setting
FROM pg_catalog.pg_db_role_setting AS s
CROSS JOIN unnest(s.setconfig) AS u (setting)
LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
WHERE (s.setdatabase = 0 OR d.datname = pg_catalog.current_database())
    AND (s.setrole = 0 OR r.rolname !~ '^pg_')
ORDER BY r.rolname NULLS FIRST, in_database, u.setting
