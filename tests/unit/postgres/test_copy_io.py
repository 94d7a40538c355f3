import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import pytest
from psycopg import sql

from dbtool.catalog.relations import RelationName
from dbtool.errors import ServerFailed
from dbtool.postgres import copy_io
from dbtool.postgres.copy_io import DriverReader, PsqlReader, SizedReader, read_blocks
from dbtool.postgres.copy_out import CopyOut

SECRET = "hunter2"
USERS = RelationName("public", "users")


def test_an_empty_stream_has_no_block() -> None:
    assert list(read_blocks(io.BytesIO())) == []
    assert list(read_blocks(io.BytesIO(), whole_lines=False)) == []


def test_a_line_that_fills_the_block_exactly_is_a_block() -> None:
    assert list(read_blocks(io.BytesIO(b"123\n456\n"), 4)) == [b"123\n", b"456\n"]


def test_what_is_left_of_a_line_goes_to_the_next_block() -> None:
    assert list(read_blocks(io.BytesIO(b"1\n23\n4567\n"), 6)) == [b"1\n23\n", b"4567\n"]


def test_a_line_longer_than_the_block_is_not_cut() -> None:
    content = b"1\n" + b"x" * 100 + b"\n2\n3\n"
    assert list(read_blocks(io.BytesIO(content), 4))[1] == b"x" * 100 + b"\n2\n3\n"
    assert b"".join(read_blocks(io.BytesIO(content), 4)) == content


def test_after_a_long_line_blocks_are_small_again() -> None:
    content = b"x" * 1000 + b"\n" + b"1\n" * 1000
    sizes = [len(block) for block in read_blocks(io.BytesIO(content), 8)]
    assert max(sizes[1:]) <= 2048
    assert sizes[-2] == 8


def test_a_last_line_without_an_end_is_given_as_it_came() -> None:
    assert list(read_blocks(io.BytesIO(b"1\n2"), 8)) == [b"1\n2"]


def test_binary_streams_are_cut_anywhere() -> None:
    assert list(read_blocks(io.BytesIO(b"1\n23456"), 3, whole_lines=False)) == [b"1\n2", b"345", b"6"]


@pytest.mark.parametrize(
    ("copy", "statement"),
    [
        (
            CopyOut(USERS, ("id", "name")),
            'COPY (SELECT "id", "name" FROM ONLY "public"."users") TO STDOUT',
        ),
        (
            CopyOut(RelationName("My Schema", 'a.b "c" %s {0}'), ("select", 'x"y', "{}", "50%")),
            'COPY (SELECT "select", "x""y", "{}", "50%" FROM ONLY "My Schema"."a.b ""c"" %s {0}") TO STDOUT',
        ),
        (
            CopyOut(USERS, ("id", "name", "plan"), pushed={1: "NULL", 2: "CASE WHEN plan IS NOT NULL THEN '{%s}' END"}),
            """COPY (SELECT "id", NULL, CASE WHEN plan IS NOT NULL THEN '{%s}' END FROM ONLY "public"."users") TO STDOUT""",
        ),
        (
            CopyOut(USERS, ("id",), first_page=5, end_page=9),
            """COPY (SELECT "id" FROM ONLY "public"."users" WHERE ctid >= '(5,0)'::pg_catalog.tid AND ctid < '(9,0)'::pg_catalog.tid) TO STDOUT""",
        ),
        (
            CopyOut(USERS, ("id",), end_page=9),
            'COPY (SELECT "id" FROM ONLY "public"."users" WHERE ctid < \'(9,0)\'::pg_catalog.tid) TO STDOUT',
        ),
        (
            CopyOut(USERS, ("id",), first_page=0, binary=True),
            """COPY (SELECT "id" FROM ONLY "public"."users" WHERE ctid >= '(0,0)'::pg_catalog.tid) TO STDOUT (FORMAT binary)""",
        ),
    ],
)  # fmt: skip
def test_a_copy_names_what_it_reads_exactly(copy: CopyOut, statement: str) -> None:
    assert copy.statement().as_string(None) == statement


@pytest.fixture
def make_psql(tmp_path: Path) -> Callable[[str], Path]:
    """A program in psql's place: a shell script."""

    def make(script: str) -> Path:
        program = tmp_path / "psql"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        return program

    return make


def url() -> str:
    return f"postgresql://u:{SECRET}@h/d"


