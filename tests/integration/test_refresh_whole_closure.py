"""A copy of every row is as closed as the source was: references are followed that PostgreSQL does not vouch for."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.catalog.catalog import Catalog
from dbtool.errors import VerificationFailed
from dbtool.findings import Finding, Severity
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import OptionNames
from dbtool.postgres.session import Connection
from dbtool.refresh import post_data
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.request import RefreshRequest
from dbtool.rules.loader import load_rules
from tests.databases import execute, query
from tests.integration.refreshing import request_for

_SCHEMA = """
CREATE TABLE public.person (id int PRIMARY KEY, email text NOT NULL);
CREATE TABLE public.mail (id int PRIMARY KEY, person_id int, address text, about_kind text, about_id text);
INSERT INTO public.person SELECT n, 'p' || n || '@bright.mail' FROM generate_series(1, 20) AS n;
INSERT INTO public.mail SELECT n, n, 'p' || n || '@bright.mail', CASE WHEN n % 2 = 0 THEN 'person' ELSE 'none' END, n
FROM generate_series(1, 22) AS n;
ALTER TABLE public.mail ADD CONSTRAINT mail_person FOREIGN KEY (person_id) REFERENCES public.person NOT VALID
"""
_RULES = """\
version: 1
relations:
  - {from: public.mail.address, to: public.person.email}
  - {from: public.mail.about_id, by: {public.mail.about_kind: {person: public.person.id, none: null}}}
tables:
  public.person: {id: {keep: a number}, email: {mask: email}}
  public.mail: {id: {keep: a number}, about_kind: {keep: one of two words}}
"""

TwoDatabases = tuple[str, str]


def request_of(two_databases: TwoDatabases, folder: Path) -> RefreshRequest:
    source, target = two_databases
    execute(source, _SCHEMA)
    file = folder / "rules.yaml"
    file.write_text(_RULES, encoding="utf-8")
    rules = load_rules(file, MASKS.keys(), OptionNames(MASKS))
    return request_for(source, target, folder / "state", rules, adopt=True)


def test_references_that_lead_nowhere_are_told_and_copied(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    done = refresh(request_of(two_databases, tmp_path))
    told = {one.where: one for one in done.findings if one.check == "orphans-in-source"}
    assert told.keys() == {"public.mail.person_id", "public.mail.address", "public.mail.about_id"}
    assert all(one.severity is Severity.WARNING for one in told.values())
    assert told["public.mail.person_id"].message == (
        "2 references to public.person lead nowhere in the source; so will the copy's"
    )
    assert "1 reference to public.person leads nowhere" in told["public.mail.about_id"].message
    assert (done.verification.orphans, done.verification.findings) == (0, ())
    assert any(
        "3 kinds of references" in one and "; 5 lead nowhere" in one for one in done.verification.checked
    )
    assert not any("mail_person" in one for one in done.verification.not_checked)
    found = "SELECT count(*) FROM public.mail JOIN public.person ON address = email AND person.id = person_id"
    assert query(two_databases[1], found) == [(20,)]


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE public.mail SET person_id = 99 WHERE id = 1", "public.mail.person_id"),
        ("UPDATE public.mail SET person_id = 1 WHERE id = 21", "public.mail.person_id"),
        ("UPDATE public.mail SET address = 'nobody@example.com' WHERE id = 1", "public.mail.address"),
        (
            "UPDATE public.mail SET about_kind = 'person', about_id = '99' WHERE id = 1",
            "public.mail.about_id",
        ),
    ],
    ids=["one more", "one fewer", "by text", "by kind"],
)
def test_one_that_leads_elsewhere_than_in_the_source_fails_the_verification(
    two_databases: TwoDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str, where: str
) -> None:
    def refresh_views(connection: Connection, _catalog: Catalog) -> None:
        connection.execute("ALTER TABLE public.mail DISABLE TRIGGER ALL")
        connection.execute(statement.encode())

    monkeypatch.setattr(post_data, "refresh_views", refresh_views)
    with pytest.raises(VerificationFailed) as failed:
        refresh(request_of(two_databases, tmp_path))
    found = [one for one in failed.value.findings if isinstance(one, Finding)]
    assert [(one.check, one.where, one.is_error) for one in found] == [("orphans", where, True)]


def test_where_postgresql_vouches_for_all_the_source_is_not_asked(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE public.a (id int PRIMARY KEY); CREATE TABLE public.b (id int REFERENCES public.a)",
    )
    done = refresh(request_for(source, target, tmp_path / "state", adopt=True))
    assert "keys" not in dict(done.stages)
    assert not any("lead nowhere" in one for one in done.verification.checked)
