import socket
from types import SimpleNamespace

import psycopg
import pytest

from dbtool.errors import (
    PrivilegeMissing,
    ProgramFailed,
    ServerFailed,
    ServerUnreachable,
    UrlInvalid,
)
from dbtool.postgres.session import (
    CONNECT_TIMEOUT_S,
    PINNED_SETTINGS_SQL,
    connect,
    database_name,
    describe_error,
    parse_url,
    program_environment,
    program_failure,
    scrub,
    translated,
)

SECRET = "hunter2"


def refusal(url: str) -> str:
    with pytest.raises(UrlInvalid) as failure:
        parse_url(url)
    return str(failure.value)


def server_error(kind: type[psycopg.Error], primary: str | None) -> psycopg.Error:
    """As the server sends it: what it says besides its primary message is never looked at."""
    diag = SimpleNamespace(message_primary=primary, message_detail=f"Key (x)=({SECRET})")
    made: psycopg.Error = type("Sent", (kind,), {"diag": diag})(f"{primary}\nDETAIL:  Key (x)=({SECRET})")
    return made


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h:5433/d", {"user": "u", "password": "p", "host": "h", "port": "5433", "dbname": "d"}),
        ("postgres://u@h/d", {"user": "u", "host": "h", "dbname": "d"}),
        ("postgresql+psycopg://u@h/d", {"user": "u", "host": "h", "dbname": "d"}),
        ("PostgreSQL+psycopg2://u@h/d", {"user": "u", "host": "h", "dbname": "d"}),
        ("  postgresql://h/d\n", {"host": "h", "dbname": "d"}),
        ("postgresql:///d", {"dbname": "d"}),
        ("postgresql+psycopg:///d?host=/run/pg&port=1", {"dbname": "d", "host": "/run/pg", "port": "1"}),
        ("postgresql://%2Frun%2Fpg/d", {"host": "/run/pg", "dbname": "d"}),
        ("postgresql://u:a%40b%2Fc%23@h/d", {"user": "u", "password": "a@b/c#", "host": "h", "dbname": "d"}),
        ("postgresql://u:a#b?[c]℀@h/d", {"user": "u", "password": "a#b?[c]℀", "host": "h", "dbname": "d"}),
        ("postgresql://[::1]:5433/d?sslmode=require", {"host": "::1", "port": "5433", "dbname": "d", "sslmode": "require"}),
        ("postgresql://a:1,b:2/d", {"host": "a,b", "port": "1,2", "dbname": "d"}),
        ("postgresql:///d?options=-c%20a.b%3Dc@d/e", {"dbname": "d", "options": "-c a.b=c@d/e"}),
        ("host=/run/pg dbname='a b' password='x@/y'", {"host": "/run/pg", "dbname": "a b", "password": "x@/y"}),
    ],
)  # fmt: skip
def test_every_form_of_a_url_is_read(url: str, expected: dict[str, str]) -> None:
    assert parse_url(url) == expected


def test_another_database_can_be_asked_for() -> None:
    assert parse_url("postgresql://h/d", database="other") == {"host": "h", "dbname": "other"}


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://u:{SECRET}@h/d",
        f"sqlite:///{SECRET}",
        f"{SECRET}",
        f"postgresql://u:{SECRET}@h/d?no_such_option=1",
        f"postgresql://u:{SECRET}%zz@h/d",
        f"postgresql://u:a@{SECRET}@h/d",
        f"postgresql://u:a/{SECRET}@h/d",
        f"postgresql://u:12/{SECRET}@h/d",
        f"postgresql://u:{SECRET}/a@h/d",
        f"postgresql://h:{SECRET}/d",
        f"host=h port={SECRET}",
        f"postgresql://u:a?b/{SECRET}@h/d",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_quoting_it(url: str) -> None:
    assert SECRET not in refusal(url)


def test_a_password_with_bare_signs_is_told_to_be_encoded() -> None:
    assert "percent-encode" in refusal("postgresql://u:a@b@h/d")
    assert "percent-encode" in refusal("postgresql://u:a/b@h/d")


def test_the_database_is_the_url_s_and_never_the_user_s_by_default() -> None:
    assert database_name("postgresql://u@h/d") == "d"
    for url in ("postgresql://u@h", "postgresql://u@h/", "postgresql://h", "host=h user=u"):
        with pytest.raises(UrlInvalid, match="names no database"):
            database_name(url)


def test_programs_are_told_everything_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "PGHOST",
        "PGPORT",
        "PGUSER",
        "PGPASSWORD",
        "PGDATABASE",
        "PGSSLMODE",
        "PGOPTIONS",
        "PGPASSFILE",
    ):
        monkeypatch.delenv(name, raising=False)
    url = f"postgresql://u:{SECRET}@h:5433/d?sslmode=require"
    assert program_environment(url, database="other", application_name="dbtool test") == {
        "PGUSER": "u",
        "PGPASSWORD": SECRET,
        "PGHOST": "h",
        "PGPORT": "5433",
        "PGDATABASE": "other",
        "PGSSLMODE": "require",
        "PGCONNECT_TIMEOUT": str(CONNECT_TIMEOUT_S),
        "PGAPPNAME": "dbtool test",
    }


def test_programs_reach_what_our_own_connections_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our libpq reads these variables in our process, and programs.py lets none of them through."""
    monkeypatch.setenv("PGHOST", "from-environment")
    monkeypatch.setenv("PGPASSWORD", SECRET)
    monkeypatch.setenv("PGAPPNAME", "not ours")
    environment = program_environment("postgresql://u@h/d")
    assert environment["PGHOST"] == "h"
    assert environment["PGPASSWORD"] == SECRET
    assert environment["PGAPPNAME"] == "dbtool"
    assert program_environment("postgresql:///d")["PGHOST"] == "from-environment"


def test_a_parameter_that_no_variable_carries_is_refused_by_name_alone() -> None:
    with pytest.raises(UrlInvalid, match="keepalives_idle") as failure:
        program_environment(f"postgresql://u:{SECRET}@h/d?keepalives_idle=77")
    assert SECRET not in str(failure.value)
    assert "77" not in str(failure.value)


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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_a_server_that_is_not_there_is_named_with_the_reason_and_without_the_password() -> None:
    port = free_port()
    with pytest.raises(ServerUnreachable) as failure:
        connect(f"postgresql://u:{SECRET}@127.0.0.1:{port}/d")
    assert str(failure.value).startswith(f"cannot connect to 127.0.0.1:{port}/d: ")
    assert "refused" in str(failure.value)
    assert SECRET not in str(failure.value)


def test_a_session_whose_settings_cannot_be_pinned_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []

    def refuse(_settings: bytes) -> None:
        raise server_error(psycopg.errors.UndefinedObject, "unrecognised parameter")

    pooled = SimpleNamespace(
        execute=refuse, close=lambda: closed.append(True), info=SimpleNamespace(server_version=170000)
    )
    monkeypatch.setattr(psycopg, "connect", lambda **_parameters: pooled)
    with pytest.raises(ServerFailed, match="unrecognised parameter while setting up the session"):
        connect("postgresql://h/d")
    assert closed == [True]


def test_every_timeout_is_pinned_to_none() -> None:
    for name in ("statement", "lock", "idle_in_transaction_session", "idle_session"):
        assert f"SET {name}_timeout = '0';\n" in PINNED_SETTINGS_SQL
