-- Who is a member of what. The two options came with 16, so the row is read as JSON; several grantors count as one.
SELECT
    g.rolname AS role,
    m.rolname AS member,
    bool_or(a.admin_option) AS admin,
    bool_or((pg_catalog.to_jsonb(a) ->> 'inherit_option')::pg_catalog.bool) AS inherit,
    bool_or((pg_catalog.to_jsonb(a) ->> 'set_option')::pg_catalog.bool) AS set
FROM pg_catalog.pg_auth_members AS a
JOIN pg_catalog.pg_roles AS g ON g.oid = a.roleid
JOIN pg_catalog.pg_roles AS m ON m.oid = a.member
WHERE m.rolname !~ '^pg_'
GROUP BY g.rolname, m.rolname
ORDER BY g.rolname, m.rolname
