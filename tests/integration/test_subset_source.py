"""Which rows refer to which, asked of a server: every kind of key, both ways."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from typing import Any

import psycopg
import pytest

from dbtool.catalog.relations import RelationName
from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import UsageError
from dbtool.postgres.subset_source import SubsetSource
from dbtool.rules.model import RelationTarget, VirtualRelation
from dbtool.rules.subset_model import Follow, OrderTerm, Root, SqlText
from dbtool.subset.graph import PolymorphicCheck
from dbtool.subset.roots import bind_roots
from dbtool.subset.row_source import Question
from dbtool.subset.selection import Direction
from dbtool.subset.walk import walk
from tests.conftest import MakeDatabase
from tests.databases import own_database
from tests.integration.subset_asking import AT, Asked, asking, leaf_counts, public, refers

_SCHEMA = """
CREATE TABLE tenant (id int PRIMARY KEY, code varchar(8) NOT NULL UNIQUE, label text);
INSERT INTO tenant SELECT n, 'T' || n, 'tenant ' || n FROM generate_series(1, 3) n;

-- composite, with a NULL in some
CREATE TABLE customer (tenant_id int, id int, label text, PRIMARY KEY (tenant_id, id));
INSERT INTO customer SELECT t, n, 'customer ' || t || '.' || n FROM generate_series(1, 2) t, generate_series(1, 2) n;
CREATE TABLE invoice (
    id int PRIMARY KEY, customer_id bigint, tenant_id bigint, label text,
    CONSTRAINT invoice_customer FOREIGN KEY (tenant_id, customer_id) REFERENCES customer
);
INSERT INTO invoice VALUES
    (1, 2, 1, 'invoice 1'), (2, 2, 2, 'invoice 2'), (3, NULL, 1, 'invoice 3'), (4, 2, NULL, 'invoice 4'),
    (5, 2, 1, 'invoice 5');

-- to UNIQUE, of another type, under another collation
CREATE TABLE visit (tenant_code text COLLATE "C" REFERENCES tenant (code), label text);
INSERT INTO visit VALUES ('T1', 'visit 1'), ('T1', 'visit 2'), ('T3', 'visit 3'), (NULL, 'visit 4');
CREATE TABLE amount (id numeric PRIMARY KEY, label text);
INSERT INTO amount VALUES (1.0, 'amount 1'), (2.50, 'amount 2.5');
CREATE TABLE sum (amount int REFERENCES amount, label text);
INSERT INTO sum VALUES (1, 'sum 1');
CREATE TABLE padded (id char(5) PRIMARY KEY, label text);
INSERT INTO padded VALUES ('ab', 'padded ab');
CREATE TABLE unpadded (id text REFERENCES padded, label text);
INSERT INTO unpadded VALUES ('ab', 'unpadded ab'), ('ab   ', 'unpadded ab___');
CREATE DOMAIN code AS text;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE feeling (mood mood, tags int[], code code, label text, PRIMARY KEY (mood, tags, code));
INSERT INTO feeling VALUES ('sad', '{1,2}', 'x', 'feeling 1'), ('happy', '{}', 'x', 'feeling 2'), ('sad', '{3}', 'x', 'feeling 3');
CREATE TABLE felt (mood mood, tags int[], code code, label text, FOREIGN KEY (mood, tags, code) REFERENCES feeling);
INSERT INTO felt VALUES ('sad', '{1,2}', 'x', 'felt 1'), ('happy', '{}', 'x', 'felt 2');

-- two keys to one table, one to itself, orphans, quoted names in other schemas, children by inheritance
CREATE TABLE person (id int PRIMARY KEY, above int, mentor int REFERENCES person, label text);
INSERT INTO person VALUES (1, 1, NULL, 'person 1'), (2, 1, 1, 'person 2'), (3, 2, 1, 'person 3'), (4, 99, 3, 'person 4');
ALTER TABLE person ADD CONSTRAINT person_above FOREIGN KEY (above) REFERENCES person NOT VALID;
CREATE TABLE child () INHERITS (person);
INSERT INTO child VALUES (1, 1, 1, 'child 1');
CREATE SCHEMA "Über x";
CREATE TABLE "Über x"."Ord %s" ("I""d" int PRIMARY KEY, label text);
CREATE TABLE "Über x"."{}" ("$1" int REFERENCES "Über x"."Ord %s", label text);
INSERT INTO "Über x"."Ord %s" VALUES (1, 'order 1'), (2, 'order 2');
INSERT INTO "Über x"."{}" VALUES (1, 'line 1'), (1, 'line 2'), (2, 'line 3');

