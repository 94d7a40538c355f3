"""Lines of DDL: how partitions fold, what a dump changes in a text, and how drift is said. No server."""

from __future__ import annotations

import pytest

from dbtool.catalog.definitions import (
    Definition,
    ddl_fingerprint,
    describe_definitions,
    describe_drift,
)
from dbtool.catalog.relations import RelationName

_EVENT = RelationName("public", "event")
_ROOT = [
    Definition("table", "public.event", "partitioned by RANGE (at)"),
    Definition("column", "id", "integer not null", _EVENT),
    Definition("column", "note", "text", _EVENT),
]


def _partition(number: int, *more: tuple[str, str, str], bound: str = "") -> list[Definition]:
    name = RelationName("public", f"event_{number}")
    own = [("partition", name.name, bound), ("column", "id", "integer not null"), *more]
    return [Definition(kind, name_, text, name, _EVENT) for kind, name_, text in own]


def test_each_thing_is_one_line_that_people_can_read() -> None:
    users = RelationName("public", "users")
    assert describe_definitions([
        Definition("table", "public.users"),
        Definition("column", "Full Name", "text not null", users),
        Definition("foreign key", "users_team", "FOREIGN KEY (team) REFERENCES public.team(id)", users),
        Definition("function", "public.f()", "CREATE FUNCTION f()\nAS $$\r\n\\d$$"),
    ]) == (
        'column public.users."Full Name": text not null',
        "foreign key users_team of public.users: FOREIGN KEY (team) REFERENCES public.team(id)",
        r"function public.f(): CREATE FUNCTION f()\nAS $$\r\n\\d$$",
        "table public.users",
    )  # fmt: skip


def test_a_line_break_and_its_spelling_are_two_things() -> None:
    one, other = (describe_definitions([Definition("enum", "e", text)]) for text in ("a\nb", r"a\nb"))
    assert ddl_fingerprint(one) != ddl_fingerprint(other)


def test_the_order_in_which_things_are_read_does_not_matter() -> None:
    lines = describe_definitions(_ROOT)
    assert describe_definitions(reversed(_ROOT)) == lines
    assert ddl_fingerprint(reversed(lines)) == ddl_fingerprint(lines)


def test_another_partition_of_a_known_shape_adds_nothing() -> None:
    own = (("index", "event_1_note_idx", "USING btree (note)"), ("foreign key", "fk1", "FOREIGN KEY (id)"))
    renamed = (("index", "by_note", "USING btree (note)"), ("foreign key", "fk2", "FOREIGN KEY (id)"))
    one = describe_definitions([*_ROOT, *_partition(1, *own)])
    assert describe_definitions([*_ROOT, *_partition(1, *own), *_partition(2, *renamed)]) == one
    assert "partitions of public.event: foreign key FOREIGN KEY (id); index USING btree (note)" in one


@pytest.mark.parametrize(
    "own",
    [
        ("index", "i", "USING btree (note)"),
        ("check", "c", "CHECK ((id > 0))"),
        ("trigger", "t", "BEFORE INSERT"),
        ("column", "note", "text default 'x'::text"),
        ("sequence", "public.s", "integer from 1"),
    ],
)
def test_a_partition_with_something_of_its_own_adds_a_shape(own: tuple[str, str, str]) -> None:
    before = describe_definitions([*_ROOT, *_partition(1)])
    now = describe_definitions([*_ROOT, *_partition(1), *_partition(2, own)])
    assert describe_drift(before, now) == "partitions of public.event are of other shapes"


def test_what_partitions_share_with_their_root_is_not_said_again() -> None:
    lines = describe_definitions([*_ROOT, *_partition(1, ("column", "note", "text"))])
    assert [line for line in lines if "partition" in line] == [
        "table public.event: partitioned by RANGE (at)"
    ]


def test_the_first_partition_is_no_news_and_one_that_lacks_what_others_have_is() -> None:
    indexed = _partition(1, ("index", "i", "USING btree (note)"))
    assert describe_definitions([*_ROOT, *_partition(1)]) == describe_definitions(_ROOT)
    lines = describe_definitions([*_ROOT, *indexed, *_partition(2)])
    assert "partitions of public.event: as their root" in lines
    assert lines != describe_definitions([*_ROOT, *indexed])


@pytest.mark.parametrize("identity", ["always", "by default"])
def test_a_partitions_identity_is_its_roots_whether_the_server_says_so_or_not(identity: str) -> None:
    root = [_ROOT[0], Definition("column", "id", f"integer not null identity {identity}", _EVENT)]
    name = RelationName("public", "event_1")
    texts = ("integer not null", f"integer not null identity {identity}")
    partitions = [Definition("column", "id", text, name, _EVENT) for text in texts]
    lines = [describe_definitions([*root, partition]) for partition in partitions]
    assert lines == [describe_definitions(root)] * 2


def test_drift_says_what_was_added_dropped_and_changed() -> None:
    before = (
        "column public.users.name: text",
        "index i of public.users: USING btree (a)",
        "table public.users",
    )
    now = ("column public.users.name: text not null", "column public.users.note: text", "table public.users")
    assert describe_drift(before, now) == (
        "column public.users.name was changed from text to text not null; column public.users.note was added; "
        "index i of public.users was dropped"
    )
    assert describe_drift(before, before) == ""


def test_drift_names_a_few_things_and_counts_the_rest() -> None:
    now = tuple(f"table public.t{number}" for number in range(5))
    assert (
        describe_drift((), now, limit=2) == "table public.t0 was added; table public.t1 was added; and 3 more"
    )


def test_drift_quotes_no_long_text() -> None:
    assert (
        describe_drift(("function f: " + "a" * 99,), ("function f: " + "b" * 99,)) == "function f was changed"
    )
