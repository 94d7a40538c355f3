"""Sessions that begin with odd settings, wherever these come from: the copy is the same as without them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from dbtool.clones.embedded import EmbeddedServer, embedded_server
from dbtool.postgres.binaries import choose_server, find_installations
from dbtool.postgres.urls import parse_url
from dbtool.refresh.pipeline import refresh
from tests.acceptance import inspection
from tests.acceptance.project import wait_until
from tests.databases import execute, query
from tests.integration.refreshing import request_for, rules_of

LoadSchema = Callable[[str], str]
Copy = dict[str, Any]

_SCHEMAS = Path(__file__).parent.parent / "schemas"

_ODD = {
    "DateStyle": "SQL, DMY",
    "TimeZone": "Asia/Kathmandu",
    "IntervalStyle": "sql_standard",
    "search_path": "shadow, pg_catalog, public",
    "client_encoding": "LATIN1",
    "client_min_messages": "debug1",
    "statement_timeout": "250ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "250ms",
    "idle_session_timeout": "250ms",
    "transaction_timeout": "250ms",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "default_tablespace": "dbtool_test_odd",
    "temp_tablespaces": "dbtool_test_odd",
    "default_toast_compression": "pglz",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "xmloption": "document",
    "xmlbinary": "hex",
    "standard_conforming_strings": "off",
    "escape_string_warning": "on",
    "backslash_quote": "off",
    "quote_all_identifiers": "on",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "row_security": "on",
    "session_replication_role": "replica",
    "check_function_bodies": "on",
    "synchronize_seqscans": "on",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_tidscan": "off",
    "enable_partition_pruning": "off",
    "jit_above_cost": "0",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
    "min_parallel_table_scan_size": "0",
    "debug_parallel_query": "on",
    "work_mem": "64kB",
    "maintenance_work_mem": "1MB",
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_parameter_max_length_on_error": "-1",
    "plpgsql.extra_errors": "all",
}
_LISTS = {"search_path", "temp_tablespaces"}
_OF_SUPERUSERS = {"session_replication_role", "log_statement", "log_min_duration_statement"}
_SINCE = {"transaction_timeout": 17, "debug_parallel_query": 16}

_RULES = """\
  public.value:
    {id: {keep: k}, born: {keep: k}, day: {keep: k}, moment: {keep: k}, local: {keep: k}, clock: {keep: k}, span: {keep: k},
     spans: {keep: k}, cash: {keep: k}, number: {keep: k}, single: {keep: k}, double: {keep: k}, raw: {keep: k}, body: {keep: k},
     tags: {keep: k}, words: {keep: k}, feeling: {keep: k}, during: {keep: k}, until: {keep: k}, place: {keep: k}, note: {keep: k}}
  public.person:
    id: {mask: permute_integer}
    email: {mask: email}
    born: {mask: shift_date, by: id}
    seen: {mask: shift_date, by: id}
    wage: {mask: amount_noise}
    phone: {mask: phone}
    aliases: {each: {mask: email}}
    papers: {json: {"$.email": {mask: email}, "$.n": {keep: k}}}
    said: {mask: sql, expression: public.slowly(said)}
    manager: {mask: permute_integer}
  public.reading: {at: {keep: k}, amount: {keep: k}, person: {mask: permute_integer}}
  shadow.pg_class: {oid: {keep: k}, relname: {keep: k}, relkind: {keep: k}, note: {keep: k}}
  shadow.pg_namespace: {oid: {keep: k}, nspname: {keep: k}}
"""
_SUBSET = """\
subset:
  roots:
    - {table: public.person, percent: 20}
    - {table: public.person, where: "seen = '2024-01-31 00:00' OR manager = NULL"}
    - {table: public.value, limit: 30}
  referencing:
    edges:
      public.person.manager: none
      public.reading.person: {max_per_row: 2, order: at}
"""


@dataclass(frozen=True, slots=True)
class Ends:
    """URLs of the superuser's, and of roles that may do no more than they must."""

    source: str
    target: str
    maintenance: str
    reader: str
    writer: str

    def names(self) -> tuple[str, ...]:
        return tuple(parse_url(url)["dbname"] for url in (self.source, self.target, self.maintenance))


def as_role(url: str, role: str) -> str:
    return make_conninfo("", **{**parse_url(url), "user": role, "password": "odd"})


def odd_settings(server: EmbeddedServer) -> dict[str, str]:
    return {name: value for name, value in _ODD.items() if _SINCE.get(name, 0) <= server.major}


