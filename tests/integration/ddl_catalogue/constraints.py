"""Constraints of tables and domains."""

from __future__ import annotations

from tests.integration.ddl_catalogue.columns import alone
from tests.integration.ddl_catalogue.row import AX, BEFORE_18, RS, SRX, SUE, SYNTAX_ERROR, Row, S, Step, on

_REFERENCE = "ALTER TABLE t ADD CONSTRAINT t_n FOREIGN KEY (n) REFERENCES p (id)"
_DOMAIN = "CREATE DOMAIN positive AS int; CREATE TABLE u (c positive)"
_PARTITIONED = """
CREATE TABLE w (id int, n int) PARTITION BY RANGE (id);
CREATE TABLE w_1 PARTITION OF w FOR VALUES FROM (0) TO (5000)
"""
NOT_NULL = (
    alone("set NOT NULL", Step("ALTER TABLE t ALTER COLUMN n SET NOT NULL", {"t": AX}, scans=("t",))),
    alone(
        "set NOT NULL over a NULL",
        Step("ALTER TABLE t ALTER COLUMN n SET NOT NULL", fails="23502", scans=("t",)),
        data="UPDATE t SET n = NULL WHERE id = 1000",
        only_with_data=True,
    ),
    alone(
        "set NOT NULL after a proof",
        Step("ALTER TABLE t ALTER COLUMN n SET NOT NULL", {"t": AX}),
        setup="ALTER TABLE t ADD CONSTRAINT proof CHECK (n IS NOT NULL)",
    ),
    alone(
        "add NOT NULL NOT VALID",
        Step("ALTER TABLE t ADD CONSTRAINT n_set NOT NULL n NOT VALID", {"t": AX}),
        majors=on(18),
    ),
    alone(
        "add NOT NULL NOT VALID before 18",
        Step("ALTER TABLE t ADD CONSTRAINT n_set NOT NULL n NOT VALID", fails=SYNTAX_ERROR),
        majors=BEFORE_18,
    ),
    alone(
        "validate NOT NULL",
        Step("ALTER TABLE t VALIDATE CONSTRAINT n_set", {"t": SUE}, scans=("t",)),
        setup="ALTER TABLE t ADD CONSTRAINT n_set NOT NULL n NOT VALID",
        majors=on(18),
    ),
    alone(
        "validate NOT NULL over a NULL",
        Step("ALTER TABLE t VALIDATE CONSTRAINT n_set", fails="23502", scans=("t",)),
        data="UPDATE t SET n = NULL WHERE id = 1000",
        after="ALTER TABLE t ADD CONSTRAINT n_set NOT NULL n NOT VALID",
        majors=on(18),
        only_with_data=True,
    ),
)
CHECKS = (
    alone("add a CHECK", Step("ALTER TABLE t ADD CHECK (n > 0)", {"t": AX}, scans=("t",))),
    alone(
        "add a CHECK that is violated",
        Step("ALTER TABLE t ADD CHECK (n > 10)", fails="23514", scans=("t",)),
        only_with_data=True,
    ),
    alone("add a CHECK NOT VALID", Step("ALTER TABLE t ADD CHECK (n > 0) NOT VALID", {"t": AX})),
    Row(
        "add a CHECK NOT VALID and validate it at once",
        (
            Step("ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID", {"t": AX}),
            Step("ALTER TABLE t VALIDATE CONSTRAINT c", scans=("t",)),
        ),
    ),
    alone(
        "validate a CHECK",
        Step("ALTER TABLE t VALIDATE CONSTRAINT c", {"t": SUE}, scans=("t",)),
        setup="ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID",
    ),
    alone(
        "a domain's CHECK",
        Step("ALTER DOMAIN positive ADD CHECK (value > 0)", {"u": S}, scans=("u",)),
        setup=_DOMAIN,
        data="INSERT INTO u SELECT generate_series(1, 2000)",
    ),
    alone(
        "a domain's CHECK that is violated",
        Step("ALTER DOMAIN positive ADD CHECK (value > 0)", fails="23514"),
        setup=_DOMAIN,
        data="INSERT INTO u SELECT generate_series(-1, 2000)",
        only_with_data=True,
    ),
)
REFERENCES = (
    alone("add a foreign key", Step(_REFERENCE, {"t": SRX, "p": SRX}, scans=("t",))),
    alone(
        "add a foreign key over an orphan",
        Step(_REFERENCE, fails="23503", scans=("t",)),
        data="UPDATE t SET n = 9999 WHERE id = 1000",
        only_with_data=True,
    ),
    alone("add a foreign key NOT VALID", Step(f"{_REFERENCE} NOT VALID", {"t": SRX, "p": SRX})),
    alone(
        "validate a foreign key",
        Step("ALTER TABLE t VALIDATE CONSTRAINT t_n", {"t": SUE, "p": RS}, scans=("t",)),
        setup=f"{_REFERENCE} NOT VALID",
    ),
    alone(
        "validate a foreign key over an orphan",
        Step("ALTER TABLE t VALIDATE CONSTRAINT t_n", fails="23503", scans=("t",)),
        data="UPDATE t SET n = 9999 WHERE id = 1000",
        after=f"{_REFERENCE} NOT VALID",
        only_with_data=True,
    ),
    alone(
        "add a foreign key NOT VALID to a partitioned table",
        Step(
            "ALTER TABLE w ADD FOREIGN KEY (n) REFERENCES p (id) NOT VALID", {"w": SRX, "w_1": SRX, "p": SRX}
        ),
        setup=_PARTITIONED,
        majors=on(18),
    ),
    alone(
        "add a foreign key NOT VALID to a partitioned table before 18",
        Step("ALTER TABLE w ADD FOREIGN KEY (n) REFERENCES p (id) NOT VALID", fails="42809"),
        setup=_PARTITIONED,
        majors=BEFORE_18,
    ),
    alone(
        "drop a foreign key",
        Step("ALTER TABLE t DROP CONSTRAINT t_n", {"t": AX, "p": AX}),
        setup=_REFERENCE,
    ),
    alone(
        "drop a table with a foreign key",
        Step("DROP TABLE t", {"t": AX, "p": AX}),
        setup=_REFERENCE,
    ),
    alone("create a table with a foreign key", Step("CREATE TABLE c (p int REFERENCES p (id))", {"p": SRX})),
)
KEYS = (
    alone("add UNIQUE", Step("ALTER TABLE t ADD CONSTRAINT u UNIQUE (n)", {"t": AX}, builds=("u",))),
    alone(
        "add UNIQUE over duplicates",
        Step("ALTER TABLE t ADD CONSTRAINT u UNIQUE (n)", fails="23505", builds=("u",)),
        data="UPDATE t SET n = 1",
        only_with_data=True,
    ),
    alone(
        "add UNIQUE with an index that is there",
        Step("ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX i", {"t": AX}),
        setup="CREATE UNIQUE INDEX i ON t (n)",
    ),
    alone(
        "add a primary key",
        Step("ALTER TABLE k ADD PRIMARY KEY (id)", {"k": AX}, builds=("k_pkey",)),
        setup="CREATE TABLE k (id int NOT NULL)",
    ),
    alone(
        "add a primary key on what may be NULL",
        Step("ALTER TABLE k ADD PRIMARY KEY (id)", {"k": AX}, scans=("k",), builds=("k_pkey",)),
        setup="CREATE TABLE k (id int)",
    ),
    alone("drop the primary key", Step("ALTER TABLE t DROP CONSTRAINT t_pkey", {"t": AX})),
    alone(
        "add EXCLUDE",
        Step("ALTER TABLE t ADD CONSTRAINT x EXCLUDE USING gist (r WITH &&)", {"t": AX}, builds=("x",)),
    ),
    alone(
        "add EXCLUDE over an overlap",
        Step("ALTER TABLE t ADD CONSTRAINT x EXCLUDE USING gist (r WITH &&)", fails="23P01", builds=("x",)),
        data="UPDATE t SET r = '[1,9)'",
        only_with_data=True,
    ),
)
ROWS = (*NOT_NULL, *CHECKS, *REFERENCES, *KEYS)
