"""Indexes, partitions, and what no transaction block can hold."""

from __future__ import annotations

from tests.integration.ddl_catalogue.columns import alone
from tests.integration.ddl_catalogue.row import AS, AX, SUE, Row, S, Step

_IN_A_BLOCK = "25001"
_PARTITIONED = """
CREATE TABLE w (id int NOT NULL, n int) PARTITION BY RANGE (id);
CREATE TABLE w_1 PARTITION OF w FOR VALUES FROM (1) TO (1000);
CREATE TABLE w_rest PARTITION OF w DEFAULT;
CREATE TABLE w_2 (id int NOT NULL, n int)
"""
_PARTITIONED_DATA = """
INSERT INTO w SELECT g, g FROM generate_series(1, 1999) AS g WHERE g < 1000 OR g > 1500;
INSERT INTO w_2 SELECT g, g FROM generate_series(1000, 1499) AS g
"""
_PROOF = "; ALTER TABLE w_2 ADD CHECK (id >= 1000 AND id < 1500); ALTER TABLE w_rest ADD CHECK (id >= 1500)"
_ATTACH = "ALTER TABLE w ATTACH PARTITION w_2 FOR VALUES FROM (1000) TO (1500)"
_WITHOUT_REST = _PARTITIONED + "; DROP TABLE w_rest"
BUILT = (
    alone("create an index", Step("CREATE INDEX i ON t (n)", {"t": S}, builds=("i",))),
    alone(
        "create an index concurrently",
        Step("CREATE INDEX CONCURRENTLY i ON t (n)", {"t": SUE}, builds=("i",), created=("i",)),
        autocommit=True,
    ),
    alone(
        "create an index concurrently in a transaction",
        Step("CREATE INDEX CONCURRENTLY i ON t (n)", fails=_IN_A_BLOCK),
    ),
    alone(
        "create a unique index concurrently over duplicates",
        Step(
            "CREATE UNIQUE INDEX CONCURRENTLY i ON t (n)",
            {"t": SUE},
            fails="23505",
            builds=("i",),
            created=("i",),
        ),
        data="UPDATE t SET n = 1",
        autocommit=True,
        only_with_data=True,
    ),
    alone(
        "create an index concurrently on a partitioned table",
        Step("CREATE INDEX CONCURRENTLY i ON w (n)", fails="0A000"),
        setup=_PARTITIONED,
        autocommit=True,
    ),
    Row(
        "create an index on a partitioned table alone and attach the partition's",
        (
            Step("CREATE INDEX i ON ONLY w (n)", {"w": S}),
            Step("CREATE INDEX CONCURRENTLY i_1 ON w_1 (n)", {"w_1": SUE}, builds=("i_1",)),
            Step("ALTER INDEX i ATTACH PARTITION i_1", {"w_1": AS}),
        ),
        setup=_PARTITIONED,
        autocommit=True,
    ),
    alone(
        "create an index on a partitioned table",
        Step(
            "CREATE INDEX i ON w (n)", {"w": S, "w_1": S, "w_rest": S}, builds=("w_1_n_idx", "w_rest_n_idx")
        ),
        setup=_PARTITIONED,
    ),
    alone(
        "index an expression that fails on a row",
        Step("CREATE INDEX i ON t ((s::int))", fails="22P02", builds=("i",)),
        data="UPDATE t SET s = 'a word' WHERE id = 1000",
        only_with_data=True,
    ),
    alone("index json by gin", Step("CREATE INDEX i ON t USING gin (j)", fails="42704")),
)
REBUILT = (
    alone(
        "reindex a table",
        Step("REINDEX TABLE t", {"t": S}, builds=("t_pkey", "t_v"), index_locks={"t_pkey": AX, "t_v": AX}),
    ),
    alone(
        "reindex a table in autocommit",
        Step("REINDEX TABLE t", {"t": S}, builds=("t_pkey", "t_v"), index_locks={"t_pkey": AX, "t_v": AX}),
        autocommit=True,
    ),
    alone(
        "reindex a table concurrently",
        Step(
            "REINDEX TABLE CONCURRENTLY t",
            {"t": SUE},
            builds=("t_pkey", "t_v"),
            documented={"t_pkey": AX, "t_v": AX},
            created=(),
        ),
        autocommit=True,
    ),
    alone(
        "reindex an index concurrently",
        Step("REINDEX INDEX CONCURRENTLY t_v", {"t": SUE}, builds=("t_v",), documented={"t_v": AX}),
        autocommit=True,
    ),
    alone(
        "reindex a partitioned table",
        Step(
            "REINDEX TABLE w",
            {"w_1": S},
            builds=("w_1_n_idx", "w_rest_n_idx"),
            documented={"w": S, "w_rest": S, "w_rest_n_idx": AX},
        ),
        setup=f"{_PARTITIONED}; CREATE INDEX ON w (n)",
        autocommit=True,
    ),
    alone("drop an index", Step("DROP INDEX t_v", {"t": AX}, index_locks={"t_v": AX})),
    alone(
        "drop an index concurrently",
        Step("DROP INDEX CONCURRENTLY t_v", {"t": SUE}, documented={"t_v": AX}),
        autocommit=True,
    ),
    alone("rename an index", Step("ALTER INDEX t_v RENAME TO t_w", {}, index_locks={"t_v": SUE})),
)
REWRITTEN = (
    alone("VACUUM FULL", Step("VACUUM FULL t", {"t": AX}, rewrites=("t",)), autocommit=True),
    alone("VACUUM", Step("VACUUM t", {"t": SUE}, documented={"t": AX}), autocommit=True),
    alone("VACUUM that keeps the end", Step("VACUUM (TRUNCATE false) t", {"t": SUE}), autocommit=True),
    alone("ANALYZE", Step("ANALYZE t", {"t": SUE})),
    alone("CLUSTER", Step("CLUSTER t USING t_v", {"t": AX}, rewrites=("t",))),
    alone("CLUSTER in autocommit", Step("CLUSTER t USING t_v", {"t": AX}, rewrites=("t",)), autocommit=True),
    alone(
        "CLUSTER in a block of code",
        Step("DO $$ BEGIN EXECUTE 'CLUSTER t USING t_v'; END $$", {"t": AX}, rewrites=("t",)),
    ),
)
PARTITIONS = (
    alone(
        "attach a partition",
        Step(_ATTACH, {"w": SUE, "w_2": AX, "w_rest": AX}, scans=("w_2", "w_rest")),
        setup=_PARTITIONED,
        data=_PARTITIONED_DATA,
    ),
    alone(
        "attach a partition that is proven to fit",
        Step(_ATTACH, {"w": SUE, "w_2": AX, "w_rest": AX}),
        setup=_PARTITIONED + _PROOF,
        data=_PARTITIONED_DATA,
    ),
    alone(
        "attach a partition beside a row of its own in the default one",
        Step(_ATTACH, fails="23514", scans=("w_2", "w_rest")),
        setup=_PARTITIONED,
        data="INSERT INTO w VALUES (1200, 1)",
        only_with_data=True,
    ),
    alone(
        "create a partition",
        Step(
            "CREATE TABLE w_3 PARTITION OF w FOR VALUES FROM (3000) TO (4000)",
            {"w": AX, "w_rest": AX},
            scans=("w_rest",),
        ),
        setup=_PARTITIONED,
        data=_PARTITIONED_DATA,
    ),
    alone(
        "detach a partition",
        Step("ALTER TABLE w DETACH PARTITION w_1", {"w": AX, "w_1": AX, "w_rest": AX}),
        setup=_PARTITIONED,
    ),
    alone(
        "detach a partition concurrently",
        Step("ALTER TABLE w DETACH PARTITION w_1 CONCURRENTLY", documented={"w": SUE, "w_1": AX}),
        setup=_WITHOUT_REST,
        autocommit=True,
    ),
    alone(
        "add a column to a partitioned table",
        Step("ALTER TABLE w ADD COLUMN c int", {"w": AX, "w_1": AX, "w_rest": AX}),
        setup=_PARTITIONED,
    ),
)
ROWS = (*BUILT, *REBUILT, *REWRITTEN, *PARTITIONS)
