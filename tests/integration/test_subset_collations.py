"""Keys whose spellings are equal where they differ: nothing of the walk may search within them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.rules.subset_model import Root
from tests.databases import execute, own_database
from tests.integration.subset_asking import AT, asking, public, refers

_SCHEMA = """
CREATE COLLATION careless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE dish (id text COLLATE careless PRIMARY KEY, label text);
CREATE TABLE serving (dish text COLLATE "C" REFERENCES dish, guess text, label text);
INSERT INTO dish SELECT E'Tab\\t' || n, 'dish ' || n FROM generate_series(1, 60) n;
INSERT INTO serving SELECT E'tAB\\t' || n, E'TAB\\t' || n, 'serving ' || n FROM generate_series(1, 60) n;
"""
_RELATIONS = (refers(public("serving"), "guess", public("dish"), "id"),)


@pytest.fixture
def database(server_of: Callable[[int], EmbeddedServer]) -> Iterator[str]:
    """The wheels' servers are built without ICU; Debian's 15 is not."""
    with own_database(server_of(15), f"dbtool_test_{os.getpid()}_careless") as url:
        execute(url, _SCHEMA)
        yield url


def test_a_share_is_taken_of_keys_under_a_nondeterministic_collation(database: str) -> None:
    """Before 18 such texts can be searched by no function, replace() among them."""
    with asking(database, _RELATIONS) as asked:
        half = asked.root(Root(public("dish"), AT, percent=50))
        assert set(asked.root(Root(public("dish"), AT, limit=5))) < set(half)
        assert 15 < len(half) < 45
        assert asked.root(Root(public("dish"), AT, ids=(("TAB\t7",),))) == ["dish 7"]


def test_rows_refer_to_each_other_as_the_keys_collation_says(database: str) -> None:
    with asking(database, _RELATIONS) as asked:
        for edge in (asked.edge("public.serving.dish"), asked.edge("public.serving.guess")):
            given = asked.rows(public("dish"), ["dish 7", "dish 8"])
            assert asked.labels(asked.source.referencing_rows(edge, given)) == ["serving 7", "serving 8"]
            back = asked.rows(public("serving"), ["serving 9"])
            assert asked.labels(asked.source.referenced_rows(edge, back)) == ["dish 9"]
