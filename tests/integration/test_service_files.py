"""A service file: PostgreSQL's programs must reach what our own connections reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.catalog.relations import RelationName
from dbtool.errors import UrlInvalid
from dbtool.postgres.binaries import choose_server, find_installations
from dbtool.postgres.copy_io import CopyReader, DriverReader, PsqlReader
from dbtool.postgres.copy_out import CopyOut
from dbtool.postgres.parameters import program_environment
from dbtool.postgres.urls import parse_url
from tests.databases import execute

TwoDatabases = tuple[str, str]
NAMES = CopyOut(RelationName("public", "name"), ("name",))


@pytest.fixture
def ends(two_databases: TwoDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The URLs of two databases; the service leads to the second."""
    wanted, other = two_databases
    for url, name in ((wanted, "wanted"), (other, "other")):
        execute(url, f"CREATE TABLE name AS SELECT '{name}' AS name")
    settings = "".join(f"{keyword}={value}\n" for keyword, value in parse_url(other).items())
    (tmp_path / ".pg_service.conf").write_text(f"[shop]\n{settings}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PGSERVICEFILE", raising=False)
    return wanted, other


def read(reader: CopyReader) -> bytes:
    with reader.open(NAMES) as blocks:
        return b"".join(blocks)


def both(url: str, database: str | None = None) -> set[bytes]:
    psql = choose_server(find_installations()).program("psql")
    return {
        read(PsqlReader(psql, lambda: url, database=database)),
        read(DriverReader(lambda: url, database=database)),
    }


def test_a_database_that_is_asked_for_comes_before_the_service_s(ends: tuple[str, str]) -> None:
    wanted = parse_url(ends[0])["dbname"]
    assert both("service=shop") == {b"other\n"}
    assert both("service=shop", wanted) == {b"wanted\n"}
    assert both(f"postgresql:///{wanted}?service=shop") == {b"wanted\n"}


def test_a_service_in_our_environment_changes_no_url(
    ends: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSERVICE", "shop")
    assert both(ends[0]) == {b"wanted\n"}


@pytest.mark.usefixtures("ends")
def test_a_service_that_is_not_defined_is_said_so() -> None:
    with pytest.raises(UrlInvalid, match="not defined in the service file"):
        program_environment("service=shoop")
