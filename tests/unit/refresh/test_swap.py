from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from dbtool.errors import Busy, Drift, Interrupted, PartlyDone, ServerFailed, TimeIsUp
from dbtool.postgres.databases import DatabaseEntry, Stamp
from dbtool.postgres.rename import Rename
from dbtool.refresh import swap as swap_module
from dbtool.refresh.swap import after_swap, drop_outdated, find_kept, refuse_replaced, swap
from dbtool.targets import Target, Tier

MAINTENANCE: Any = SimpleNamespace()
MADE_AT = "20260102030405678"


def entry(name: str, stamp: Stamp | None = None) -> DatabaseEntry:
    return DatabaseEntry(name, "owner", stamp.render() if stamp else None, -1, "UTF8", 0)


def previous(made_at: str) -> DatabaseEntry:
    return entry(f"shop_dbtool_previous_{made_at}", Stamp("previous", "shop", made_at))


def target(keep_previous: int = 1) -> Target:
    return Target("staging", Tier.STAGING, lambda: "postgresql://h/shop", keep_previous=keep_previous)


class Server:
    def __init__(self) -> None:
        self.entries: list[DatabaseEntry] = [entry("shop"), entry("candidate")]
        self.done: list[str] = []
        self.failure: Exception | None = None
        self.fails_after_commit = False

    def find(self, _maintenance: Any, name: str) -> DatabaseEntry | None:
        return next((each for each in self.entries if each.name == name), None)

    def carry(self, _maintenance: Any, live: str, candidate: str) -> None:
        self.done.append(f"carry {live} to {candidate}")

    def rename(self, _url: str, _database: str, renames: Sequence[Rename], _comments: Any) -> None:
        if self.failure is not None and not self.fails_after_commit:
            raise self.failure
        for rename in renames:
            self.done.append(f"rename {rename.old}")
            self.entries = [each for each in self.entries if each.name != rename.old]
        if self.failure is not None:
            raise self.failure

    def drop(self, _maintenance: Any, name: str) -> None:
        self.done.append(f"drop {name}")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(swap_module, "find_database", made.find)
    monkeypatch.setattr(swap_module, "list_databases", lambda _maintenance: tuple(made.entries))
    monkeypatch.setattr(swap_module, "carry_database_settings", made.carry)
    monkeypatch.setattr(swap_module, "rename_databases", made.rename)
    monkeypatch.setattr(swap_module, "drop_database", made.drop)
    return made


def test_settings_are_carried_before_the_names_change(server: Server) -> None:
    swap(MAINTENANCE, target(), "shop", "candidate", MADE_AT)
    assert server.done == ["carry shop to candidate", "rename shop", "rename candidate"]


def test_without_a_live_database_there_is_nothing_to_carry(server: Server) -> None:
    server.entries = [entry("candidate")]
    swap(MAINTENANCE, target(), "shop", "candidate", MADE_AT)
    assert server.done == ["rename candidate"]


@pytest.mark.parametrize(
    "error", [Busy("in use"), ServerFailed("no"), Interrupted("ended"), TimeIsUp("over")]
)
def test_a_swap_that_did_not_happen_fails_as_it_did(server: Server, error: Exception) -> None:
    server.failure = error
    with pytest.raises(type(error), match=str(error)):
        swap(MAINTENANCE, target(), "shop", "candidate", MADE_AT)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ServerFailed("the answer was lost"), "the answer was lost"),
        (Interrupted("live is as it was"), "the run was ended"),
    ],
)
def test_a_swap_whose_commit_arrived_is_partly_done_whatever_followed(
    server: Server, error: Exception, reason: str
) -> None:
    server.failure, server.fails_after_commit = error, True
    with pytest.raises(PartlyDone, match=rf"staging is refreshed and live, .*\({reason}\)"):
        swap(MAINTENANCE, target(), "shop", "candidate", MADE_AT)


def test_a_full_disk_is_named_without_its_path() -> None:
    message = str(after_swap(target(), OSError(28, "No space left on device", "/home/o'hara/state")))
    assert "(No space left on device)" in message
    assert "hara" not in message


@pytest.mark.parametrize(
    ("keep", "kept", "dropped"),
    [
        (0, [], ["20260103", "20260102", "20260101"]),
        (1, ["20260103"], ["20260102", "20260101"]),
        (2, ["20260103", "20260102"], ["20260101"]),
        (9, ["20260103", "20260102", "20260101"], []),
    ],
)
def test_as_many_previous_databases_are_kept_as_the_environment_says(
    server: Server, keep: int, kept: list[str], dropped: list[str]
) -> None:
    server.entries = [entry("shop"), *map(previous, ["20260102", "20260103", "20260101"])]
    assert find_kept(MAINTENANCE, target(keep), "shop") == tuple(
        f"shop_dbtool_previous_{day}" for day in kept
    )
    drop_outdated(MAINTENANCE, target(keep), "shop")
    assert server.done == [f"drop shop_dbtool_previous_{day}" for day in dropped]


@pytest.mark.parametrize(
    ("seen", "now", "said"),
    [
        (1, 2, "is another one than when"),
        (1, None, "is not there any more since"),
        (None, 2, "has come to be since"),
    ],
)
def test_a_live_database_that_is_not_the_one_that_was_seen_is_not_replaced(
    server: Server, seen: int | None, now: int | None, said: str
) -> None:
    server.entries = [replace(entry("shop"), oid=now)] if now else []
    with pytest.raises(Drift, match=f"the database shop {said} the refresh began.*nothing was swapped"):
        refuse_replaced(MAINTENANCE, replace(entry("shop"), oid=seen) if seen else None, "shop")


@pytest.mark.parametrize("oid", [1, None])
def test_a_live_database_that_is_as_it_was_seen_may_be_replaced(server: Server, oid: int | None) -> None:
    one = replace(entry("shop"), oid=oid) if oid else None
    server.entries = [one] if one else []
    refuse_replaced(MAINTENANCE, one, "shop")
