from types import SimpleNamespace

import psycopg
import pytest

from dbtool.errors import PrivilegeMissing, ProgramFailed, ServerFailed
from dbtool.postgres.server_errors import describe_error, program_failure, scrub, translated

SECRET = "hunter2"


def server_error(kind: type[psycopg.Error], primary: str | None) -> psycopg.Error:
    """As the server sends it: what it says besides its primary message is never looked at."""
    diag = SimpleNamespace(message_primary=primary, message_detail=f"Key (x)=({SECRET})")
    made: psycopg.Error = type("Sent", (kind,), {"diag": diag})(f"{primary}\nDETAIL:  Key (x)=({SECRET})")
    return made


_DUPLICATE = f"""\
pg_restore failed with exit code 1: pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 3456; 2606 16456 CONSTRAINT users users_email_key postgres
pg_restore: error: could not execute query: ERROR:  could not create unique index "users_email_key"
DETAIL:  Key (email)=(ada
{SECRET}
ERROR:  {SECRET}) is duplicated.
Command was: ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE ({SECRET});


"""


def test_what_programs_say_is_kept_without_rows_and_statements() -> None:
    assert scrub(_DUPLICATE).splitlines() == [
        "pg_restore failed with exit code 1: pg_restore: while PROCESSING TOC:",
        "pg_restore: from TOC entry 3456; 2606 16456 CONSTRAINT users users_email_key postgres",
        'pg_restore: error: could not execute query: ERROR:  could not create unique index "users_email_key"',
    ]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("psql: error: connection refused", "psql: error: connection refused"),
        ("pg_dump was ended by signal 9", "pg_dump was ended by signal 9"),
        (
            f"pg_dump failed with exit code 1: {SECRET}\npg_dump: error: no room",
            "pg_dump failed with exit code 1\npg_dump: error: no room",
        ),
        (
            "psql failed with exit code 3: psql: error: no room",
            "psql failed with exit code 3: psql: error: no room",
        ),
        (
            f'psql:<stdin>:9: ERROR:  invalid input syntax for type integer: "{SECRET}"',
            'psql:<stdin>:9: ERROR:  invalid input syntax for type integer: "…"',
        ),
        (
            f'psql:<stdin>:9: ERROR:  invalid input syntax for type integer: "a"{SECRET}\n{SECRET}"',
            'psql:<stdin>:9: ERROR:  invalid input syntax for type integer: "…"',
        ),
        (
            f'pg_restore: error: could not execute query: ERROR:  value "{SECRET}" is out of range for type integer',
            'pg_restore: error: could not execute query: ERROR:  value "…"',
        ),
        (
            f"pg_dump: error: query failed\npg_dump: detail: Query was: {SECRET}",
            "pg_dump: error: query failed",
        ),
        (
            f'psql:<stdin>:9: ERROR:  oops\nCONTEXT:  COPY t, column x: "{SECRET}\n{SECRET}"\npsql:<stdin>:9: closed',
            "psql:<stdin>:9: ERROR:  oops\npsql:<stdin>:9: closed",
        ),
        ("", ""),
    ],
)
def test_every_way_in_which_programs_quote_values_is_closed(said: str, kept: str) -> None:
    assert scrub(said) == kept


@pytest.mark.parametrize(
    ("said", "message", "sqlstate"),
    [
        (f'psql:<stdin>:9: ERROR:  22P02: invalid: "{SECRET}"', 'psql:<stdin>:9: ERROR:  22P02: invalid: "…"', "22P02"),
        (f"psql:<stdin>:9: ERROR:  P0001: {SECRET}", "the database's own code raised an exception (P0001)", "P0001"),
        ("psql failed with exit code 2: psql:<stdin>:1: FATAL:  57P01: ended", "psql failed with exit code 2: psql:<stdin>:1: FATAL:  57P01: ended", "57P01"),
        ("psql: error: connection refused", "psql: error: connection refused", None),
        ("pg_restore: error: ERROR:  no such thing", "pg_restore: error: ERROR:  no such thing", None),
    ],
)  # fmt: skip
def test_a_program_s_failure_carries_the_code_that_psql_tells(
    said: str, message: str, sqlstate: str | None
) -> None:
    failure = program_failure(ProgramFailed(said), "reading t")
    assert (str(failure), failure.sqlstate) == (f"{message} while reading t", sqlstate)


