"""Whatever env.py connects to, it is our database or nothing: a listener on another port sees no visitor."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from dbtool.migrate.runner.run import Place
from tests.integration.running import (
    USUAL,
    WITH_ASYNC_ENGINE,
    WITH_ENGINE,
    Listener,
    make_project,
    run_all,
    tables_in,
)

pytestmark = pytest.mark.one_major

_ENGINE = """
from alembic import context
from sqlalchemy import create_engine
engine = create_engine("{scheme}://someone:hunter2@127.0.0.1:{port}/other")
"""
_ASYNC_ENGINE = """
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
engine = create_async_engine("{scheme}://someone:hunter2@127.0.0.1:{port}/other")
"""
_CREATOR = """
from alembic import context
from sqlalchemy import create_engine, pool
import psycopg
def make():
    return psycopg.connect("host=127.0.0.1 port={port} dbname=other user=someone password=hunter2")
"""
_ASYNC_CREATOR = """
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
import asyncpg
async def make():
    return await asyncpg.connect("postgresql://someone:hunter2@127.0.0.1:{port}/other")
engine = create_async_engine("postgresql+asyncpg://", async_creator=make)
"""
_BY_CREATOR = {
    "creator": _CREATOR + 'engine = create_engine("postgresql+psycopg://", creator=make)' + WITH_ENGINE,
    "pool": _CREATOR
    + 'engine = create_engine("postgresql+psycopg://", pool=pool.QueuePool(make))'
    + WITH_ENGINE,
    "async_creator": _ASYNC_CREATOR + WITH_ASYNC_ENGINE,
}
_DIRECT = {
    "psycopg": 'import psycopg; psycopg.connect("host=127.0.0.1 port={port} dbname=other")',
    "psycopg class": 'import psycopg; psycopg.Connection.connect("host=127.0.0.1 port={port} dbname=other")',
    "psycopg async": "import asyncio, psycopg\n"
    'asyncio.run(psycopg.AsyncConnection.connect("host=127.0.0.1 port={port} dbname=other"))',
    "psycopg pq": 'from psycopg import pq; pq.PGconn.connect(b"host=127.0.0.1 port={port} dbname=other")',
    "psycopg pq start": 'from psycopg import pq; pq.PGconn.connect_start(b"host=127.0.0.1 port={port}").connect_poll()',
    "psycopg ping": 'from psycopg import pq; pq.PGconn.ping(b"host=127.0.0.1 port={port} dbname=other")',
    "psycopg binary": "import psycopg; from psycopg_binary.pq import PGconn\n"
    'PGconn.connect(b"host=127.0.0.1 port={port} dbname=other")',
    "psycopg2": 'import psycopg2; psycopg2.connect(host="127.0.0.1", port={port}, dbname="other")',
    "psycopg2 type": 'import psycopg2.extensions as e; e.connection("host=127.0.0.1 port={port} dbname=other")',
    "psycopg2 C type": "import psycopg2; from psycopg2._psycopg import connection\n"
    'connection("host=127.0.0.1 port={port} dbname=other")',
    "psycopg2 C function": 'from psycopg2._psycopg import _connect; _connect("host=127.0.0.1 port={port} dbname=other")',
    "psycopg2 extras": 'from psycopg2.extras import DictConnection; DictConnection("host=127.0.0.1 port={port}")',
    "psycopg2 pool": "from psycopg2.pool import SimpleConnectionPool\n"
    'SimpleConnectionPool(1, 1, host="127.0.0.1", port={port}, dbname="other")',
    "asyncpg": 'import asyncio, asyncpg; asyncio.run(asyncpg.connect("postgresql://u@127.0.0.1:{port}/other"))',
    "asyncpg pool": "import asyncio, asyncpg\nasync def go():\n"
    '    await asyncpg.create_pool("postgresql://u@127.0.0.1:{port}/other")\nasyncio.run(go())',
    "pg8000": 'import pg8000; pg8000.connect("u", host="127.0.0.1", port={port}, database="other")',
    "pg8000 dbapi": 'import pg8000.dbapi; pg8000.dbapi.Connection("u", host="127.0.0.1", port={port}, database="other")',
    "pg8000 native": 'import pg8000.native; pg8000.native.Connection("u", host="127.0.0.1", port={port})',
}

_TRY_EACH = """
for name, code in {ways!r}.items():
    try:
        exec(code, dict())
        print(name + ": went through")
    except BaseException as error:
        print(name + ": " + type(error).__name__)
