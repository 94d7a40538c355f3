-- Asked of pg_class, which every role may read; the tables themselves need USAGE on the schema.
SELECT
    EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'dbtool') AS schema,
    EXISTS (
        SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE (n.nspname, c.relname) = ('dbtool', 'ledger_version')
    ) AS ledger
