from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from dbtool.clones.lease import Lease, parse_lease

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def begin(ttl_h: int = 12) -> Lease:
    return Lease.begin(
        owner="ann", purpose="rehearsal", target="production", ttl=timedelta(hours=ttl_h), now=NOON
    )


def test_a_lease_is_read_as_it_was_written() -> None:
    lease = begin()
    assert parse_lease(lease.render()) == lease
    assert (lease.created, lease.expires) == ("2026-05-04T12:00:00+00:00", "2026-05-05T00:00:00+00:00")


def test_a_lease_is_over_when_its_time_is() -> None:
    lease = begin(ttl_h=2)
    assert not lease.is_over(NOON + timedelta(hours=1, minutes=59))
    assert lease.is_over(NOON + timedelta(hours=2))
    elsewhere = timezone(timedelta(hours=9))
    assert not lease.is_over((NOON + timedelta(hours=1)).astimezone(elsewhere))


def test_no_two_leases_have_one_nonce() -> None:
    assert len({begin().nonce for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "comment",
    [
        None,
        "",
        "our production database",
        "dbtool-clone:",
        "dbtool-clone:{",
        "dbtool-clone:[]",
        "dbtool-clone:{}",
        'dbtool:{"role":"previous","target":"shop","made_at":"20260504"}',
        begin().render().replace("dbtool-clone:", "dbtool:"),
        begin().render().replace("+00:00", ""),
        begin().render().replace("2026-05-05", "later"),
        begin().render().replace('"ann"', "7"),
        begin().render().replace("}", ',"colour":"red"}'),
    ],
)
def test_what_we_could_not_have_written_is_no_lease(comment: str | None) -> None:
    assert parse_lease(comment) is None


def test_a_lease_is_one_line_of_json_behind_a_prefix() -> None:
    prefix, _, text = begin().render().partition(":")
    assert prefix == "dbtool-clone"
    assert set(json.loads(text)) == {"owner", "purpose", "target", "created", "expires", "nonce"}
    assert "\n" not in text