-- partitioned at either end and both, at two levels, columns in another order
CREATE TABLE event (id int, day int, label text, PRIMARY KEY (id, day)) PARTITION BY LIST (day);
CREATE TABLE event_1 PARTITION OF event FOR VALUES IN (1);
CREATE TABLE event_2 PARTITION OF event FOR VALUES IN (2) PARTITION BY RANGE (id);
CREATE TABLE event_2_low PARTITION OF event_2 FOR VALUES FROM (MINVALUE) TO (3);
CREATE TABLE event_2_high (label text, gone int, day int NOT NULL, id int NOT NULL);
ALTER TABLE event_2_high DROP COLUMN gone;
ALTER TABLE event_2 ATTACH PARTITION event_2_high DEFAULT;
CREATE TABLE note (
    event_id int, event_day int, tenant_id int REFERENCES tenant, label text,
    CONSTRAINT note_event FOREIGN KEY (event_id, event_day) REFERENCES event
) PARTITION BY HASH (event_id);
CREATE TABLE note_0 PARTITION OF note FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE note_1 PARTITION OF note FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO event SELECT n, d, 'event ' || n || '.' || d FROM generate_series(1, 4) n, generate_series(1, 2) d;
INSERT INTO note SELECT n, 1 + n % 2, 1 + n % 3, 'note ' || n FROM generate_series(1, 4) n;

-- known only to the rules
CREATE TABLE loose (id bigint, code text, kind text, mood text, label text);
INSERT INTO loose VALUES
    (1, 'T1', 'Tenant', 'sad', 'loose 1'), (1, 'T1', 'Person', 'sad', 'loose 2'), (2, 'T9', 'Tenant', NULL, 'loose 3'),
    (2, NULL, NULL, NULL, 'loose 4'), (3, NULL, 'Ghost', NULL, 'loose 5'), (NULL, NULL, 'Ghost', NULL, 'loose 6');

-- a partition that nobody can read
CREATE FOREIGN DATA WRAPPER dbtool_test_nothing;
CREATE SERVER dbtool_test_nowhere FOREIGN DATA WRAPPER dbtool_test_nothing;
CREATE TABLE stored (id int, tenant_id int, label text) PARTITION BY LIST (id);
CREATE FOREIGN TABLE stored_far PARTITION OF stored FOR VALUES IN (0) SERVER dbtool_test_nowhere;
CREATE TABLE stored_1 PARTITION OF stored FOR VALUES IN (1);
CREATE TABLE stored_2 PARTITION OF stored FOR VALUES IN (2);
INSERT INTO stored SELECT 1 + n % 2, 1 + n % 3, 'stored ' || n FROM generate_series(1, 4) n;

CREATE TABLE click (id int PRIMARY KEY, tenant_id int REFERENCES tenant, at int, label text);
CREATE INDEX ON click (tenant_id);
INSERT INTO click SELECT n, 1 + n % 3, NULLIF(n % 4, 0), 'click ' || n FROM generate_series(1, 24) n;

CREATE TABLE long_note (id int PRIMARY KEY, tenant_id int REFERENCES tenant, filling text, label text);
ALTER TABLE long_note ALTER filling SET STORAGE PLAIN;
INSERT INTO long_note SELECT n, 1 + n % 2, repeat('x', 2500), 'long ' || n FROM generate_series(1, 30) n;

