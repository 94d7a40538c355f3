"""What a server's databases take, and on which disk, as preflight sees it."""

from __future__ import annotations

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.postgres.databases import find_database
from dbtool.postgres.session import connect
from dbtool.refresh.disk import look_at_disk
from tests.databases import execute
from tests.integration.odd_sessions import odd_tablespace

pytestmark = pytest.mark.one_major


def name_of(url: str) -> str:
    return url.rsplit("/", 1)[1]


def test_a_database_whose_files_are_gone_takes_nothing(server: EmbeddedServer, database: str) -> None:
    """As one that is being dropped, or that a crash left half dropped."""
    execute(server.url(), "CHECKPOINT")
    with connect(server.url()) as maintenance:
        there = find_database(maintenance, name_of(database))
        assert there is not None
        assert there.bytes > 0
        folder = server.data / "base" / str(there.oid)
        away = folder.rename(folder.with_name(f"{folder.name}.away"))
        try:
            gone = find_database(maintenance, name_of(database))
            assert gone is not None
            assert gone.bytes == 0
            assert look_at_disk(maintenance, "another").taken > 0
        finally:
            away.rename(folder)


def test_what_is_free_is_known_on_this_machine_and_for_its_usual_disk_alone(
    server: EmbeddedServer, database: str
) -> None:
    name = name_of(database)
    with connect(server.url()) as maintenance, odd_tablespace(server):
        assert look_at_disk(maintenance, name).free
        execute(server.url(), f"ALTER DATABASE {name} SET TABLESPACE dbtool_test_odd")
        try:
            assert look_at_disk(maintenance, name).free is None
        finally:
            execute(server.url(), f"ALTER DATABASE {name} SET TABLESPACE pg_default")
