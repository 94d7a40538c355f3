-- Version 1 of the ledger: see docs/ledger.md.
CREATE TABLE IF NOT EXISTS dbtool.ledger_version (
    version integer PRIMARY KEY,
    made_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE dbtool.ledger_version IS 'versions of the ledger''s own tables; the highest counts';

CREATE TABLE dbtool.ledger (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    event text NOT NULL,
    target text NOT NULL,
    run_id text NOT NULL,
    revision text NOT NULL,
    digest text NOT NULL,
    actor text NOT NULL,
    git_commit text,
    evidence_id text,
    duration_s double precision,
    detail text NOT NULL
);
COMMENT ON TABLE dbtool.ledger IS 'which revisions were applied here, when and by whom; append-only';

CREATE TABLE dbtool.journal (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id text NOT NULL,
    revision text NOT NULL,
    ordinal integer NOT NULL,
    digest text NOT NULL,
    effect text NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    done_at timestamptz
);
COMMENT ON TABLE dbtool.journal IS 'statements of revisions that committed by themselves';
CREATE INDEX ON dbtool.journal (revision);

CREATE FUNCTION dbtool.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE restrict_violation USING MESSAGE = 'dbtool.ledger is append-only';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dbtool.ledger
    FOR EACH STATEMENT EXECUTE FUNCTION dbtool.refuse_change();