CREATE TABLE root (a text COLLATE "C", b int, size int, label text, PRIMARY KEY (a, b));
INSERT INTO root SELECT E'k\\t\\\\N\\n' || n % 7, n, n % 5, 'root ' || n FROM generate_series(1, 200) n;
"""

_RELATIONS = (
    refers(public("loose"), "code", public("tenant"), "code"),
    refers(public("loose"), "mood", public("feeling"), "mood"),
    refers(public("stored"), "tenant_id", public("tenant"), "id"),
    refers(public("loose"), "id", public("stored"), "id"),
    VirtualRelation(
        public("loose"),
        ("id",),
        (
            RelationTarget(public("tenant"), ("id",), "Tenant", AT),
            RelationTarget(public("person"), ("id",), "Person", AT),
        ),
        "kind",
        AT,
    ),
)


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[ExitStack, dict[int, Asked]]]:
    with ExitStack() as stack:
        yield stack, {}


@pytest.fixture
def asked(server: EmbeddedServer, opened: tuple[ExitStack, dict[int, Asked]]) -> Asked:
    """Nothing is written, so that one database serves all."""
    stack, by_port = opened
    if server.port not in by_port:
        url = stack.enter_context(own_database(server, f"dbtool_test_{os.getpid()}_subset_source"))
        with psycopg.connect(url) as connection:
            connection.execute(_SCHEMA)
        by_port[server.port] = stack.enter_context(asking(url, _RELATIONS))
    return by_port[server.port]


_X = "Über x"


@pytest.mark.parametrize(
    ("edge", "referenced", "referencing"),
    [
        ("invoice_customer", ["customer 1.2"], ["invoice 1", "invoice 5"]),
        ("invoice_customer", ["customer 1.2", "customer 2.2"], ["invoice 1", "invoice 2", "invoice 5"]),
        ("public.visit.tenant_code", ["tenant 1"], ["visit 1", "visit 2"]),
        ("public.sum.amount", ["amount 1"], ["sum 1"]),
        ("public.unpadded.id", ["padded ab"], ["unpadded ab", "unpadded ab___"]),
        ("felt_mood_tags_code_fkey", ["feeling 1"], ["felt 1"]),
        ("person_above", ["person 1"], ["person 1", "person 2"]),
        ("public.person.mentor", ["person 1"], ["person 2", "person 3"]),
        (f'"{_X}"."{{}}"."$1"', ["order 1"], ["line 1", "line 2"]),
        ("public.note.tenant_id", ["tenant 2"], ["note 1", "note 4"]),
        (
            "note_event",
            ["event 1.2", "event 2.1", "event 3.2", "event 4.1"],
            ["note 1", "note 2", "note 3", "note 4"],
        ),
        ("note_event", ["event 3.2"], ["note 3"]),
        ("public.loose.code", ["tenant 1"], ["loose 1", "loose 2"]),
        ("public.loose.mood", ["feeling 1", "feeling 3"], ["loose 1", "loose 2"]),
    ],
)
def test_rows_are_found_along_every_kind_of_reference_both_ways(
    asked: Asked, edge: str, referenced: list[str], referencing: list[str]
) -> None:
    found = asked.edge(edge)
    assert asked.referencing(found, *referenced) == referencing
    assert asked.referenced(found, *referencing) == referenced
    pairs = [
        (one, other)
        for leaf, ids in asked.rows(found.referencing, referencing).items()
        for pair in asked.source.pairs(found, leaf, ids)
        for one, other in zip(
            asked.labels_of(pair.referencing_leaf, pair.referencing),
            asked.labels_of(pair.referenced_leaf, pair.referenced),
            strict=True,
        )
    ]
    assert sorted({one for one, _ in pairs}) == referencing
    assert sorted({other for _, other in pairs}) == referenced


def test_a_reference_with_a_null_in_it_refers_to_nothing(asked: Asked) -> None:
    edge = asked.edge("invoice_customer")
    assert asked.referenced(edge, "invoice 3", "invoice 4") == []
    assert asked.source.count_orphans(edge, public("invoice")) == 0


def test_a_reference_that_leads_nowhere_is_an_orphan(asked: Asked) -> None:
    edge = asked.edge("person_above")
    assert asked.referenced(edge, "person 4") == []
    rows = asked.rows(public("person"), ["person 3", "person 4"])[public("person")]
    assert asked.source.count_orphans(edge, public("person")) == 1
    assert asked.source.count_orphans(edge, public("person"), rows) == 1
    assert asked.source.count_orphans(edge, public("person"), rows[:1]) == 0
    assert asked.source.count_orphans(asked.edge("public.loose.code"), public("loose")) == 1


def test_only_rows_of_its_type_make_a_polymorphic_reference(asked: Asked) -> None:
    (tenants,) = (edge for edge in asked.edges if edge.type_value == "Tenant")
    assert asked.referencing(tenants, "tenant 1", "tenant 2", "tenant 3") == ["loose 1", "loose 3"]
    assert asked.referenced(tenants, "loose 1", "loose 2", "loose 4") == ["tenant 1"]
    rows = asked.rows(public("loose"), ["loose 1", "loose 2"])[public("loose")]
    assert [len(pair.referencing) for pair in asked.source.pairs(tenants, public("loose"), rows)] == [1]
    assert asked.labels(asked.source.referenced_by_whole(tenants, public("loose"))) == [
        "tenant 1",
        "tenant 2",
    ]
    assert asked.source.count_orphans(tenants, public("loose")) == 0


def test_types_that_the_rules_do_not_know_are_counted(asked: Asked) -> None:
    check = PolymorphicCheck(public("loose"), ("id",), "kind", ("Tenant", "Person"), "public.loose.id")
    assert asked.source.unmapped(check, public("loose")) == {"Ghost": 1}
    rows = asked.rows(public("loose"), ["loose 1", "loose 5"])[public("loose")]
    assert asked.source.unmapped(check, public("loose"), rows) == {"Ghost": 1}
    assert asked.source.unmapped(check, public("loose"), rows[:1]) == {}
    assert asked.source.unmapped(replace(check, known=()), public("loose")) == {
        "Ghost": 1,
        "Tenant": 2,
        "Person": 1,
    }


def test_children_by_inheritance_are_tables_of_their_own(asked: Asked) -> None:
    assert asked.referencing(asked.edge("public.person.mentor"), "person 1") == ["person 2", "person 3"]
    assert asked.source.count(public("person")) == 4
    assert sum(map(len, asked.source.all_rows(public("person")))) == 4


def test_rows_of_a_partitioned_table_are_told_by_leaf(asked: Asked) -> None:
    edge = asked.edge("note_event")
    found = asked.source.referenced_rows(edge, asked.rows(public("note"), [f"note {n}" for n in range(1, 5)]))
    assert leaf_counts(found) == {"event_1": 2, "event_2_low": 1, "event_2_high": 1}
    assert asked.facts.leaves[public("event_2")] == (public("event_2_high"), public("event_2_low"))


def test_partitions_that_cannot_be_read_are_passed_over(asked: Asked) -> None:
    down = asked.edge("public.stored.tenant_id")
    assert asked.referencing(down, "tenant 2") == ["stored 1", "stored 4"]
    for indexed in (True, False):
        capped = replace(down, follow=Follow(1, (OrderTerm("label"),)), referencing_indexed=indexed)
        assert asked.referencing(capped, "tenant 2", "tenant 3") == ["stored 1", "stored 2"]
    (up,) = (edge for edge in asked.edges if edge.referenced == public("stored"))
    assert asked.referenced(up, "loose 1") == ["stored 2", "stored 4"]
    assert asked.source.count_orphans(up, public("loose")) == 1
    root = Root(public("stored"), AT, limit=1, order=(OrderTerm("label"),))
    assert asked.root(root) == ["stored 1"]


def test_a_whole_table_refers_to_each_row_once(asked: Asked) -> None:
    edge = asked.edge("public.click.tenant_id")
    assert asked.labels(asked.source.referenced_by_whole(edge, public("click"))) == [
        "tenant 1",
        "tenant 2",
        "tenant 3",
    ]


_ORDERS = [
    ((OrderTerm("id", descending=True),), ["click 23", "click 24"]),
    ((), ["click 2", "click 3"]),
    ((OrderTerm("at"),), ["click 5", "click 9"]),
    ((OrderTerm("at", nulls_first=True),), ["click 8", "click 12"]),
    ((OrderTerm("at", descending=True),), ["click 8", "click 12"]),
    ((OrderTerm("at", descending=True, nulls_first=False),), ["click 11", "click 3"]),
]


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize(("order", "firsts"), _ORDERS)
def test_a_cap_takes_the_first_of_each_row(
    asked: Asked, indexed: bool, order: tuple[OrderTerm, ...], firsts: list[str]
) -> None:
    edge = asked.edge("public.click.tenant_id", follow=Follow(1, order), referencing_indexed=indexed)
    assert asked.referencing(edge, "tenant 1") + asked.referencing(edge, "tenant 3") != []
    together = asked.referencing(edge, "tenant 1", "tenant 3")
    alone = sorted([*asked.referencing(edge, "tenant 1"), *asked.referencing(edge, "tenant 3")])
    assert together == alone == sorted(firsts)


def test_a_cap_larger_than_what_there_is_takes_all(asked: Asked) -> None:
    for indexed in (True, False):
        edge = asked.edge("public.click.tenant_id", follow=Follow(100), referencing_indexed=indexed)
        assert len(asked.referencing(edge, "tenant 1", "tenant 2", "tenant 3")) == 24
        note = asked.edge("public.note.tenant_id", follow=Follow(1), referencing_indexed=indexed)
        assert len(asked.referencing(note, "tenant 1", "tenant 2", "tenant 3")) == 3


def test_a_capped_batch_is_parted_where_its_answer_would_be_large(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = asked.edge("public.click.tenant_id", follow=Follow(2))
    whole = asked.referencing(edge, "tenant 1", "tenant 2", "tenant 3")
    monkeypatch.setattr("dbtool.postgres.subset_source.ANSWER_ROWS", 2)
    rows = asked.rows(public("tenant"), ["tenant 1", "tenant 2", "tenant 3"])
    pieces = list(asked.source.referencing_rows(edge, rows))
    assert len(pieces) == 3
    assert asked.labels(pieces) == whole


def test_what_is_large_is_asked_for_by_page_ranges(asked: Asked) -> None:
    source = SubsetSource(asked.connection, asked.catalog, asked.facts, asked.source._key, scan_pages=3)  # noqa: SLF001  the same key
    table, pages = public("long_note"), asked.catalog.relations[public("long_note")].pages
    edge = asked.edge("public.long_note.tenant_id", referencing_indexed=False)
    pieces = list(source.referencing_rows(edge, asked.rows(public("tenant"), ["tenant 1", "tenant 2"])))
    assert len(pieces) == -(-pages // 3) > 2
    assert asked.labels(pieces) == sorted(f"long {n}" for n in range(1, 31))
    every = list(source.all_rows(table))
    assert len(every) == len(pieces)
    assert sum(map(len, every)) == 30
    capped = replace(edge, follow=Follow(2))
    assert len(asked.labels(source.referencing_rows(capped, asked.rows(public("tenant"), ["tenant 1"])))) == 2


@pytest.mark.parametrize("indexed", [True, False])
def test_a_scan_in_parts_finds_what_it_finds_at_once(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, *, indexed: bool
) -> None:
    """Several sessions would have a part each."""
    monkeypatch.setattr("dbtool.postgres.scans._WORTH_PARTING", 3)
    edge = asked.edge("public.long_note.tenant_id", referencing_indexed=indexed)
    rows = asked.rows(public("tenant"), ["tenant 1", "tenant 2"])
    if indexed:  # an index is asked for few rows, and these are few
        assert asked.source.scan_parts(Question(edge, "referencing", rows), 3) == ()
        return
    question = Question(edge, "referencing", rows)
    parts = asked.source.scan_parts(question, 3)
    pieces = [list(asked.source.scan_part(question, part)) for part in parts]
    assert len(pieces) == 3
    found = [asked.labels(piece) for piece in pieces]
    assert all(found)
    assert sorted(chain.from_iterable(found)) == asked.referencing(edge, "tenant 1", "tenant 2")


@pytest.mark.parametrize("number", [2, 3, 9])
def test_partitions_that_are_scanned_by_several_are_all_looked_through_once(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr("dbtool.postgres.scans._WORTH_PARTING", 0)
    monkeypatch.setattr("dbtool.postgres.scans._MANY_TIMES", 0)
    edge = asked.edge("note_event", referencing_indexed=False)
    events = ["event 1.1", "event 2.1", "event 3.2", "event 4.2"]
    question = Question(edge, "referencing", asked.rows(public("event"), events))
    parts = asked.source.scan_parts(question, number)
    assert len(parts) == min(number, len(asked.facts.leaves[edge.referencing])) > 1
    found = [asked.labels(asked.source.scan_part(question, part)) for part in parts]
    assert sorted(chain.from_iterable(found)) == asked.referencing(edge, *events) != []


def test_only_a_large_scan_of_one_table_is_asked_for_in_parts(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dbtool.postgres.scans._WORTH_PARTING", 3)
    rows = asked.rows(public("tenant"), ["tenant 1", "tenant 2"])

    def parts(name: str, direction: Direction = "referencing", **options: Any) -> int:
        edge = asked.edge(name, referencing_indexed=False, **options)
        return len(asked.source.scan_parts(Question(edge, direction, rows), 2))

    assert parts("public.long_note.tenant_id") == 2
    assert parts("public.long_note.tenant_id", "referenced") == 0
    assert parts("public.long_note.tenant_id", follow=Follow(2)) == 0
    monkeypatch.setattr("dbtool.postgres.scans._MANY_TIMES", 1_000)
    assert parts("public.long_note.tenant_id") == 0
    monkeypatch.setattr("dbtool.postgres.scans._MANY_TIMES", 4)
    monkeypatch.setattr("dbtool.postgres.scans._WORTH_PARTING", 1_024)
    assert parts("public.long_note.tenant_id") == 0


def test_an_answer_that_the_server_cannot_give_at_once_is_asked_for_in_parts(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here work on the first try fails as running out of memory does."""
    monkeypatch.setattr("dbtool.postgres.scans._LARGEST_VALUE", 2_000)
    monkeypatch.setattr("dbtool.postgres.subset_source._TOO_LARGE", frozenset(["42883"]))
    source = SubsetSource(asked.connection, asked.catalog, asked.facts, asked.source._key, scan_pages=3)  # noqa: SLF001  the same key
    edge = asked.edge("public.long_note.tenant_id", referencing_indexed=True)
    monkeypatch.setattr(source, "_spell", _FailsAtFirst(source._spell))  # noqa: SLF001  what puts queries together
    answer = source.referencing_rows(edge, asked.rows(public("tenant"), ["tenant 1", "tenant 2"]))
    assert asked.labels(answer) == sorted(f"long {n}" for n in range(1, 31))