def spell(name: str, value: str) -> str:
    return f"{name} = {value}" if name in _LISTS else f"{name} = {sql.Literal(value).as_string()}"


def set_for(server: EmbeddedServer, *subjects: str) -> None:
    """ALTER … SET, as the superuser says it."""
    settings = odd_settings(server).items()
    execute(
        server.url(),
        "".join(f"ALTER {subject} SET {spell(*each)};" for subject in subjects for each in settings),
    )


@pytest.fixture
def ends(
    server: EmbeddedServer, load_schema: LoadSchema, target_url: str, make_database: Callable[[], str]
) -> Iterator[Ends]:
    source, maintenance = load_schema("session_dependent"), make_database()
    for url in (source, maintenance):
        execute(url, (_SCHEMAS / "shadow_names.sql").read_text(encoding="utf-8"))
    name = parse_url(target_url)["dbname"]
    reader, writer = f"{name}reader", f"{name}writer"
    execute(
        server.url(),
        f"CREATE ROLE {reader} LOGIN PASSWORD 'odd'; GRANT pg_read_all_data TO {reader};"
        f"CREATE ROLE {writer} LOGIN PASSWORD 'odd' CREATEDB; GRANT pg_signal_backend TO {writer};"
        f"ALTER DATABASE {name} OWNER TO {writer}",
    )
    with odd_tablespace(server):
        yield Ends(source, target_url, maintenance, as_role(source, reader), as_role(target_url, writer))


@contextmanager
def odd_tablespace(server: EmbeddedServer) -> Iterator[None]:
    """Nobody but superusers may make anything in it."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("SET allow_in_place_tablespaces = on")
        connection.execute("CREATE TABLESPACE dbtool_test_odd LOCATION ''")
    try:
        yield
    finally:
        execute(server.url(), "DROP TABLESPACE dbtool_test_odd")


def copy(ends: Ends, folder: Path, subset: str, source: str | None = None, target: str | None = None) -> None:
    rules = rules_of(_RULES + subset, folder)
    maintenance = parse_url(ends.maintenance)["dbname"]
    refresh(
        request_for(
            source or ends.source,
            target or ends.target,
            folder,
            rules,
            maintenance_database=maintenance,
            adopt=True,
        )
    )


@pytest.fixture(scope="session")
def _plain_copies() -> dict[tuple[int, str], Copy]:
    return {}


@pytest.fixture
def expected(
    server: EmbeddedServer,
    ends: Ends,
    tmp_path: Path,
    *,
    subset: str,
    _plain_copies: dict[tuple[int, str], Copy],
) -> Copy:
    """The copy of the same rows by sessions without oddities, made once: it is the same every time."""
    key = server.port, subset
    if key not in _plain_copies:
        copy(ends, tmp_path, subset, ends.reader, ends.writer)
        _plain_copies[key] = describe(server, ends.target)
    return _plain_copies[key]


def describe(server: EmbeddedServer, url: str) -> Copy:
    """All that is in a copy."""
    return {
        "rows": inspection.count_rows(url),
        "values": inspection.checksum_kept(url, inspection.find_columns(url)),
        "sequences": query(
            url, "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"
        ),
        "spaces": query(url, "SELECT relname FROM pg_class WHERE reltablespace <> 0 AND NOT relisshared"),
        "schema": inspection.dump_schema(server, url),
    }


@pytest.fixture(params=["", _SUBSET], ids=["whole", "subset"])
def subset(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_settings_of_roles_change_nothing(
    server: EmbeddedServer, ends: Ends, tmp_path: Path, subset: str, expected: Copy
) -> None:
    roles = [parse_url(url)["user"] for url in (ends.reader, ends.writer)]
    set_for(server, *(f"ROLE {role}" for role in roles))
    copy(ends, tmp_path, subset, ends.reader, ends.writer)
    assert describe(server, ends.target) == expected


@pytest.mark.parametrize("said_of", ["DATABASE {}", "ROLE postgres IN DATABASE {}"])
def test_settings_of_databases_change_nothing(
    server: EmbeddedServer, ends: Ends, tmp_path: Path, *, subset: str, expected: Copy, said_of: str
) -> None:
    set_for(server, *(said_of.format(name) for name in ends.names()))
    copy(ends, tmp_path, subset)
    carried = query(
        ends.target, "SELECT current_setting('DateStyle'), current_setting('transform_null_equals')"
    )
    assert carried == [("SQL, DMY", "on")]
    execute(server.url(), f"ALTER {said_of} RESET ALL".format(parse_url(ends.target)["dbname"]))
    assert describe(server, ends.target) == expected


def test_the_caller_s_environment_changes_nothing(
    server: EmbeddedServer,
    ends: Ends,
    tmp_path: Path,
    *,
    subset: str,
    expected: Copy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {**odd_settings(server), "default_tablespace": ""}
    options = " ".join(f"-c {name}={value}".replace(", ", ",\\ ") for name, value in settings.items())
    (tmp_path / ".psqlrc").write_text("\\set ON_ERROR_STOP off\nSET DateStyle = 'SQL, DMY'; SELECT 'odd';\n")
    with monkeypatch.context() as patch:
        for name, value in {
            "HOME": str(tmp_path),
            "PSQLRC": str(tmp_path / ".psqlrc"),
            "PGOPTIONS": options,
            "PGCLIENTENCODING": "LATIN1",
            "PGDATESTYLE": "German",
            "PGTZ": "America/St_Johns",
            "PGGEQO": "off",
            "PGSSLMODE": "prefer",
            "PGAPPNAME": "odd",
            "PGDATABASE": "odd",
            "PGUSER": "odd",
        }.items():
            patch.setenv(name, value)
        copy(ends, tmp_path, subset)
    assert describe(server, ends.target) == expected


_LOGIN = """
CREATE FUNCTION shadow.greet() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE WARNING 'welcome';
    {}
