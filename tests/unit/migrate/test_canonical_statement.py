"""What changes the digest of a statement and what does not, and which statements change no definition."""

import pytest

from dbtool.migrate.revisions.canonical import is_plain_dml, statement_digest

_STATEMENT = """ALTER TABLE public.users ADD COLUMN note varchar(10) DEFAULT 'a  b' CHECK (note <> '-- x'), ALTER "a  b" SET DEFAULT 1.5"""


@pytest.mark.parametrize(
    "same",
    [
        _STATEMENT.replace(" ADD", "\n\tADD"),
        f"  {_STATEMENT} ;\n",
        f"-- why\n{_STATEMENT}",
        _STATEMENT.replace(" ADD", " /* a /* nested */ one */ ADD"),
        _STATEMENT.replace("(note <> ", "( note<>"),
        _STATEMENT.replace("), ALTER", ") -- it's open\r\n, ALTER"),
    ],
)
def test_space_and_comments_do_not_change_the_digest(same: str) -> None:
    assert same != _STATEMENT
    assert statement_digest(same) == statement_digest(_STATEMENT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 'a  b'", "SELECT 'a b'"),
        ("SELECT '-- a'", "SELECT '-- b'"),
        ("SELECT '/* a */'", "SELECT '/* b */'"),
        ("SELECT 'a''  b'", "SELECT 'a'' b'"),
        (r"SELECT E'a\'  b'", r"SELECT E'a\' b'"),
        (r"SELECT 'a\',  'b'", r"SELECT 'a\', 'b'"),
        ('SELECT "a  b"', 'SELECT "a b"'),
        ('SELECT "a""  b"', 'SELECT "a"" b"'),
        ("DO $$ a  b $$", "DO $$ a b $$"),
        ("DO $x$ $$ -- a\n $x$", "DO $x$ $$ -- b\n $x$"),
        ("SELECT a b", "SELECT ab"),
        ("SELECT 1 2", "SELECT 12"),
        ("SELECT a - - b", "SELECT a -- b"),
        ("SELECT a < @ b", "SELECT a <@ b"),
        ("SELECT a", 'SELECT "a"'),
        ("SELECT 'a", "SELECT  'a"),
        ("SELECT 1 /* a", "SELECT  1 /* a"),
        ("SELECT $$ a", "SELECT  $$ a"),
        ("SELECT 'a' 'b'", "SELECT 'a'' b'"),
        ("SELECT U&'a  b'", "SELECT U&'a b'"),
        ("a; b", "a b"),
    ],
)
def test_what_may_be_another_statement_has_another_digest(one: str, other: str) -> None:
    assert statement_digest(one) != statement_digest(other)


def test_long_literals_are_read_at_once() -> None:
    long = "INSERT INTO t VALUES (" + ",".join(["'it''s'"] * 50_000) + ")"
    assert statement_digest(long) == statement_digest(long.replace("VALUES ", "VALUES\n"))


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t SELECT 1",
        "  -- a backfill\n update t set a = 'CREATE TABLE x()'",
        "DELETE FROM t",
        "(SELECT 1)",
        "WITH a AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM a",
        "MERGE INTO t USING u ON true WHEN MATCHED THEN DO NOTHING",
        "COPY t FROM STDIN",
        "SET lock_timeout = '2s'",
        "SHOW server_version; SELECT 1;",
        "SAVEPOINT a",
        "ROLLBACK TO SAVEPOINT a",
        'SELECT "into" FROM t',
        "",
    ],
)
def test_reading_and_writing_rows_is_plain(sql: str) -> None:
    assert is_plain_dml(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE t ADD a int",
        "SELECT * INTO u FROM t",
        "WITH a AS (SELECT 1) SELECT * INTO u FROM a",
        "INSERT INTO t VALUES (1); DROP TABLE t",
        "/* INSERT */ DROP TABLE t",
        "DO $$ BEGIN END $$",
        "TRUNCATE t",
        "REFRESH MATERIALIZED VIEW t",
        "ROLLBACK",
        "COMMIT",
        "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1",
        "SELECT 'no end",
        r"SELECT '\'; DROP TABLE t; --'",
        '"SELECT" 1',
    ],
)
def test_what_may_change_a_definition_is_not_plain(sql: str) -> None:
    assert not is_plain_dml(sql)
