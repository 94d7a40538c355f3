"""A refresh that is killed or ended: live staging serves on, and the next run clears away and succeeds."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Self

import psycopg
import pytest

from dbtool.clones.embedded import EmbeddedServer
from tests.acceptance.conftest import PEOPLE, PEOPLE_RULES
from tests.acceptance.project import Project, Running, descendants_of, read_arguments, wait_until

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="cannot run here: processes are looked for in /proc"
)

# Wherever it is called it holds up a candidate for ten minutes, and nothing else.
_DAWDLE = """
CREATE FUNCTION public.dawdle(id integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF current_database() LIKE '%candidate%' THEN PERFORM pg_catalog.pg_sleep(600); END IF;
    RETURN true;
END $$;
"""
# A check is part of the table and is asked for each loaded row; an index is built after the load.
_MOMENTS = {
    "while rows are copied": "CREATE TABLE slow (id integer CHECK (public.dawdle(id)))",
    "while indexes are built": "CREATE TABLE slow (id integer); CREATE INDEX ON slow (public.dawdle(id))",
}
_RULES = PEOPLE_RULES + "  public.slow:\n    id: {keep: a number}\n"


class Reader:
    """A client of live staging that asks the same again and again, reconnecting when it is sent away."""

    def __init__(self, url: str, query: str) -> None:
        self.answers: set[object] = set()
        self.failures: list[str] = []
        self.count = 0
        self._url, self._query = url, query
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def _read(self) -> None:
        while not self._done.wait(0.01):
            try:
                with psycopg.connect(self._url, autocommit=True) as connection:
                    while not self._done.wait(0.01):
                        self.answers.add(connection.execute(self._query.encode()).fetchone())
                        self.count += 1
            except psycopg.OperationalError as error:
                self.failures.append(type(error).__name__)

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: self.count, "the reader has its first answer")
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join(timeout=10)


@pytest.fixture
def live(people: Project) -> Project:
    """Staging refreshed once, and a production that has one more person since."""
    done = people.refresh("-q")
    assert done.code == 0, done.messages
    for manifest in people.manifests:
        manifest.unlink()
    people.execute(
        people.source,
        "INSERT INTO person (email, full_name) VALUES ('late@lovelace.dk', 'Latecomer Lovelace')",
    )
    return people


COUNT = "SELECT count(*) FROM person"


def candidates(project: Project) -> list[str]:
    return [name for name in project.databases() if "_candidate_" in name]


@pytest.fixture(params=_MOMENTS)
def moment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextlib.contextmanager
def held_up(project: Project, moment: str, *options: str) -> Iterator[Running]:
    """A run that stands still at a moment, with live people's rows loaded."""
    project.execute(project.source, _DAWDLE)
    project.execute(project.source, _MOMENTS[moment] + "; INSERT INTO slow SELECT generate_series(1, 10)")
    project.rules.write_text(_RULES, encoding="utf-8")
    with project.start(*options) as running:
        wait_until(
            lambda: project.is_dawdling() or running.process.poll() is not None, "the run stands still"
        )
        assert running.process.poll() is None, running.finish().messages
        yield running


def end_dawdling(project: Project) -> None:
    project.execute(
        project.source,
        "CREATE OR REPLACE FUNCTION public.dawdle(id integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'",
    )


def test_a_killed_run_leaves_live_serving_and_the_next_one_succeeds(live: Project, moment: str) -> None:
    before = live.databases()
    with Reader(live.target, COUNT) as reader:
        with held_up(live, moment) as running:
            children = descendants_of(running.pid)
            running.process.kill()
            running.process.wait()
        assert len(candidates(live)) == 1
        wait_until(lambda: not still_running(children), "all programs of the dead run are gone")
        assert reader.answers == {(PEOPLE,)}
        assert reader.failures == []
        assert len(list(live.temporary.iterdir())) == 1
        end_dawdling(live)
        done = live.refresh()
        assert done.code == 0, done.messages
        wait_until(lambda: (PEOPLE + 1,) in reader.answers, "the reader has been let in again")
    assert reader.answers == {(PEOPLE,), (PEOPLE + 1,)}
    assert candidates(live) == []
    assert len(live.databases()) == len(before) + 1


def still_running(children: dict[int, list[str]]) -> dict[int, list[str]]:
    """Those of the processes that are there still; an id that was given away again has other arguments."""
    return {pid: arguments for pid, arguments in children.items() if read_arguments(pid) == arguments}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_leaves_nothing_behind(live: Project, moment: str, number: signal.Signals) -> None:
    before = live.describe_ends()
    with Reader(live.target, COUNT) as reader, held_up(live, moment) as running:
        children = descendants_of(running.pid)
        running.process.send_signal(number)
        done = running.finish()
    assert done.code == (130 if number == signal.SIGINT else 143)
    assert "interrupted; cleaned up, and what was live is as it was" in done.last_message
    assert live.describe_ends() == before
    assert not still_running(children)
    assert reader.answers == {(PEOPLE,)}
    assert reader.failures == []


def test_a_run_that_is_interrupted_twice_still_cleans_up(live: Project) -> None:
    before = live.describe_ends()
    with held_up(live, "while rows are copied", "--format", "json") as running:
        running.process.send_signal(signal.SIGTERM)
        running.process.send_signal(signal.SIGINT)
        done = running.finish()
    assert done.code in {130, 143}
    assert (done.document["status"], done.document["error"]["exit_code"]) == ("failed", done.code)
    assert live.describe_ends() == before


def test_a_run_that_takes_too_long_is_ended(live: Project) -> None:
    before = live.describe_ends()
    with held_up(live, "while rows are copied", "--max-duration", "6s") as running:
        done = running.finish()
    assert done.code == 3
    assert "took longer than --max-duration (6 s)" in done.last_message
    assert "the live database is as it was" in done.last_message
    assert live.describe_ends() == before


def test_a_run_killed_after_its_verification_leaves_live_serving(live: Project) -> None:
    (live.folder / "wait.sql").write_text("SELECT pg_catalog.pg_sleep(600)", encoding="utf-8")
    live.configure(staging='after_load = ["wait.sql"]')
    with Reader(live.target, COUNT) as reader, live.start() as running:
        wait_until(live.is_dawdling, "the run stands still")
        children = descendants_of(running.pid)
        running.process.kill()
        running.process.wait()
        wait_until(lambda: not still_running(children), "all programs of the dead run are gone")
        assert len(candidates(live)) == 1
    assert reader.answers == {(PEOPLE,)}
    assert reader.failures == []
    live.configure()
    assert live.refresh().code == 0
    assert candidates(live) == []


def test_an_interrupt_after_the_swap_says_that_it_is_done(
    live: Project, newest_server: EmbeddedServer
) -> None:
    """The outdated previous database cannot be dropped while somebody comments on it."""
    assert live.refresh("-q").code == 0
    (previous,) = (name for name in live.databases() if "_previous_" in name)
    with psycopg.connect(newest_server.url()) as holding, live.start() as running:
        holding.execute(f"COMMENT ON DATABASE {previous} IS 'dbtool:held'".encode())
        wait_until(lambda: live.has_waiting("DROP DATABASE%"), "the run waits to drop the previous database")
        running.process.send_signal(signal.SIGTERM)
        done = running.finish()
        holding.rollback()
    assert live.query(live.target, "SELECT count(*) FROM person") == [(PEOPLE + 1,)]
    assert done.code == 7
    assert "staging is refreshed and live" in done.last_message
    assert "the run was ended" in done.last_message
    assert len(live.manifests) == 2
    assert live.refresh("-q").code == 0
    assert previous not in live.databases()
