SELECT r.rolname AS role, pg_catalog.pg_has_role(r.oid, 'MEMBER') AS is_ours
FROM pg_catalog.pg_roles AS r