END $$;
CREATE EVENT TRIGGER greet ON login EXECUTE FUNCTION shadow.greet();
ALTER EVENT TRIGGER greet ENABLE ALWAYS
"""


@pytest.mark.one_major  # 17 and newer know the event
def test_what_a_login_trigger_sets_changes_nothing(
    server: EmbeddedServer, ends: Ends, tmp_path: Path, subset: str, expected: Copy
) -> None:
    settings = "".join(
        f"PERFORM pg_catalog.set_config({sql.Literal(name).as_string()}, {sql.Literal(value).as_string()}, false);"
        for name, value in odd_settings(server).items()
        if name not in {"client_encoding", "temp_tablespaces", *_OF_SUPERUSERS}
    )
    for url in (ends.source, ends.maintenance):
        execute(url, _LOGIN.format(settings))
    copy(ends, tmp_path, subset, ends.reader, ends.writer)
    assert query(ends.target, "SELECT evtname FROM pg_event_trigger") == []
    execute(ends.target, "DROP FUNCTION shadow.greet()")
    assert describe(server, ends.target) == expected


@pytest.fixture
def own_server(newest_server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    installation = choose_server(find_installations(), newest_server.major)
    with embedded_server(installation=installation, settings={"fsync": "off"}) as server:
        yield server


def configure(server: EmbeddedServer, settings: Mapping[str, str]) -> None:
    """In the server's own configuration, which new sessions begin with. No setting: none but its first ones."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM RESET ALL")
        for name, value in settings.items():
            connection.execute(f"ALTER SYSTEM SET {spell(name, value)}".encode())
        connection.execute("SELECT pg_reload_conf()")
    assert query(server.url(), "SELECT name, error FROM pg_file_settings WHERE error IS NOT NULL") == []
    date_style = settings.get("DateStyle", "ISO, MDY")
    wait_until(lambda: query(server.url(), "SHOW DateStyle") == [(date_style,)], "the server has read it")


def test_the_server_s_configuration_changes_nothing_and_its_log_tells_no_row(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    """Statements and their parameters are logged, of both ends."""
    source, target, maintenance = (own_server.url(name) for name in ("odd_source", "odd_target", "postgres"))
    execute(own_server.url(), "CREATE DATABASE odd_source")
    for name in ("session_dependent", "shadow_names"):
        execute(source, (_SCHEMAS / f"{name}.sql").read_text(encoding="utf-8"))
    ends = Ends(source, target, maintenance, source, target)
    odd = {**odd_settings(own_server), "log_parameter_max_length": "-1"}
    del odd["client_encoding"]  # no server takes it from there
    with odd_tablespace(own_server):
        for subset in ("", _SUBSET):
            copy(ends, tmp_path, subset)
            expected = describe(own_server, target)
            configure(own_server, odd)
            before = _log_of(own_server).stat().st_size
            copy(ends, tmp_path, subset)
            told = _log_of(own_server).read_bytes()[before:]
            configure(own_server, {})
            assert describe(own_server, target) == expected
            assert b"COPY (SELECT" in told
            assert [word for word in _PRIVATE if word in told] == []


_PRIVATE = (b"@lovelace.dk", b"+45 2012", b"mumbled", "straße".encode())


def _log_of(server: EmbeddedServer) -> Path:
    return server.data / "server.log"
