SELECT pg_catalog.pg_get_userbyid(d.datdba) AS owner, session_user AS session_role
FROM pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database()