def test_psql_is_told_by_standard_input_and_environment_alone(make_psql: Callable[[str], Path]) -> None:
    psql = make_psql('printf "%s\\n" "$*" "$PGPASSWORD $PGHOST $PGDATABASE"; cat')
    reader = PsqlReader(psql, url, snapshot="00000003-0000001B-1", database="other")
    with reader.open(CopyOut(USERS, ("id",))) as blocks:
        arguments, environment, *script = b"".join(blocks).decode().splitlines()
    assert SECRET not in arguments
    assert "other" not in arguments
    assert environment == f"{SECRET} h other"
    assert SECRET not in "".join(script)
    assert script[-4:] == [
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;",
        "SET TRANSACTION SNAPSHOT '00000003-0000001B-1';",
        'COPY (SELECT "id" FROM ONLY "public"."users") TO STDOUT;',
        "COMMIT;",
    ]
    assert "SET default_transaction_read_only = on;" in script
    assert any("transaction_timeout" in line and line.endswith("\\gset") for line in script)


def test_psql_without_a_snapshot_waits_for_locks_and_holds_none_after_its_copy(
    make_psql: Callable[[str], Path],
) -> None:
    with PsqlReader(make_psql("cat"), url).open(CopyOut(USERS, ("id",))) as blocks:
        script = b"".join(blocks).decode().splitlines()
    assert script[-1] == 'COPY (SELECT "id" FROM ONLY "public"."users") TO STDOUT;'
    of_locks = [line for line in script if "lock_timeout" in line or "BEGIN" in line]
    assert of_locks == ["SET lock_timeout = '0';"]


def test_a_psql_that_fails_late_fails_the_reading_without_a_value(make_psql: Callable[[str], Path]) -> None:
    failing = f"""
cat >/dev/null; echo 1
echo 'psql:<stdin>:9: ERROR:  22P02: invalid input syntax for type integer: "{SECRET}"' >&2
echo 'CONTEXT:  COPY users, line 5, column x: "{SECRET}"' >&2
exit 3"""
    seen: list[bytes] = []
    with (
        pytest.raises(ServerFailed) as failure,
        PsqlReader(make_psql(failing), url).open(CopyOut(USERS, ("id",))) as blocks,
    ):
        seen += blocks
    assert seen == [b"1\n"]
    assert str(failure.value) == (
        'psql failed with exit code 3: psql:<stdin>:9: ERROR:  22P02: invalid input syntax for type integer: "…" '
        "while reading public.users"
    )
    assert failure.value.sqlstate == "22P02"


def test_a_psql_that_is_killed_fails_the_reading(make_psql: Callable[[str], Path]) -> None:
    def ending(end: Callable[[], None]) -> AbstractContextManager[None]:
        end()
        return nullcontext()

    reader = PsqlReader(make_psql("cat >/dev/null; echo 1; exec sleep 60"), url, ending=ending)
    with (
        pytest.raises(ServerFailed, match=r"ended by signal 9 while reading public\.users"),
        reader.open(CopyOut(USERS, ("id",))) as blocks,
    ):
        list(blocks)


def test_an_error_while_reading_is_not_hidden_by_the_end_of_psql(make_psql: Callable[[str], Path]) -> None:
    reader = PsqlReader(make_psql("cat >/dev/null; echo 1; exec sleep 60"), url)
    with pytest.raises(ZeroDivisionError), reader.open(CopyOut(USERS, ("id",))):
        _ = 1 / 0


def test_the_url_is_asked_for_anew_for_every_copy(make_psql: Callable[[str], Path]) -> None:
    asked: list[str] = []

    def renewed() -> str:
        asked.append(f"postgresql://u:token{len(asked)}@h/d")
        return asked[-1]

    reader = PsqlReader(make_psql('echo "$PGPASSWORD"; cat >/dev/null'), renewed)
    seen: list[bytes] = []
    for _ in range(2):
        with reader.open(CopyOut(USERS, ("id",))) as blocks:
            seen += blocks
    assert seen == [b"token0\n", b"token1\n"]


class Rows(list[bytes]):
    """A COPY in psycopg's place, each of whose rows has to be waited for."""

    connection = SimpleNamespace(pgconn=SimpleNamespace(get_copy_data=lambda _async: (0, b"")))


