-- A member since 16 may be one that can grant the role and not act as it, as who has made it is.
SELECT
    r.rolname AS role,
    pg_catalog.pg_has_role(
        r.oid,
        CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 160000 THEN 'SET' ELSE 'MEMBER' END
    ) AS is_ours
FROM pg_catalog.pg_roles AS r
