-- Grants on this database to others than its owner; no role means PUBLIC. No row at all where nobody changed any.
SELECT r.rolname AS role, a.privilege_type AS privilege, a.is_grantable
FROM pg_catalog.pg_database AS d
LEFT JOIN LATERAL pg_catalog.aclexplode(d.datacl) AS a ON a.grantee <> d.datdba
LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = a.grantee
WHERE d.datname = pg_catalog.current_database() AND d.datacl IS NOT NULL
ORDER BY r.rolname NULLS FIRST, a.privilege_type