class Source:
    """A connection in psycopg's place, whose COPY gives ``rows``."""

    def __init__(self, rows: list[bytes]) -> None:
        self._rows = Rows(rows)
        self.executed: list[str] = []
        self.cancelled = 0
        self.closed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.closed += 1

    def execute(self, statement: str | sql.Composed) -> None:
        self.executed.append(statement if isinstance(statement, str) else statement.as_string(None))

    def cursor(self) -> "Source":
        return self

    def copy(self, statement: sql.Composed) -> AbstractContextManager[Rows]:
        self.execute(statement)
        return nullcontext(self._rows)

    def cancel(self) -> None:
        self.cancelled += 1


def test_the_driver_reads_the_same_snapshot_and_can_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source([b"1\n", b"2\n"])
    monkeypatch.setattr(copy_io, "connect", lambda *_positional, **_named: source)

    @contextmanager
    def ending(end: Callable[[], None]) -> Iterator[None]:
        end()
        yield

    with DriverReader(url, "00000003-0000001B-1", ending=ending).open(CopyOut(USERS, ("id",))) as blocks:
        assert list(blocks) == [b"1\n2\n"]
    assert source.cancelled == 1
    assert source.executed[0] == "SET lock_timeout = '10s'"
    assert source.executed[2:] == [
        "SET TRANSACTION SNAPSHOT '00000003-0000001B-1'",
        'COPY (SELECT "id" FROM ONLY "public"."users") TO STDOUT',
    ]


def test_the_driver_without_a_snapshot_waits_for_locks_and_begins_no_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = Source([b"1\n"])
    monkeypatch.setattr(copy_io, "connect", lambda *_positional, **_named: source)
    with DriverReader(url).open(CopyOut(USERS, ("id",))) as blocks:
        assert list(blocks) == [b"1\n"]
    assert source.executed == ['COPY (SELECT "id" FROM ONLY "public"."users") TO STDOUT']


def test_rows_from_the_driver_are_gathered_into_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy_io, "BLOCK_BYTES", 4)
    monkeypatch.setattr(copy_io, "connect", lambda *_positional, **_named: Source([b"1\n", b"22\n", b"3\n"]))
    with DriverReader(url).open(CopyOut(USERS, ("id",))) as blocks:
        assert list(blocks) == [b"1\n22\n", b"3\n"]


def test_sessions_that_are_kept_adopt_the_snapshot_once_and_are_closed_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Source] = []

    def connect(*_positional: object, **_named: object) -> Source:
        made.append(Source([b"1\n"]))
        return made[-1]

    monkeypatch.setattr(copy_io, "connect", connect)
    with DriverReader(url, "00000003-0000001B-1").keeping_sessions() as reader:
        for _ in range(3):
            with reader.open(CopyOut(USERS, ("id",))) as blocks:
                assert list(blocks) == [b"1\n"]
        assert made[0].closed == 0
    (source,) = made
    assert source.closed == 1
    assert source.executed.count("SET TRANSACTION SNAPSHOT '00000003-0000001B-1'") == 1


def test_a_session_whose_reading_failed_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Source] = []

    def connect(*_positional: object, **_named: object) -> Source:
        made.append(Source([b"1\n"]))
        return made[-1]

    monkeypatch.setattr(copy_io, "connect", connect)
    with DriverReader(url).keeping_sessions() as reader:
        with pytest.raises(ZeroDivisionError), reader.open(CopyOut(USERS, ("id",))):
            1 / 0  # noqa: B018  any failure of whoever reads
        with reader.open(CopyOut(USERS, ("id",))) as blocks:
            assert list(blocks) == [b"1\n"]
    assert [source.closed for source in made] == [1, 1]


def test_a_program_does_not_hold_a_connection_beside_a_session_that_nobody_uses(
    monkeypatch: pytest.MonkeyPatch, make_psql: Callable[[str], Path]
) -> None:
    """A role may have no more of them than the run has workers."""
    small, source = RelationName("public", "small"), Source([b"1\n"])
    monkeypatch.setattr(copy_io, "connect", lambda *_positional, **_named: source)
    with DriverReader(url).keeping_sessions() as driver:
        program = PsqlReader(make_psql("cat >/dev/null; echo 1"), url)
        reader = SizedReader(driver, program, lambda name: name == small, driver.end_free_sessions)
        with reader.open(CopyOut(small, ("id",))) as blocks:
            assert list(blocks) == [b"1\n"]
        assert source.closed == 0
        with reader.open(CopyOut(USERS, ("id",))) as blocks:
            assert source.closed == 1
            assert list(blocks) == [b"1\n"]
