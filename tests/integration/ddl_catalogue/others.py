"""Tables as a whole, views, enums, rows and what reaches beyond the database."""

from __future__ import annotations

from tests.integration.ddl_catalogue.columns import alone
from tests.integration.ddl_catalogue.row import AS, AX, RX, SRX, SUE, Row, Step, X

_MATERIALIZED = "CREATE MATERIALIZED VIEW m AS SELECT id FROM t; CREATE UNIQUE INDEX ON m (id)"
_FUNCTION = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'"
TABLES = (
    alone("truncate", Step("TRUNCATE p", {"p": AX}, truncated=("p",))),
    alone("truncate in autocommit", Step("TRUNCATE p", {"p": AX}, truncated=("p",)), autocommit=True),
    alone(
        "truncate what is referenced",
        Step("TRUNCATE p", fails="0A000"),
        setup="ALTER TABLE t ADD FOREIGN KEY (n) REFERENCES p (id)",
    ),
    alone("rename a table", Step("ALTER TABLE t RENAME TO t2", {"t": AX})),
    Row(
        "move a table",
        (
            Step("ALTER TABLE t SET SCHEMA dbtool_elsewhere", {"t": AX}),
            Step("DROP TABLE dbtool_elsewhere.t"),  # the next row moves one there, too
        ),
        setup="CREATE SCHEMA IF NOT EXISTS dbtool_elsewhere",
    ),
    alone("drop a table", Step("DROP TABLE t", {"t": AX})),
    alone("turn row security on", Step("ALTER TABLE t ENABLE ROW LEVEL SECURITY", {"t": AX})),
    alone("create a policy", Step("CREATE POLICY mine ON t USING (true)", {"t": AX})),
    alone("set the replica identity", Step("ALTER TABLE t REPLICA IDENTITY FULL", {"t": AX})),
    alone("change the owner", Step("ALTER TABLE t OWNER TO CURRENT_USER", {"t": AX})),
    alone("set a storage parameter", Step("ALTER TABLE t SET (fillfactor = 80)", {"t": SUE})),
    alone("set a statistics target", Step("ALTER TABLE t ALTER COLUMN n SET STATISTICS 500", {"t": SUE})),
    alone("set unlogged", Step("ALTER TABLE t SET UNLOGGED", {"t": AX}, rewrites=("t",))),
    alone("comment", Step("COMMENT ON TABLE t IS 'x'", {"t": SUE})),
    alone(
        "create a trigger",
        Step("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", {"t": SRX}),
        setup=_FUNCTION,
    ),
    alone("disable triggers", Step("ALTER TABLE t DISABLE TRIGGER ALL", {"t": SRX})),
    Row(
        "change several tables",
        (
            Step("ALTER TABLE t ADD COLUMN c int", {"t": AX}),
            Step("ALTER TABLE p ADD COLUMN c int", {"p": AX}),
        ),
    ),
    alone(
        "several statements at once",
        Step("ALTER TABLE t ADD COLUMN c int; ALTER TABLE p ADD COLUMN c int", {"t": AX, "p": AX}),
    ),
    alone(
        "rewrite in a block of code",
        Step("DO $$ BEGIN ALTER TABLE t ALTER n TYPE bigint; END $$", {"t": AX}, rewrites=("t",)),
    ),
    alone("change a table in autocommit", Step("ALTER TABLE t ADD COLUMN c int", {"t": AX}), autocommit=True),
    alone("lock a table", Step("LOCK TABLE t IN EXCLUSIVE MODE", {"t": X})),
)
VIEWS = (
    alone("refresh", Step("REFRESH MATERIALIZED VIEW m", {"m": AX, "t": AS}, rows=2000), setup=_MATERIALIZED),
    alone(
        "refresh concurrently",
        Step("REFRESH MATERIALIZED VIEW CONCURRENTLY m", {"m": X, "t": AS}, rows=2000),
        setup=_MATERIALIZED,
    ),
    alone(
        "refresh concurrently in autocommit",
        Step("REFRESH MATERIALIZED VIEW CONCURRENTLY m", {"m": X, "t": AS}, rows=2000),
        setup=_MATERIALIZED,
        autocommit=True,
    ),
    alone(
        "take a column from a view",
        Step("CREATE OR REPLACE VIEW e AS SELECT id FROM t", fails="42P16"),
        setup="CREATE VIEW e AS SELECT id, n FROM t",
    ),
    alone(
        "replace a view",
        Step("CREATE OR REPLACE VIEW e AS SELECT id, n, s FROM t", {"e": AX, "t": AS}),
        setup="CREATE VIEW e AS SELECT id, n FROM t",
    ),
)
ROWS_CHANGED = (
    alone("update", Step("UPDATE t SET n = 1", {"t": RX}, rows=2000)),
    alone("delete", Step("DELETE FROM t WHERE id <= 10", {"t": RX}, rows=10)),
    alone("insert", Step("INSERT INTO p VALUES (-1)", {"p": RX}, rows=1)),
    alone(
        "insert over a key that is taken",
        Step("INSERT INTO p VALUES (1)", fails="23505"),
        only_with_data=True,
    ),
    alone("read", Step("SELECT count(*) FROM t", {"t": AS})),
)
ENUMS = (
    alone("add a value", Step("ALTER TYPE one ADD VALUE 'c'"), setup="CREATE TYPE one AS ENUM ('a')"),
    alone(
        "add a value in autocommit",
        Step("ALTER TYPE one ADD VALUE 'c'"),
        setup="CREATE TYPE one AS ENUM ('a')",
        autocommit=True,
    ),
    Row(
        "add a value and use it",
        (Step("ALTER TYPE one ADD VALUE 'c'"), Step("SELECT 'c'::one", fails="55P04")),
        setup="CREATE TYPE one AS ENUM ('a')",
    ),
)
CLUSTER_WIDE = (
    Row("make a role", (Step("CREATE ROLE dbtool_catalogue"), Step("DROP ROLE dbtool_catalogue"))),
    alone(
        "set a setting of the database",
        Step(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''5MB''', current_database()); END $$"
        ),
    ),
)
ROWS = (*TABLES, *VIEWS, *ROWS_CHANGED, *ENUMS, *CLUSTER_WIDE)
