-- Asked first: calling the function without the privilege would end the caller's transaction.
SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS granted