class _FailsAtFirst:
    def __init__(self, spell: object) -> None:
        self.spell, self.asked = spell, 0

    def __call__(self, *values: object, **options: object) -> object:
        self.asked += 1
        return b"SELECT no_such_function()" if self.asked == 1 else self.spell(*values, **options)  # type: ignore[operator]


def test_roots_are_chosen_by_a_condition(asked: Asked) -> None:
    root = Root(public("tenant"), AT, where=SqlText("tenant.id > 1 -- so\n AND label LIKE '%2'", AT))
    assert asked.root(root) == ["tenant 2"]
    partitioned = Root(public("event"), AT, where=SqlText("event.id = 3", AT))
    assert asked.root(partitioned) == ["event 3.1", "event 3.2"]


@pytest.mark.parametrize("chosen", [{"percent": 50.0}, {"limit": 40}, {"where": SqlText("id > 0", AT)}])
def test_large_roots_are_read_by_page_ranges(
    asked: Asked, chosen: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Root(public("long_note"), AT, **chosen)
    at_once = asked.root(root)
    assert len(at_once) > 5
    monkeypatch.setattr("dbtool.postgres.subset_roots.SAMPLED_PAGES", 3)
    assert asked.root(root) == at_once
    (bound,) = bind_roots(asked.catalog, asked.facts, (root,))
    parts = asked.source.root_parts(bound)
    if root.limit is not None:  # chosen among all of them
        assert parts == ()
        return
    assert len(parts) > 2
    pieces = [found for part in parts for found in asked.source.root_part(bound, part)]
    assert asked.labels(pieces) == at_once


def test_roots_are_named_by_ids_in_any_spelling_of_their_type(asked: Asked) -> None:
    assert asked.root(Root(public("tenant"), AT, ids=(("03",), ("1",), ("1",), ("77",)))) == [
        "tenant 1",
        "tenant 3",
    ]
    assert asked.root(Root(public("customer"), AT, ids=(("1", "2"), ("2", "1")))) == [
        "customer 1.2",
        "customer 2.1",
    ]
    assert asked.root(Root(public("event"), AT, ids=(("3", "2"), ("1", "1")))) == ["event 1.1", "event 3.2"]
    assert asked.root(Root(public("feeling"), AT, ids=(("sad", "{1,2}", "x"),))) == ["feeling 1"]
    assert asked.root(Root(public("padded"), AT, ids=(("ab",), ("abcdefg",)))) == ["padded ab"]


def test_an_id_that_is_none_is_refused_without_being_quoted(asked: Asked) -> None:
    root = Root(public("customer"), AT, ids=(("1", "1"), ("1", "s3cret")))
    with pytest.raises(UsageError) as refused:
        asked.root(root)
    assert str(refused.value).startswith(
        "rules.yaml:7:11: id number 2 of this root does not fit the type of public.customer.id"
    )
    assert "s3cret" not in str(refused.value)
    assert asked.root(Root(public("tenant"), AT, ids=(("1",),))) == ["tenant 1"]  # the transaction goes on


def test_a_share_of_a_root_is_stable_and_grows(asked: Asked) -> None:
    five, twenty, all_of_it = (
        asked.root(Root(public("root"), AT, percent=percent)) for percent in (5, 20, 100)
    )
    assert 0 < len(five) < len(twenty) < 100
    assert set(five) < set(twenty)
    assert len(all_of_it) == 200
    assert asked.root(Root(public("root"), AT, percent=20)) == twenty


def test_a_share_is_taken_of_what_a_condition_holds_for(asked: Asked) -> None:
    where = SqlText("size = 0", AT)
    some = asked.root(Root(public("root"), AT, percent=50, where=where))
    assert set(some) == set(asked.root(Root(public("root"), AT, percent=50))) & set(
        asked.root(Root(public("root"), AT, where=where))
    )
    assert 5 < len(some) < 35


def test_a_limit_takes_so_many_by_the_same_hash(asked: Asked) -> None:
    ten, twenty = (asked.root(Root(public("root"), AT, limit=limit)) for limit in (10, 20))
    assert (len(ten), len(twenty)) == (10, 20)
    assert set(ten) < set(twenty)
    assert set(ten) <= set(asked.root(Root(public("root"), AT, percent=20)))
    assert len(asked.root(Root(public("event"), AT, limit=3))) == 3


def test_a_limit_with_an_order_takes_the_first(asked: Asked) -> None:
    order = (OrderTerm("size", descending=True), OrderTerm("b"))
    root = Root(public("root"), AT, limit=3, order=order, where=SqlText("root.b > 10", AT))
    assert asked.root(root) == ["root 14", "root 19", "root 24"]
    last = Root(public("event"), AT, limit=3, order=(OrderTerm("id", descending=True), OrderTerm("day")))
    assert asked.root(last) == ["event 3.1", "event 4.1", "event 4.2"]


@pytest.mark.one_major
def test_a_chain_of_ten_thousand_is_walked_both_ways(make_database: MakeDatabase) -> None:
    url, node = make_database(), RelationName("public", "node")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE node (id int PRIMARY KEY, above int REFERENCES node, label text)")
        connection.execute(
            "INSERT INTO node SELECT n, nullif(n - 1, 0), n::text FROM generate_series(1, 10000) n"
        )
        connection.execute("CREATE INDEX ON node (above)")
    with asking(url) as asked:
        for first in ("1", "10000"):
            selection = walk(asked.graph(Root(node, AT, ids=((first,),))), asked.source)
            assert selection.count(node) == 10_000


def test_select_is_all_that_a_role_needs(make_database: MakeDatabase) -> None:
    url = make_database()
    role = "dbtool_test_subset_reader"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_SCHEMA)
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        connection.execute(f'GRANT USAGE ON SCHEMA public, "Über x" TO {role}')
        connection.execute(
            "DROP SERVER dbtool_test_nowhere CASCADE; DROP FOREIGN DATA WRAPPER dbtool_test_nothing"
        )
        connection.execute(f'GRANT SELECT ON ALL TABLES IN SCHEMA public, "Über x" TO {role}')
    reader = psycopg.conninfo.make_conninfo(url, user=role, password="x")
    try:
        with asking(reader, _RELATIONS) as asked:
            root = Root(public("tenant"), AT, percent=100)
            everything = walk(asked.graph(root), asked.source)
            assert everything.count(public("click")) == 24
            assert everything.count(public("note_0")) + everything.count(public("note_1")) == 4
            assert walk(asked.graph(root, follow=Follow(1)), asked.source).count(public("click")) == 3
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")


