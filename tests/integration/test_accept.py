"""dbtool.lock beside a database that changes: what a check says, and what accepting writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dbtool.errors import FindingsRefuse, KeptColumnChanged
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import OptionNames
from dbtool.refresh.accept_rules import Acceptance, accept_rules
from dbtool.refresh.check_rules import check_rules
from dbtool.refresh.preflight import preflight
from dbtool.rules.loader import load_rules
from dbtool.rules.lockfile import LOCK_NAME
from dbtool.rules.model import RuleSet
from dbtool.targets import Target, Tier
from tests.databases import execute
from tests.integration.refreshing import request_for

pytestmark = pytest.mark.one_major

_TABLES = """
CREATE DOMAIN sku AS varchar(12);
CREATE TABLE shelf (id integer PRIMARY KEY, code varchar(8) NOT NULL, amount integer, sku sku, label text);
CREATE TABLE book (shelf_id integer REFERENCES shelf, code integer, kept_on date) PARTITION BY RANGE (kept_on);
CREATE TABLE book_2030 PARTITION OF book FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
"""
_RULES = """version: 1
tables:
  public.shelf:
    id: {keep: a key}
    [code, amount, sku]: {keep: says nothing of anybody}
    label: {mask: redact}
  public.book: {code: {keep: a code}, kept_on: {keep: a date}}
