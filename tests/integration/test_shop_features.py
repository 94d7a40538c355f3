"""The shop is hard, so that what passes with it says something: each thing that breaks tools is really in it.

Every feature is asked for by a query that gives true, and is then taken away: the same query must notice.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.demo.project import migrate_shop
from dbtool.demo.shop import fill_shop
from dbtool.postgres.session import Connection, connect
from tests.databases import execute, own_database
from tests.integration.shop_features import FEATURES, Feature

_ROWS = 2_000


@pytest.fixture(scope="module")
def filled(newest_server: EmbeddedServer) -> Iterator[str]:
    with own_database(newest_server, "dbtool_test_shop_features") as url:
        migrate_shop(url)
        with connect(url) as connection:
            fill_shop(connection, rows=_ROWS, seed=1)
        yield url


def has(connection: Connection, feature: Feature) -> bool:
    return connection.execute(feature.asked.encode()).fetchone() == (True,)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_the_shop_has(filled: str, feature: Feature) -> None:
    with connect(filled) as connection:
        assert has(connection, feature)
        with connection.transaction(force_rollback=True):
            connection.execute(feature.undone.encode())
            assert not has(connection, feature)


def test_the_embedded_servers_bring_what_the_shop_needs(server: EmbeddedServer) -> None:
    with connect(server.url()) as connection:
        found = connection.execute(
            "SELECT name FROM pg_available_extension_versions WHERE name IN ('citext', 'btree_gist') AND trusted"
        ).fetchall()
    assert {name for (name,) in found} == {"citext", "btree_gist"}


def test_a_role_that_owns_the_database_and_nothing_else_can_make_the_shop(server: EmbeddedServer) -> None:
    role = f"dbtool_test_owner_{os.getpid()}"
    execute(server.url(), f"CREATE ROLE {role} LOGIN PASSWORD 'owner'")
    with own_database(server, f"{role}_") as url:
        execute(url, f"ALTER DATABASE {role}_ OWNER TO {role}")
        parts = urlsplit(url)
        owners = parts._replace(netloc=f"{role}:owner@{parts.hostname}:{parts.port}").geturl()
        migrate_shop(owners)
        with connect(owners) as connection:
            fill_shop(connection, rows=_ROWS, seed=1)
            assert connection.execute("SELECT count(*) > 0 FROM public.support_tickets").fetchone() == (True,)
            assert connection.execute(
                "SELECT usesuper FROM pg_user WHERE usename = current_user"
            ).fetchone() == (False,)
    execute(server.url(), f"DROP ROLE {role}")