def test_rows_of_one_citext_are_told_as_citext(make_database: MakeDatabase) -> None:
    """With only pg_catalog in search_path a bare = would compare their texts."""
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        try:
            connection.execute("CREATE SCHEMA kinds; CREATE EXTENSION citext SCHEMA kinds")
        except psycopg.errors.FeatureNotSupported:
            pytest.skip("cannot run here: this server has no citext")
        connection.execute("CREATE TABLE person (email kinds.citext PRIMARY KEY, label text)")
        connection.execute(
            "CREATE TABLE login (email kinds.citext REFERENCES person, again kinds.citext, label text)"
        )
        connection.execute(
            "INSERT INTO person VALUES ('Ada', 'ada'); INSERT INTO login VALUES ('aDA', 'ADA', 'login')"
        )
    relation = refers(public("login"), "again", public("person"), "email")
    with asking(url, (relation,)) as asked:
        for edge in asked.edges:
            assert asked.referencing(edge, "ada") == ["login"]
            assert asked.referenced(edge, "login") == ["ada"]
        assert len(asked.edges) == 2
        assert asked.root(Root(public("person"), AT, ids=(("ADA",),))) == ["ada"]


def test_domains_over_every_kind_are_compared_as_what_they_are_over(make_database: MakeDatabase) -> None:
    """What takes any enum takes no domain over one."""
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TYPE size AS ENUM ('s', 'm'); CREATE TYPE place AS (x int, y text)")
        connection.execute(
            "CREATE DOMAIN worn AS size; CREATE DOMAIN sold AS worn; CREATE DOMAIN spot AS place"
        )
        connection.execute("CREATE DOMAIN tags AS int[]; CREATE DOMAIN span AS int4range")
        connection.execute(
            "CREATE TABLE shirt (id sold PRIMARY KEY, spot spot, tags tags, span span, label text)"
        )
        connection.execute(
            "CREATE TABLE sale (id size, spot place, tags int[], span int4range, again worn, label text)"
        )
        connection.execute(
            "INSERT INTO shirt VALUES ('s', '(1,a)', '{1}', '[1,2)', 'small'), ('m', '(2,a)', '{2}', '[2,3)', 'medium')"
        )
        connection.execute("INSERT INTO sale VALUES ('m', '(2,a)', '{2}', '[2,3)', 'm', 'sale')")
    pairs = {"id": "id", "spot": "spot", "tags": "tags", "span": "span", "again": "id"}
    relations = tuple(refers(public("sale"), one, public("shirt"), other) for one, other in pairs.items())
    with asking(url, relations) as asked:
        for edge in asked.edges:
            assert not any(operator.as_text for operator in edge.operators)
            assert asked.referencing(edge, "small", "medium") == ["sale"]
            assert asked.referenced(edge, "sale") == ["medium"]
        assert len(asked.edges) == 5
        assert asked.root(Root(public("shirt"), AT, ids=(("s",),))) == ["small"]


