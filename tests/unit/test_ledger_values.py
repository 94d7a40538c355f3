import re
from datetime import UTC, datetime
from pathlib import Path

from dbtool.ledger import (
    Event,
    JournalEntry,
    LedgerEntry,
    accepted_digests,
    committed_prefix,
    find_open,
    known_digests,
    since_refresh,
    was_applied,
)

_AT = datetime(2026, 1, 2, tzinfo=UTC)


def entry(event: str, revision: str = "r1", digest: str = "a", run: str = "run-1") -> LedgerEntry:
    return LedgerEntry(event, run, revision, digest, "ada", target="staging", at=_AT)


def test_what_began_is_open_until_something_says_how_it_ended() -> None:
    start, retry = entry(Event.START), entry(Event.RETRY)
    assert find_open([start, retry]) == (start,)
    for end in (Event.FINISH, Event.FAILURE, Event.INTERRUPTED, Event.ADOPTED):
        assert find_open([start, retry, entry(end)]) == ()
    assert find_open([start, entry(Event.FINISH, run="run-2"), entry(Event.FINISH, "r2")]) == (start,)
    assert find_open([start, entry(Event.FAILURE), start]) == (start,)
    assert find_open([start, entry(Event.ACCEPT), entry(Event.REFRESHED)]) == (start,)


def test_the_last_application_tells_the_digest() -> None:
    events = [entry(Event.FINISH), entry(Event.ADOPTED, digest="b"), entry(Event.FAILURE, digest="c")]
    assert known_digests(events) == {"r1": "b"}


def test_what_was_accepted_counts_until_the_revision_is_applied_again() -> None:
    accepted = [entry(Event.ACCEPT, digest="b"), entry(Event.ACCEPT, digest="c")]
    assert accepted_digests([entry(Event.FINISH), *accepted]) == {"r1": {"b", "c"}}
    assert accepted_digests([*accepted, entry(Event.FINISH)]) == {}
    assert accepted_digests([*accepted, entry(Event.FINISH, "r2")]) == {"r1": {"b", "c"}}


def test_only_what_follows_the_last_refresh_is_about_this_database() -> None:
    before, after, refreshed = entry(Event.FINISH), entry(Event.FINISH, "r2"), entry(Event.REFRESHED)
    assert since_refresh([before]) == (before,)
    assert since_refresh([before, refreshed, before, refreshed, after]) == (after,)
    assert since_refresh([before, refreshed]) == ()


def test_a_promotion_asks_for_the_same_revision_digest_and_environment() -> None:
    entries = [entry(Event.FINISH), entry(Event.ADOPTED, "r2"), entry(Event.REFRESHED)]
    assert was_applied(entries, "r1", "a", "staging")
    assert not was_applied(entries, "r1", "b", "staging")
    assert not was_applied(entries, "r1", "a", "production")
    assert not was_applied(entries, "r2", "a", "staging")


def test_of_several_attempts_at_a_statement_the_last_counts() -> None:
    first = JournalEntry("run-1", "r1", 1, "s1", "", _AT, _AT)
    doubted = JournalEntry("run-1", "r1", 2, "s2", "", _AT, None)
    again = JournalEntry("run-2", "r1", 2, "s2", "", _AT, _AT)
    assert committed_prefix([doubted, first, again]) == (first, again)


def test_every_event_is_documented_and_no_other() -> None:
    text = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")
    table = text.partition("| event | meaning |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `([a-z]+)` \|", table, re.MULTILINE)) == set(Event)
