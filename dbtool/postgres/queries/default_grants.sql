-- ALTER DEFAULT PRIVILEGES: what differs from what objects of the role would have by themselves.
WITH defaults AS (
    SELECT
        d.oid, d.defaclrole AS owner, n.nspname AS schema, d.defaclobjtype AS kind, d.defaclacl AS acl,
        CASE
            WHEN d.defaclnamespace <> 0 THEN NULL::pg_catalog.aclitem[] -- an empty array would be refused
            ELSE pg_catalog.acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END::pg_catalog."char", d.defaclrole)
        END AS usual
    FROM pg_catalog.pg_default_acl AS d
    LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace
    WHERE n.nspname IS DISTINCT FROM 'dbtool' AND d.defaclobjtype IN ('r', 'S', 'f', 'T', 'n')
),
held AS (
    SELECT d.*, a.grantee, a.privilege_type, bool_or(a.is_grantable) AS is_grantable
    FROM defaults AS d, pg_catalog.aclexplode(d.acl) AS a
    GROUP BY d.oid, d.owner, d.schema, d.kind, d.acl, d.usual, a.grantee, a.privilege_type
),
changed AS (
    SELECT h.*, false AS is_revoked
    FROM held AS h
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.aclexplode(h.usual) AS u
        WHERE u.grantee = h.grantee AND u.privilege_type = h.privilege_type AND u.is_grantable = h.is_grantable
    )
    UNION ALL
    SELECT d.*, u.grantee, u.privilege_type, false, true
    FROM defaults AS d, pg_catalog.aclexplode(d.usual) AS u
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.aclexplode(d.acl) AS a
        WHERE a.grantee = u.grantee AND a.privilege_type = u.privilege_type
    )
)
SELECT
    pg_catalog.pg_get_userbyid(c.owner) AS role,
    c.schema,
    CASE c.kind
        WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS'
    END AS keyword,
    CASE WHEN c.grantee <> 0 THEN pg_catalog.pg_get_userbyid(c.grantee) END AS grantee,
    array_agg(c.privilege_type ORDER BY c.privilege_type) AS privileges,
    c.is_grantable, c.is_revoked
FROM changed AS c
GROUP BY c.oid, c.owner, c.schema, c.kind, c.grantee, c.is_grantable, c.is_revoked
ORDER BY c.is_revoked DESC, role, c.schema, keyword, grantee, c.is_grantable
