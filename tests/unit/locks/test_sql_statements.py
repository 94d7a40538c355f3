"""What one text of SQL says it does, however it is written."""

from __future__ import annotations

import pytest

from dbtool.locks.statements import parse_statements


@pytest.mark.parametrize(
    ("sql", "verb", "names"),
    [
        (
            'alter  table public."Order Items"\n -- why\n add column a int',
            "ALTER TABLE",
            ['public."Order Items"'],
        ),
        ("/* a /* nested */ comment */ ALTER TABLE IF EXISTS ONLY t ADD a int", "ALTER TABLE", ["t"]),
        ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.t (a)", "CREATE INDEX", ["s.t"]),
        ("create index on t (a)", "CREATE INDEX", ["t"]),
        ("DROP TABLE IF EXISTS a, s.b CASCADE", "DROP TABLE", ["a", "s.b"]),
        ("DROP INDEX CONCURRENTLY i", "DROP INDEX", ["i"]),
        ("TRUNCATE TABLE ONLY a, b", "TRUNCATE", ["a", "b"]),
        ("DELETE FROM ONLY t WHERE a", "DELETE", ["t"]),
        ("WITH old AS (SELECT 1) UPDATE ONLY t SET a = 1", "UPDATE", ["t"]),
        ("INSERT INTO t SELECT * FROM u", "INSERT", ["t"]),
        ("REINDEX (VERBOSE) TABLE CONCURRENTLY t", "REINDEX", ["t"]),
        ("VACUUM (FULL, ANALYZE) t", "VACUUM", ["t"]),
        ("vacuum full verbose t", "VACUUM", ["t"]),
        ("CLUSTER t USING i", "CLUSTER", ["t"]),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", "REFRESH", ["m"]),
        ("CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT 1", "CREATE MATERIALIZED VIEW", ["m"]),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE VIEW", ["v"]),
        ("CREATE POLICY p ON t USING (true)", "CREATE POLICY", ["t"]),
        ("CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()", "CREATE TRIGGER", ["t"]),
        ("DO $body$ BEGIN ALTER TABLE t ADD a int; END $body$", "DO", []),
        ("SELECT ';' FROM t", "SELECT", []),
    ],
)
def test_a_statement_is_read_by_its_leading_words(sql: str, verb: str, names: list[str]) -> None:
    (one,) = parse_statements(sql)
    assert (one.verb, [str(name) for name in one.names]) == (verb, names)


def test_statements_are_parted_where_no_string_or_block_holds_the_semicolon() -> None:
    parsed = parse_statements("SELECT 'a;b' ; DO $$ BEGIN; END $$; -- the end;\n UPDATE t SET a = E'\\';'")
    assert [one.verb for one in parsed] == ["SELECT", "DO", "UPDATE"]


def test_nothing_is_read_from_nothing() -> None:
    assert parse_statements(" -- a comment alone") == ()


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("ADD COLUMN IF NOT EXISTS a bigint NOT NULL", ("ADD COLUMN", "a", "bigint", "")),
        ('ADD "A b" numeric(8, 2) DEFAULT round(1.5, 1) CHECK (1 > 0)',
         ("ADD COLUMN", "A b", "numeric(8, 2)", "round(1.5, 1)")),
        ("ADD a bool DEFAULT (NOT true) NOT NULL", ("ADD COLUMN", "a", "bool", "(NOT true)")),
        ("ALTER a SET DATA TYPE varchar(20) USING a::text", ("ALTER TYPE", "a", "varchar(20)", "")),
        ("ALTER COLUMN a TYPE timestamp with time zone", ("ALTER TYPE", "a", "timestamp with time zone", "")),
        ("ALTER a SET NOT NULL", ("SET NOT NULL", "a", "", "")),
        ("ALTER a SET EXPRESSION AS (b)", ("SET EXPRESSION", "a", "", "")),
        ("ADD CONSTRAINT c CHECK (a > 0)", ("ADD CHECK", "c", "", "")),
        ("ADD UNIQUE (a, b)", ("ADD UNIQUE", "", "", "")),
        ("ADD CONSTRAINT c NOT NULL a NOT VALID", ("ADD NOT NULL", "c", "", "")),
        ("ADD FOREIGN KEY (a) REFERENCES u", ("ADD FOREIGN KEY", "", "", "")),
        ("DROP CONSTRAINT IF EXISTS c", ("DROP CONSTRAINT", "c", "", "")),
        ("DROP a", ("DROP COLUMN", "a", "", "")),
        ("VALIDATE CONSTRAINT c", ("VALIDATE CONSTRAINT", "c", "", "")),
        ("RENAME a TO b", ("RENAME COLUMN", "a", "", "")),
        ("RENAME TO u", ("RENAME TABLE", "", "", "")),
        ("ATTACH PARTITION p FOR VALUES IN (1, 2)", ("ATTACH PARTITION", "p", "", "")),
        ("ENABLE ROW LEVEL SECURITY", ("ENABLE ROW SECURITY", "", "", "")),
        ("REPLICA IDENTITY FULL", ("REPLICA IDENTITY", "", "", "")),
        ("ENABLE TRIGGER g", ("OTHER", "", "", "")),
    ],
)  # fmt: skip
def test_an_action_of_alter_table_is_read(action: str, expected: tuple[str, ...]) -> None:
    (one,) = parse_statements(f"ALTER TABLE t {action}")
    (found,) = one.actions
    assert (found.kind, found.name, found.type, found.default) == expected


def test_actions_are_parted_at_commas_outside_of_parentheses() -> None:
    (one,) = parse_statements("ALTER TABLE t ADD a numeric(8, 2), ADD CHECK (a IN (1, 2)), DROP b")
    assert [action.kind for action in one.actions] == ["ADD COLUMN", "ADD CHECK", "DROP COLUMN"]


def test_a_name_without_a_schema_stands_for_a_relation_of_any() -> None:
    (one,) = parse_statements('ALTER TABLE "Orders" ADD a int')
    assert one.is_about('public."Orders"')
    assert not one.is_about("public.orders")
    assert not one.is_about('public."Old Orders"')


def test_a_name_with_another_schema_stands_for_another_relation() -> None:
    (one,) = parse_statements("UPDATE shop.orders SET a = 1")
    assert one.is_about("shop.orders")
    assert not one.is_about("public.orders")


def test_of_megabytes_of_data_the_beginning_is_read() -> None:
    values = ", ".join(["(1, 'x')"] * 200_000)
    (one,) = parse_statements(f"INSERT INTO t VALUES {values}")
    assert (one.verb, len(one.text)) == ("INSERT", 250_000)
