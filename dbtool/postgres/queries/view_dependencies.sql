-- What views and materialised views read, directly or through functions whose bodies PostgreSQL has parsed.
-- An object is named by catalog and OID, since OIDs are unique per catalog only.
SELECT
    'pg_class' AS catalog,
    r.ev_class::pg_catalog.int8 AS object,
    d.refclassid::pg_catalog.regclass::pg_catalog.text AS read_catalog,
    d.refobjid::pg_catalog.int8 AS read_object
FROM pg_catalog.pg_depend AS d
JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid AND r.ev_type = '1'
WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    AND d.refclassid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass)
    AND d.refobjid <> r.ev_class
    AND d.deptype = 'n'
UNION
SELECT
    'pg_proc',
    d.objid::pg_catalog.int8,
    d.refclassid::pg_catalog.regclass::pg_catalog.text,
    d.refobjid::pg_catalog.int8
FROM pg_catalog.pg_depend AS d
WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    AND d.refclassid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass)
    AND d.deptype = 'n'
ORDER BY 1, 2, 3, 4
