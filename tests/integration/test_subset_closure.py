"""References that PostgreSQL does not vouch for are as whole in the copy of a subset as they are in the source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dbtool.catalog.catalog import Catalog
from dbtool.errors import VerificationFailed
from dbtool.findings import Finding
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import OptionNames
from dbtool.postgres.session import Connection
from dbtool.refresh import post_data
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.request import RefreshRequest
from dbtool.rules.loader import load_rules
from tests.databases import execute, query
from tests.integration.refreshing import request_for
from tests.integration.test_refresh_subset import subset_request

pytestmark = pytest.mark.one_major

MakeDatabase = Callable[[], str]

_MAIL = """
CREATE TABLE person (id int PRIMARY KEY, email text);
CREATE TABLE photo (id int PRIMARY KEY);
CREATE TABLE mail (id int PRIMARY KEY, person_id int, address text, about_type text, about_id text, photo_id int)
    PARTITION BY RANGE (id);
CREATE TABLE mail_1 PARTITION OF mail FOR VALUES FROM (0) TO (500);
CREATE TABLE mail_2 PARTITION OF mail FOR VALUES FROM (500) TO (100000);
INSERT INTO person SELECT n, 'p' || n || '@lovelace.dk' FROM generate_series(1, 100) n;
INSERT INTO photo SELECT n FROM generate_series(1, 50) n;
INSERT INTO mail SELECT n, 1 + n % 110, 'p' || 1 + n % 105 || '@lovelace.dk',
    (ARRAY['person', 'photo', 'nothing'])[1 + n % 3], 1 + n % 60, NULL
    FROM generate_series(1, 1000) n;
UPDATE mail SET photo_id = 1 + id % 55 WHERE id % 2 = 0;
ALTER TABLE mail_1 ADD FOREIGN KEY (photo_id) REFERENCES photo NOT VALID;
ANALYZE
"""
_RULES = """
relations:
  - {from: public.mail.person_id, to: public.person.id}
  - {from: public.mail.address, to: public.person.email}
  - from: public.mail.about_id
    by: {public.mail.about_type: {person: public.person.id, photo: public.photo.id, nothing: null}}
