"""Servers and databases for the tests: one embedded server per major and session, one database per test.

DBTOOL_TEST_MAJORS names the majors, "18,17" by default. DBTOOL_TEST_DATA names the folder of real data sets.
A test is skipped only for a reason that begins "cannot run here: "; any other skip is a failure.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dbtool.clones.embedded import EmbeddedServer, embedded_server
from dbtool.postgres.binaries import choose_server, find_installations
from tests.databases import create_database, drop_databases
from tests.examples import load_profile
from tests.memory import keep_temporary_files_in_memory

_MAJORS = tuple(int(major) for major in os.environ.get("DBTOOL_TEST_MAJORS", "18,17").split(","))
_HASTE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "512MB"}
_REPOSITORY = Path(__file__).parent.parent
_WHOLE_RUNS = ("test_refresh_", "test_edge_", "test_clone_")
_CANNOT_RUN = "cannot run here: "

ServerOf = Callable[[int], EmbeddedServer]
MakeDatabase = Callable[[], str]


def pytest_configure(config: pytest.Config) -> None:
    load_profile()
    if not hasattr(config, "workerinput"):  # the workers of xdist inherit it
        config.add_cleanup(keep_temporary_files_in_memory())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_idle_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_idle_skip(report)
    return report


def _fail_idle_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and isinstance(report.longrepr, tuple):
        path, line, reason = report.longrepr
        if not reason.removeprefix("Skipped: ").startswith(_CANNOT_RUN):
            report.outcome = "failed"
            report.longrepr = f"{path}:{line}: {reason!r}: a skip must begin with {_CANNOT_RUN!r}"


@pytest.fixture(scope="session", autouse=True)
def _pools_are_kept_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Drawn pools are shared by the workers and their programs, and nothing is left in anybody's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBTOOL_CACHE", str(tmp_path_factory.getbasetemp().parent / "pools"))
        yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of what is marked one_major only the newest server's turn is taken; of whole refreshes, and of what goes through the
    command, the newest's and the oldest's: what lies between has no catalog of its own kind, and is read by other tests.
    """
    left_out = {item for item in items if not _takes_its_turn(item)}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def _takes_its_turn(item: pytest.Item) -> bool:
    spec = getattr(item, "callspec", None)
    major = spec.params.get("server", max(_MAJORS)) if spec is not None else max(_MAJORS)
    if item.get_closest_marker("one_major") is not None:
        return bool(major == max(_MAJORS))
    if item.path.parent.name == "acceptance" or item.path.name.startswith(_WHOLE_RUNS):
        return major in {min(_MAJORS), max(_MAJORS)}
    return True


@pytest.fixture(scope="session")
def server_of() -> Iterator[ServerOf]:
    """The session's server of a major, started when first asked for."""
    started: dict[int, EmbeddedServer] = {}
    with ExitStack() as stack:

        def get(major: int) -> EmbeddedServer:
            if major not in started:
                installation = choose_server(find_installations(), major)
                started[major] = stack.enter_context(
                    embedded_server(installation=installation, settings=_HASTE)
                )
            return started[major]

        yield get


@pytest.fixture(params=_MAJORS, ids=lambda major: f"pg{major}")
def server(request: pytest.FixtureRequest, server_of: ServerOf) -> EmbeddedServer:
    """Runs the test once per major."""
    return server_of(request.param)


@pytest.fixture(scope="session")
def newest_server(server_of: ServerOf) -> EmbeddedServer:
    """For tests to which the major makes no difference."""
    return server_of(max(_MAJORS))


@pytest.fixture
def make_database(server: EmbeddedServer, database_numbers: Iterator[int]) -> Iterator[MakeDatabase]:
    """Each call makes an empty database and returns its URL; all are dropped after the test.

    So is every other database of the server whose name begins with the new one's, as candidates' and previous
    ones' names do.
    """
    made: list[str] = []

    def make() -> str:
        made.append(f"dbtool_test_{os.getpid()}_{next(database_numbers)}_")
        return create_database(server, made[-1])

    yield make
    drop_databases(server, *made)


@pytest.fixture(scope="session")
def database_numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def database(make_database: MakeDatabase) -> str:
    """The URL of an empty database that is this test's alone."""
    return make_database()


@pytest.fixture
def source_url(make_database: MakeDatabase) -> str:
    return make_database()


@pytest.fixture
def target_url(make_database: MakeDatabase) -> str:
    return make_database()


@pytest.fixture
def two_databases(source_url: str, target_url: str) -> tuple[str, str]:
    return source_url, target_url


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets (pagila, chinook, northwind)."""
    folder = Path(os.environ.get("DBTOOL_TEST_DATA", _REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"{_CANNOT_RUN}the data sets are not at {folder}; set DBTOOL_TEST_DATA to their folder")
    return folder
