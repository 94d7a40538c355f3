from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from dbtool.errors import Busy, ServerFailed, TimeIsUp
from dbtool.masking.fates import DocumentRefused
from dbtool.postgres.databases import DatabaseEntry, Locale, Stamp, name_beside
from dbtool.refresh import pre_data
from dbtool.refresh.pre_data import candidate_database, drop_leftovers

MAINTENANCE: Any = SimpleNamespace()
LOCALE = Locale("UTF8", "C", "C")
STAMP = Stamp("candidate", "shop", "20260102030405678")
NAME = name_beside("shop", "candidate", STAMP.made_at)
ANOTHER_SESSION: Any = SimpleNamespace()


def anew() -> AbstractContextManager[Any]:
    return nullcontext(ANOTHER_SESSION)


class Server:
    """The databases of a server, and what was done to them."""

    def __init__(self, *entries: DatabaseEntry) -> None:
        self.entries = entries
        self.done: list[str] = []
        self.sessions: list[Any] = []
        self.failure: Exception | None = None

    def create(
        self,
        _maintenance: Any,
        name: str,
        _locale: Locale,
        _stamp: Stamp,
        owner: str | None,
        *,
        template: str,
        tablespace: str | None,
    ) -> None:
        assert (template, tablespace) == ("template0", None)
        self.done.append(f"create {name} for {owner}")

    def drop(self, session: Any, name: str) -> None:
        self.sessions.append(session)
        self.done.append(f"drop {name}")
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server(
        DatabaseEntry("shop", "o", None, -1, "UTF8", 0),
        DatabaseEntry(NAME, "o", STAMP.render(), -1, "UTF8", 0),
        DatabaseEntry(name_beside("shop2", "candidate", STAMP.made_at), "o", None, -1, "UTF8", 0),
    )
    monkeypatch.setattr(pre_data, "create_database", made.create)
    monkeypatch.setattr(pre_data, "drop_database", made.drop)
    monkeypatch.setattr(pre_data, "list_databases", lambda _maintenance: made.entries)
    return made


def test_a_dead_run_s_candidate_is_dropped_and_nothing_else(server: Server) -> None:
    assert drop_leftovers(MAINTENANCE, "shop") == (NAME,)
    assert server.done == [f"drop {NAME}"]


def test_a_candidate_that_was_filled_is_left(server: Server) -> None:
    with candidate_database(MAINTENANCE, NAME, LOCALE, STAMP, "shop", anew=anew) as name:
        assert name == NAME
    assert server.done == [f"create {NAME} for shop"]


@pytest.mark.parametrize("kind", [ServerFailed, ZeroDivisionError, KeyboardInterrupt])
def test_whatever_fails_drops_the_candidate_and_is_raised(server: Server, kind: type[BaseException]) -> None:
    with (
        pytest.raises(kind, match="m"),
        candidate_database(MAINTENANCE, NAME, LOCALE, STAMP, None, anew=anew),
    ):
        raise kind("m")
    assert server.done == [f"create {NAME} for None", f"drop {NAME}"]
    assert server.sessions == [ANOTHER_SESSION]  # the first may be in the middle of a statement


def test_a_candidate_that_cannot_be_dropped_hides_nothing(server: Server) -> None:
    server.failure = ServerFailed("gone")
    with (
        pytest.raises(ZeroDivisionError) as failure,
        candidate_database(MAINTENANCE, NAME, LOCALE, STAMP, None, anew=anew),
    ):
        raise ZeroDivisionError
    assert failure.value.__notes__ == [
        f"the candidate {NAME} could not be dropped (gone); the next refresh drops it"
    ]


@pytest.mark.parametrize(
    ("error", "said"),
    [(ServerFailed("m"), True), (DocumentRefused("m"), True), (TimeIsUp("m"), False), (Busy("m"), False)],
)
def test_a_failure_says_what_it_left_unless_its_message_does(
    server: Server, error: Exception, said: bool
) -> None:
    with (
        pytest.raises(type(error)) as failure,
        candidate_database(MAINTENANCE, NAME, LOCALE, STAMP, None, anew=anew),
    ):
        raise error
    notes = getattr(failure.value, "__notes__", [])
    assert (
        any("the candidate was dropped and the database shop is as it was" in note for note in notes) == said
    )
    assert server.done[-1] == f"drop {NAME}"