@pytest.mark.parametrize(
    ("kind", "primary", "described"),
    [
        (psycopg.errors.UniqueViolation, 'duplicate key violates "users_key"', 'duplicate key violates "users_key"'),
        (psycopg.errors.UndefinedTable, 'relation "x" does not exist', 'relation "x" does not exist'),
        (psycopg.errors.InvalidTextRepresentation, f'invalid input for integer: "{SECRET}"', 'invalid input for integer: "…"'),
        (psycopg.errors.InvalidTextRepresentation, f'invalid: "a\n{SECRET}"', 'invalid: "…"'),
        (psycopg.errors.InvalidTextRepresentation, f'invalid: "a"{SECRET}"', 'invalid: "…"'),
        (psycopg.errors.InvalidTextRepresentation, f'invalid: "{SECRET}', 'invalid: "…"'),
        (psycopg.errors.InvalidDatetimeFormat, f'invalid value "{SECRET}" for "Mon"', 'invalid value "…"'),
        (psycopg.errors.StringDataRightTruncation, "value too long for type character varying(3)", "value too long for type character varying(3)"),
        (psycopg.errors.RaiseException, f"no such user {SECRET}", "the database's own code raised an exception (P0001)"),
        (psycopg.errors.ExternalRoutineException, SECRET, "the database's own code raised an exception (38000)"),
        (psycopg.OperationalError, None, "None"),
    ],
)  # fmt: skip
def test_errors_are_described_without_the_values_they_quote(
    kind: type[psycopg.Error], primary: str | None, described: str
) -> None:
    assert describe_error(server_error(kind, primary)) == described


def test_an_error_without_a_text_is_described_by_its_name() -> None:
    assert describe_error(psycopg.OperationalError()) == "OperationalError"


def test_a_server_s_error_becomes_ours_with_its_code_and_without_its_cause() -> None:
    error = server_error(psycopg.errors.UniqueViolation, "duplicate key")
    with pytest.raises(ServerFailed) as failure, translated("loading public.t"):
        raise error
    assert str(failure.value) == "duplicate key while loading public.t"
    assert failure.value.sqlstate == "23505"
    assert failure.value.__suppress_context__


def test_a_missing_privilege_is_an_error_of_its_own() -> None:
    error = server_error(psycopg.errors.InsufficientPrivilege, "permission denied for table t")
    with (
        pytest.raises(PrivilegeMissing, match=r"^permission denied for table t while reading t$"),
        translated("reading t"),
    ):
        raise error


def test_our_own_errors_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), translated("dividing"):
        _ = 1 / 0


def test_the_code_is_the_error_s_and_not_that_of_a_warning_before_it() -> None:
    said = "psql failed with exit code 3: psql:<stdin>:3: WARNING:  01000: slow\npsql:<stdin>:9: ERROR:  55P03: canceling statement"
    assert program_failure(ProgramFailed(said), "reading t").sqlstate == "55P03"


def test_out_of_shared_memory_is_told_with_the_setting_that_helps() -> None:
    hint = 'HINT:  You might need to increase "max_locks_per_transaction".'
    said = f"pg_restore failed with exit code 1: pg_restore: error: could not execute query: ERROR:  out of shared memory\n{hint}"
    assert "raise max_locks_per_transaction in that server" in str(
        program_failure(ProgramFailed(said), "restoring")
    )
    error = server_error(psycopg.errors.OutOfMemory, "out of shared memory")
    error.diag.message_hint = hint  # type: ignore[misc]
    assert describe_error(error).startswith(
        "out of shared memory (for more locks than it has room for: raise "
    )