def test_a_temporal_reference_leads_to_every_row_that_it_overlaps(
    server: EmbeddedServer, make_database: MakeDatabase
) -> None:
    if server.major < 18:
        pytest.skip("cannot run here: temporal keys came with PostgreSQL 18")
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE price (what int4range, during int4range, label text, PRIMARY KEY (what, during WITHOUT OVERLAPS))"
        )
        connection.execute(
            "CREATE TABLE sale (what int4range, during int4range, label text,"
            " FOREIGN KEY (what, PERIOD during) REFERENCES price (what, PERIOD during))"
        )
        connection.execute(
            "INSERT INTO price VALUES ('[1,1]', '[1,5)', 'a'), ('[1,1]', '[5,9)', 'b'), ('[1,1]', '[9,12)', 'c'),"
            " ('[2,2]', '[1,12)', 'd')"
        )
        connection.execute(
            "INSERT INTO sale VALUES ('[1,1]', '[2,7)', 'x'), ('[1,1]', '[10,11)', 'y'), (NULL, '[1,2)', 'z')"
        )
    with asking(url) as asked:
        (edge,) = asked.edges
        assert [one.sql for one in edge.operators] == ["OPERATOR(pg_catalog.=)", "OPERATOR(pg_catalog.&&)"]
        assert asked.referenced(edge, "x", "z") == ["a", "b"]
        assert asked.referencing(edge, "b") == ["x"]
        assert asked.source.count_orphans(edge, public("sale")) == 0
