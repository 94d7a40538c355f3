"""A refresh that is killed or ended: live staging serves on, and the next run clears away and succeeds."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Self

import psycopg
import pytest

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
def held_up(project: Project, moment: str) -> Iterator[Running]:
    """A run that stands still at a moment, with live people's rows loaded."""
    project.execute(project.source, _DAWDLE)
    project.execute(project.source, _MOMENTS[moment] + "; INSERT INTO slow SELECT generate_series(1, 10)")
    project.rules.write_text(_RULES, encoding="utf-8")
    with project.start() as running:
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
        live.leaves_files = True
        end_dawdling(live)
        done = live.refresh()
        assert done.code == 0, done.messages
    assert reader.answers == {(PEOPLE,), (PEOPLE + 1,)}
    assert candidates(live) == []
    assert len(live.databases()) == len(before) + 1


def still_running(children: dict[int, list[str]]) -> dict[int, list[str]]:
    """Those of the processes that are there still; an id that was given away again has other arguments."""
    return {pid: arguments for pid, arguments in children.items() if read_arguments(pid) == arguments}