"""


_EACH_ENGINE = pytest.mark.parametrize(
    ("env", "scheme"),
    [
        (_ENGINE + WITH_ENGINE, "postgresql+psycopg"),
        (_ENGINE + WITH_ENGINE, "postgresql+psycopg2"),
        (_ENGINE + WITH_ENGINE, "postgresql+pg8000"),
        (_ASYNC_ENGINE + WITH_ASYNC_ENGINE, "postgresql+asyncpg"),
        (_ASYNC_ENGINE + WITH_ASYNC_ENGINE, "postgresql+psycopg"),
    ],
)


@_EACH_ENGINE
def test_an_engine_for_another_address_is_refused_and_sends_nothing(
    env: str, scheme: str, tmp_path: Path, database: str, listener: Listener
) -> None:
    project = make_project(tmp_path, env.format(scheme=scheme, port=listener.port))
    outcome = run_all(project, database)
    assert outcome.elsewhere == [f"127.0.0.1:{listener.port}/other"]
    assert outcome.raised is not None
    assert outcome.raised.kind == "ConnectsElsewhere"
    assert "hunter2" not in str(outcome)
    assert "someone" not in str(outcome)
    assert listener.visitors == 0
    assert tables_in(database) == set()


@_EACH_ENGINE
def test_with_redirect_such_an_engine_is_led_to_our_database(
    env: str, scheme: str, tmp_path: Path, database: str, listener: Listener
) -> None:
    project = make_project(tmp_path, env.format(scheme=scheme, port=listener.port), redirect=True)
    outcome = run_all(project, database)
    assert outcome.raised is None
    assert outcome.elsewhere == []
    assert outcome.redirected == [f"127.0.0.1:{listener.port}/other"]
    assert listener.visitors == 0
    assert tables_in(database) == {"first_table", "second_table", "alembic_version"}


@pytest.mark.parametrize("env", _BY_CREATOR.values(), ids=_BY_CREATOR)
def test_connections_of_its_own_making_are_refused(
    env: str, tmp_path: Path, database: str, listener: Listener
) -> None:
    outcome = run_all(make_project(tmp_path, env.replace("{port}", str(listener.port))), database)
    assert outcome.elsewhere == ["wherever its creator= leads"]
    assert outcome.raised is not None
    assert listener.visitors == 0
    assert tables_in(database) == set()


@pytest.mark.parametrize("env", _BY_CREATOR.values(), ids=_BY_CREATOR)
def test_with_redirect_they_are_made_to_our_database(
    env: str, tmp_path: Path, database: str, listener: Listener
) -> None:
    project = make_project(tmp_path, env.replace("{port}", str(listener.port)), redirect=True)
    outcome = run_all(project, database)
    assert outcome.raised is None
    assert listener.visitors == 0
    assert "second_table" in tables_in(database)


@pytest.mark.parametrize("redirect", [False, True], ids=["", "redirect"])
def test_a_driver_used_without_sqlalchemy_is_refused(
    redirect: bool, tmp_path: Path, database: str, listener: Listener
) -> None:
    ways = {name: code.replace("{port}", str(listener.port)) for name, code in _DIRECT.items()}
    outcome = run_all(make_project(tmp_path, _TRY_EACH.format(ways=ways), redirect=redirect), database)
    assert outcome.output.splitlines() == [f"{name}: ConnectsElsewhere" for name in ways]
    assert outcome.elsewhere == [
        f"a database with {driver} itself, past SQLAlchemy,"
        for driver in ("psycopg", "psycopg2", "asyncpg", "pg8000")
    ]
    assert listener.visitors == 0


_BY_VARIABLES = """
import os
os.environ.update({variables!r})
from alembic import context
from sqlalchemy import create_engine
engine = create_engine("postgresql+psycopg://")
"""


@pytest.mark.parametrize(
    "variables",
    [
        {"PGHOST": "localhost", "PGPORT": "{port}"},
        {"PGHOSTADDR": "127.0.0.2"},
        {"PGSERVICE": "other", "PGSERVICEFILE": "services"},
        {"PGDATABASE": "other"},
    ],
    ids=str,
)
@pytest.mark.parametrize("redirect", [False, True], ids=["", "redirect"])
def test_no_variable_that_env_py_sets_leads_elsewhere(
    variables: dict[str, str], redirect: bool, tmp_path: Path, database: str, listener: Listener
) -> None:
    changed = {name: value.format(port=listener.port) for name, value in variables.items()}
    project = make_project(tmp_path, _BY_VARIABLES.format(variables=changed) + WITH_ENGINE, redirect=redirect)
    (tmp_path / "services").write_text(f"[other]\nhost=127.0.0.1\nport={listener.port}\n")
    outcome = run_all(project, database)
    assert (outcome.raised is None) is redirect
    assert len(outcome.redirected if redirect else outcome.elsewhere) == 1
    assert listener.visitors == 0
    assert ("second_table" in tables_in(database)) is redirect


_LISTENING = """
from sqlalchemy import event
from sqlalchemy.engine import Engine

@event.listens_for(Engine, "do_connect", insert=True)
def connect(dialect, record, arguments, parameters):
    parameters["port"] = {port}
    if {makes}:
        import psycopg
        return psycopg.connect("host=127.0.0.1 port={port} dbname=other")
"""


@pytest.mark.parametrize("makes", [False, True])
def test_a_listener_that_env_py_adds_leads_nobody_elsewhere(
    makes: bool, tmp_path: Path, database: str, listener: Listener
) -> None:
    run_all(make_project(tmp_path, _LISTENING.format(port=listener.port, makes=makes) + USUAL), database)
    assert listener.visitors == 0


def test_the_right_database_proves_itself(tmp_path: Path, database: str) -> None:
    query = "SELECT oid::text, system_identifier::text FROM pg_database, pg_control_system() WHERE datname = current_database()"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS 'a clone, nonce 4711'").format(
                sql.Identifier(connection.info.dbname)
            )
        )
        oid, identifier = connection.execute(query).fetchone() or ("", "")
    place = Place(database, oid=oid, nonce="nonce 4711", system_identifier=identifier)
    assert run_all(make_project(tmp_path), place).raised is None


def test_another_database_at_our_address_is_refused_before_anything_is_executed(
    tmp_path: Path, database: str
) -> None:
    for place in (
        Place(database, oid="1"),
        Place(database, nonce="not in its comment"),
        Place(database, system_identifier="1"),
    ):
        outcome = run_all(make_project(tmp_path / str(hash(place))), place)
        assert outcome.raised is not None
        assert outcome.elsewhere == ["another database at our address"]
    assert tables_in(database) == set()