subset: {roots: [{table: public.mail, percent: 40}], referencing: {default: none}}
"""


@pytest.fixture
def source(source_url: str) -> str:
    execute(source_url, _MAIL)
    return source_url


def masked_request(source: str, target: str, folder: Path, mask: str) -> RefreshRequest:
    """Mail addresses are masked in both tables, everything else is kept."""
    file = folder / "masked.yaml"
    file.write_text(
        f"version: 1\n{_RULES}tables:\n"
        f"  public.person: {{id: {{keep: a number}}, email: {mask}}}\n"
        "  public.photo: {id: {keep: a number}}\n"
        "  public.mail: {id: {keep: a number}, about_type: {keep: a type}}\n",
        encoding="utf-8",
    )
    rules = load_rules(file, MASKS.keys(), OptionNames(MASKS))
    return request_for(source, target, folder / "state", rules, adopt=True)


def test_references_to_nothing_are_as_many_in_the_copy_as_among_the_chosen_rows(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    target = make_database()
    done = refresh(subset_request(source, target, tmp_path, _RULES))
    assert done.subset is not None
    edges = {edge for edge, _ in done.subset.orphans}
    assert len(edges) == 4  # by number, by address, by type to photos, and the key that is not valid
    known = sum(count for _, count in done.subset.orphans)
    nowhere = query(
        target,
        "SELECT count(*) FILTER (WHERE person_id > 100) + count(*) FILTER (WHERE address > '' AND NOT EXISTS "
        "(SELECT FROM person WHERE email = address)) + count(*) FILTER (WHERE about_type = 'photo' AND about_id::int > 50) "
        "+ count(*) FILTER (WHERE photo_id > 50 AND id < 500) FROM mail",
    )
    assert [(known,)] == nowhere
    assert (done.verification.orphans, done.verification.findings) == (0, ())
    assert any(
        "5 kinds of references that PostgreSQL does not validate" in sentence
        and f"; {known:,} lead nowhere" in sentence
        for sentence in done.verification.checked
    ), done.verification.checked
    assert "originals of rows that were not chosen were not searched for" in done.verification.not_checked
    assert not any("foreign key" in sentence for sentence in done.verification.not_checked)


def test_masked_references_find_each_other_by_their_stand_ins(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    target = make_database()
    done = refresh(masked_request(source, target, tmp_path, "{mask: email}"))
    assert (done.verification.orphans, done.verification.findings) == (0, ())
    found = "SELECT count(*) FROM mail JOIN person ON email = address"
    kept = "SELECT count(*) FROM mail JOIN person ON person.id = 1 + mail.id % 105"
    assert query(target, found) == query(target, kept)


def test_a_mask_may_bring_together_what_its_canonical_forms_take_for_equal(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """They were apart in the source, letter for letter."""
    execute(source, "UPDATE mail SET address = upper(address)")
    target = make_database()
    done = refresh(masked_request(source, target, tmp_path, "{mask: email}"))
    assert (done.verification.orphans, done.verification.findings) == (0, ())
    assert query(target, "SELECT count(*) > 100 FROM mail JOIN person ON email = address") == [(True,)]


def _changing(monkeypatch: pytest.MonkeyPatch, statements: str) -> None:
    """The loaded candidate is tampered with before it is verified."""

    def refresh_views(connection: Connection, _catalog: Catalog) -> None:
        connection.execute(f"SET search_path = public; {statements}; SET search_path = pg_catalog".encode())

    monkeypatch.setattr(post_data, "refresh_views", refresh_views)


@pytest.mark.parametrize(
    ("statements", "where"),
    [
        ("UPDATE person SET id = -id", ["public.mail.about_id", "public.mail.person_id"]),
        ("UPDATE person SET email = '' WHERE id = (SELECT min(id) FROM person)", ["public.mail.address"]),
        ("UPDATE mail_2 SET about_type = 'photo' WHERE about_id > '50'", ["public.mail.about_id"]),
        ("UPDATE mail SET person_id = 1 WHERE person_id > 100", ["public.mail.person_id"]),
    ],
    ids=["who_is_referred_to", "by_text", "by_type", "fewer"],
)
def test_a_reference_that_leads_elsewhere_than_in_the_source_fails_the_verification(  # noqa: PLR0917  fixtures
    source: str,
    make_database: MakeDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    statements: str,
    where: list[str],
) -> None:
    _changing(monkeypatch, statements)
    target = make_database()
    with pytest.raises(VerificationFailed) as failed:
        refresh(subset_request(source, target, tmp_path, _RULES))
    found = [one for one in failed.value.findings if isinstance(one, Finding)]
    assert sorted(one.where for one in found) == where
    assert all((one.check, one.is_error) == ("orphans", True) for one in found)
    assert all("lead nowhere in the candidate" in one.message for one in found)
    assert query(target, "SELECT to_regclass('mail')") == [(None,)]


def test_nothing_refers_to_an_empty_table_where_references_become_null(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """But for what referred to nothing before."""
    target = make_database()
    nullify = "  tables: {public.photo: empty}\n  referenced: {public.mail.about_id: nullify, public.mail.photo_id: nullify}\n"
    rules = _RULES.replace(
        "subset: {roots: [{table: public.mail, percent: 40}], referencing: {default: none}}\n",
        f"subset:\n  roots: [{{table: public.mail, percent: 40}}]\n  referencing: {{default: none}}\n{nullify}",
    )
    done = refresh(subset_request(source, target, tmp_path, rules))
    assert (done.verification.orphans, done.verification.findings) == (0, ())
    left = "SELECT count(*), count(*) FILTER (WHERE {0} <= 50) FROM mail WHERE {0} IS NOT NULL"
    of_type = left.format("about_id::int") + " AND about_type = 'photo'"
    assert query(target, of_type)[0][1] == 0
    of_key = query(target, left.format("photo_id") + " AND id < 500")[0]
    assert of_key[1] == 0
    assert of_key[0] > 0


def test_texts_are_compared_where_the_source_compares_texts(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    target = make_database()
    rules = (
        "relations: [{from: public.mail.about_id, to: public.photo.id}]\n"
        "subset: {roots: [{table: public.mail, percent: 40}], referencing: {default: none}}\n"
    )
    done = refresh(subset_request(source, target, tmp_path, rules))
    assert (done.verification.orphans, done.verification.findings) == (0, ())
    assert ("public.mail.about_id → public.photo") in dict(done.subset.orphans if done.subset else ())


def test_without_a_subset_the_copy_is_asked_of_every_row(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    target = make_database()
    rules = _RULES + "profiles: {full: {subset: everything}}\n"
    verification = refresh(subset_request(source, target, tmp_path, rules, profile="full")).verification
    assert any("5 kinds of references" in sentence for sentence in verification.checked)
    assert not any("not chosen" in sentence for sentence in verification.not_checked)
    assert not any("foreign key" in sentence for sentence in verification.not_checked)
    assert verification.orphans == 0
