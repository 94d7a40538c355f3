-- The default version decides who may make an extension.
SELECT e.name, bool_or(v.trusted OR NOT v.superuser) AS anybody_may
FROM pg_catalog.pg_available_extensions AS e
JOIN pg_catalog.pg_available_extension_versions AS v ON v.name = e.name AND v.version = e.default_version
GROUP BY e.name
