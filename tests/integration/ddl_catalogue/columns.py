"""Columns and their types."""

from __future__ import annotations

from tests.integration.ddl_catalogue.row import AX, BEFORE_17, BEFORE_18, SRX, SYNTAX_ERROR, Row, Step, on


def alone(name: str, step: Step, **more: object) -> Row:
    return Row(name, (step,), **more)  # type: ignore[arg-type]


ADDED = (
    alone("add a nullable column", Step("ALTER TABLE t ADD COLUMN c int", {"t": AX})),
    alone(
        "add a column with a constant default",
        Step("ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 7", {"t": AX}),
    ),
    alone("add a column with now()", Step("ALTER TABLE t ADD COLUMN c timestamptz DEFAULT now()", {"t": AX})),
    alone(
        "add a column with a volatile default",
        Step("ALTER TABLE t ADD COLUMN c uuid DEFAULT gen_random_uuid()", {"t": AX}, rewrites=("t",)),
    ),
    alone("add a bigserial", Step("ALTER TABLE t ADD COLUMN c bigserial", {"t": AX}, rewrites=("t",))),
    alone(
        "add an identity",
        Step("ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS IDENTITY", {"t": AX}, rewrites=("t",)),
    ),
    alone(
        "add a stored generated column",
        Step("ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (n * 2) STORED", {"t": AX}, rewrites=("t",)),
    ),
    alone(
        "add a virtual generated column",
        Step("ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (n * 2) VIRTUAL", {"t": AX}),
        majors=on(18),
    ),
    alone(
        "add a virtual generated column before 18",
        Step("ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (n * 2) VIRTUAL", fails=SYNTAX_ERROR),
        majors=BEFORE_18,
    ),
    alone(
        "add a column with a foreign key",
        Step("ALTER TABLE t ADD COLUMN c int REFERENCES p (id)", {"t": AX, "p": SRX}),
    ),
    alone(
        "add a column with a CHECK",
        Step("ALTER TABLE t ADD COLUMN c int DEFAULT 1 CHECK (c > 0)", {"t": AX}, scans=("t",)),
    ),
    alone("add a json column", Step("ALTER TABLE t ADD COLUMN c json", {"t": AX})),
    Row(
        "add a column and fill it",
        (
            Step("ALTER TABLE t ADD COLUMN c int", {"t": AX}),
            Step("UPDATE t SET c = 1", rows=2000),
        ),
    ),
)
CHANGED = (
    alone("drop a column", Step("ALTER TABLE t DROP COLUMN n", {"t": AX})),
    alone("rename a column", Step("ALTER TABLE t RENAME COLUMN n TO m", {"t": AX})),
    alone("widen a varchar", Step("ALTER TABLE t ALTER COLUMN v TYPE varchar(100)", {"t": AX})),
    alone("turn a varchar into text", Step("ALTER TABLE t ALTER COLUMN v TYPE text", {"t": AX})),
    alone(
        "narrow a varchar to what fits",
        Step("ALTER TABLE t ALTER COLUMN v TYPE varchar(20)", {"t": AX}, rewrites=("t",)),
    ),
    alone(
        "narrow a varchar to what does not fit",
        Step("ALTER TABLE t ALTER COLUMN v TYPE varchar(2)", fails="22001", rewrites=("t",)),
        only_with_data=True,
    ),
    alone(
        "turn text into varchar",
        Step("ALTER TABLE t ALTER COLUMN s TYPE varchar(100)", {"t": AX}, rewrites=("t",)),
    ),
    alone(
        "int to bigint in the primary key",
        Step("ALTER TABLE t ALTER COLUMN id TYPE bigint", {"t": AX}, rewrites=("t",)),
    ),
    alone(
        "text to int",
        Step("ALTER TABLE t ALTER COLUMN s TYPE int USING s::int", {"t": AX}, rewrites=("t",)),
    ),
    alone(
        "text to int over a word",
        Step("ALTER TABLE t ALTER COLUMN s TYPE int USING s::int", fails="22P02", rewrites=("t",)),
        data="UPDATE t SET s = 'a word' WHERE id = 1000",
        only_with_data=True,
    ),
    alone(
        "an enum without a value in use",
        Step("ALTER TABLE t ALTER COLUMN e TYPE two USING e::text::two", fails="22P02", rewrites=("t",)),
        setup="CREATE TYPE one AS ENUM ('a', 'b'); CREATE TYPE two AS ENUM ('a'); ALTER TABLE t ADD e one",
        data="UPDATE t SET e = 'b'",
        only_with_data=True,
    ),
    alone("widen a numeric's precision", Step("ALTER TABLE t ALTER COLUMN d TYPE numeric(12, 2)", {"t": AX})),
    alone(
        "change a numeric's scale",
        Step("ALTER TABLE t ALTER COLUMN d TYPE numeric(12, 3)", {"t": AX}, rewrites=("t",)),
    ),
    alone("json to jsonb", Step("ALTER TABLE t ALTER COLUMN j TYPE jsonb", {"t": AX}, rewrites=("t",))),
    alone(
        "set another expression",
        Step("ALTER TABLE t ALTER COLUMN g SET EXPRESSION AS (n * 3)", {"t": AX}, rewrites=("t",)),
        setup="ALTER TABLE t ADD g int GENERATED ALWAYS AS (n * 2) STORED",
        majors=on(17, 18),
    ),
    alone(
        "set another expression before 17",
        Step("ALTER TABLE t ALTER COLUMN g SET EXPRESSION AS (n * 3)", fails=SYNTAX_ERROR),
        setup="ALTER TABLE t ADD g int GENERATED ALWAYS AS (n * 2) STORED",
        majors=BEFORE_17,
    ),
    alone("set a column's storage", Step("ALTER TABLE t ALTER COLUMN s SET STORAGE EXTERNAL", {"t": AX})),
    alone("set a default", Step("ALTER TABLE t ALTER COLUMN n SET DEFAULT 1", {"t": AX})),
    alone(
        "drop NOT NULL",
        Step("ALTER TABLE t ALTER COLUMN n DROP NOT NULL", {"t": AX}),
        setup="ALTER TABLE t ALTER n SET NOT NULL",
    ),
)
ROWS = (*ADDED, *CHANGED)