"""
_LINES = [
    "public.book.code  integer",
    "public.book.kept_on  date",
    "public.book.shelf_id  integer",
    "public.shelf.amount  integer",
    "public.shelf.code  character varying(8)",
    "public.shelf.id  integer  key",
    "public.shelf.sku  public.sku over character varying(12)",
]


_ANOTHER_REFERENCE = """
ALTER TABLE book DROP CONSTRAINT book_shelf_id_fkey;
ALTER TABLE book ALTER shelf_id TYPE bigint;
ALTER TABLE book ADD FOREIGN KEY (shelf_id) REFERENCES shelf;
"""


@dataclass
class Library:
    url: str
    folder: Path

    @property
    def target(self) -> Target:
        return Target("production", Tier.PRODUCTION, lambda: self.url)

    @property
    def rules(self) -> RuleSet:
        return load_rules(self.folder, MASKS, OptionNames(MASKS))

    @property
    def lines(self) -> list[str]:
        text = (self.folder / LOCK_NAME).read_text(encoding="utf-8")
        return [line for line in text.splitlines() if not line.startswith(("#", "version"))]

    def accept(self, *, prune: bool = False) -> Acceptance:
        return accept_rules(self.target, self.rules, prune=prune)

    def check(self) -> list[tuple[str, str]]:
        _, findings = check_rules(self.target, self.rules)
        return [(one.check, one.where) for one in findings if one.severity != "info"]

    def change(self, statements: str) -> None:
        execute(self.url, statements)


@pytest.fixture
def library(database: str, tmp_path: Path) -> Library:
    execute(database, _TABLES)
    (tmp_path / "rules.yaml").write_text(_RULES)
    return Library(database, tmp_path)


@pytest.fixture
def accepted(library: Library) -> Library:
    library.accept()
    return library


def test_without_a_lock_there_is_one_warning(library: Library) -> None:
    assert library.check() == [("no-lock", f"{library.folder}/{LOCK_NAME}")]


def test_accepting_writes_a_line_for_whatever_is_kept(accepted: Library) -> None:
    assert accepted.lines == _LINES
    assert accepted.check() == []


def test_accepting_again_changes_nothing(accepted: Library) -> None:
    before = (accepted.folder / LOCK_NAME).stat()
    again = accepted.accept()
    assert (again.added, again.removed, again.lines) == ((), (), len(_LINES))
    assert (accepted.folder / LOCK_NAME).stat() == before


@pytest.mark.parametrize(
    ("change", "column", "line"),
    [
        ("ALTER TABLE shelf ALTER code TYPE text", "shelf.code", "public.shelf.code  text"),
        ("ALTER TABLE shelf ALTER code TYPE varchar(80)", "shelf.code", "public.shelf.code  character varying(80)"),
        ("ALTER TABLE shelf ALTER amount TYPE text", "shelf.amount", "public.shelf.amount  text"),
        ("ALTER TABLE book ALTER code TYPE text", "book.code", "public.book.code  text"),
        ("CREATE UNIQUE INDEX ON shelf (code)", "shelf.code", "public.shelf.code  character varying(8)  key"),
        ("CREATE UNIQUE INDEX ON shelf (amount) WHERE id > 9", "shelf.amount", "public.shelf.amount  integer  key"),
        ("CREATE UNIQUE INDEX ON shelf (lower(code))", "shelf.code", "public.shelf.code  character varying(8)  key"),
        ("CREATE UNIQUE INDEX ON book_2030 (code)", "book.code", "public.book.code  integer  key"),
        ("ALTER TABLE shelf ADD EXCLUDE (amount WITH =)", "shelf.amount", "public.shelf.amount  integer  key"),
        ("CREATE DOMAIN word AS text; ALTER TABLE shelf ALTER sku TYPE word", "shelf.sku", "public.shelf.sku  public.word over text"),
        (_ANOTHER_REFERENCE, "book.shelf_id", "public.book.shelf_id  bigint"),
    ],
    ids=["text", "longer", "int-text", "partitioned", "unique", "partial", "expression", "partition", "exclusion", "domain", "reference"],
)  # fmt: skip
def test_a_kept_column_that_has_become_something_else_stops_until_that_is_accepted(
    accepted: Library, change: str, column: str, line: str
) -> None:
    accepted.change(change)
    assert accepted.check() == [("kept-column-changed", f"public.{column}")]
    acceptance = accepted.accept()
    assert [str(one) for one in acceptance.added] == [line]
    assert accepted.lines == sorted([*_LINES, line])  # the older one still holds
    assert accepted.check() == []
    pruned = accepted.accept(prune=True)
    assert [one.column for one in pruned.removed] == [one.column for one in acceptance.added]
    assert line in accepted.lines
    assert len(accepted.lines) == len(_LINES)


def test_a_key_that_is_gone_stops_as_well(accepted: Library) -> None:
    accepted.change(
        "ALTER TABLE book DROP CONSTRAINT book_shelf_id_fkey; ALTER TABLE shelf DROP CONSTRAINT shelf_pkey"
    )
    (accepted.folder / "rules.yaml").write_text(_RULES.replace("{code:", "{shelf_id: {keep: a key}, code:"))
    assert ("kept-column-changed", "public.shelf.id") in accepted.check()


def test_a_new_column_that_is_kept_stops_and_one_that_is_masked_does_not(accepted: Library) -> None:
    accepted.change("ALTER TABLE shelf ADD room text, ADD owner text")
    rules = _RULES.replace("label:", "owner: {mask: full_name}\n    room: {keep: a number}\n    label:")
    (accepted.folder / "rules.yaml").write_text(rules)
    assert accepted.check() == [("kept-column-not-accepted", "public.shelf.room")]
    assert [str(one) for one in accepted.accept().added] == ["public.shelf.room  text"]
    assert accepted.check() == []


def test_a_column_that_is_gone_is_no_error_and_pruned_only_where_that_is_asked(accepted: Library) -> None:
    accepted.change("ALTER TABLE shelf DROP amount")
    assert accepted.check() == [("rule-names-nothing", f"{accepted.folder}/rules.yaml:5:5")]
    assert accepted.accept().removed == ()
    assert [str(one) for one in accepted.accept(prune=True).removed] == ["public.shelf.amount  integer"]


def test_nothing_is_accepted_where_a_column_is_undecided(library: Library) -> None:
    library.change("ALTER TABLE shelf ADD owner text")
    with pytest.raises(FindingsRefuse, match="nothing was accepted") as caught:
        library.accept()
    assert [getattr(one, "where", "") for one in caught.value.findings] == ["public.shelf.owner"]
    assert not (library.folder / LOCK_NAME).exists()


def test_what_a_subset_skips_stays_accepted(accepted: Library) -> None:
    skipping = "subset: {roots: [{table: public.shelf, percent: 5}], tables: {public.book: skip}}\n"
    (accepted.folder / "rules.yaml").write_text(_RULES + skipping)
    assert accepted.accept(prune=True).removed == ()
    assert accepted.lines == _LINES


def test_a_refresh_stops_before_anything_is_copied(
    accepted: Library, make_database: Callable[[], str], tmp_path: Path
) -> None:
    request = request_for(accepted.url, make_database(), tmp_path / "state", accepted.rules)
    assert preflight(request).findings is not None
    accepted.change("ALTER TABLE shelf ALTER code TYPE text")
    with pytest.raises(KeptColumnChanged, match="must be settled first; nothing was copied") as caught:
        preflight(request)
    assert caught.value.exit_code == 4
    accepted.change("ALTER TABLE shelf ADD owner text")
    with pytest.raises(FindingsRefuse):  # another error decides the exit code
        preflight(request)


def test_the_database_of_another_release_may_be_accepted_beside(
    accepted: Library, make_database: Callable[[], str]
) -> None:
    next_release = Library(make_database(), accepted.folder)
    next_release.change(_TABLES.replace("code varchar(8)", "code text"))
    next_release.accept()
    assert (accepted.check(), next_release.check()) == ([], [])
