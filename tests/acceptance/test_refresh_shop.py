"""The example's hard shop, refreshed by the command and compared with its source by means of the tests' own."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.demo.project import get_project_folder, migrate_shop
from dbtool.demo.shop import fill_shop
from dbtool.postgres.session import connect
from tests.acceptance import inspection
from tests.acceptance.inspection import Column, Table
from tests.acceptance.project import KEY, Done, Project
from tests.databases import create_database, drop_databases, execute, query

_GIVEN = [int(major) for major in os.environ.get("DBTOOL_TEST_MAJORS", "18,17").split(",")]
MAJORS = sorted({min(_GIVEN), max(_GIVEN)})
SAME_AND_UP = [(major, major) for major in MAJORS] + [(major, MAJORS[-1]) for major in MAJORS[:-1]]
ROWS = 20_000
# What belongs to one person wherever it stands: addresses for mail, telephones, accounts, what opens a session or a payment.
_TELLING = re.compile(r"@|^(sess|pay)_|^DE\d{20}$|^[+(0][\d ()-]{9,}$")
_ORPHANED = "public.support_tickets support_tickets_order_id_fkey"
_SAME_PERSON = """
SELECT count(*), count(DISTINCT customer.id) FROM public.customers AS customer
JOIN public.subscribers AS subscriber ON subscriber.email = customer.email::public.citext
UNION ALL
SELECT count(*), count(DISTINCT email) FROM public.subscriber_history JOIN public.subscribers USING (email)
UNION ALL
SELECT count(*), count(DISTINCT recipient) FROM public.messages JOIN public.customers AS customer ON customer.id = customer_id
WHERE recipient IN (customer.email, customer.phone)
UNION ALL
SELECT count(*), count(DISTINCT customer.id) FROM public.support_tickets AS ticket JOIN public.customers AS customer ON customer.id = customer_id
WHERE payload #>> '{customer,contact,email}' = customer.email AND payload #>> '{conversation,0,by,email}' = lower(customer.email)
    AND payload #>> '{customer,name}' = customer.full_name AND opened_for = customer.email
UNION ALL
SELECT count(*), count(DISTINCT tenant_id) FROM public.loyalty_cards JOIN public.customers USING (tenant_id, customer_no)
UNION ALL
SELECT count(*), count(DISTINCT used."Card No") FROM public."Gift Card Uses" AS used JOIN public."Gift Cards" USING ("Card No")
"""

ServerOf = Callable[[int], EmbeddedServer]


@dataclass
class Refreshed:
    """Both ends of a refresh that succeeded, and what it said."""

    target_server: EmbeddedServer
    source: str
    target: str
    done: Done

    @property
    def document(self) -> dict[str, Any]:
        return self.done.document

    @cached_property
    def masked(self) -> list[Column]:
        return [
            (*split_name(table["name"]), column)
            for table in self.document["tables"]
            for column in table["masked_columns"]
        ]

    @cached_property
    def kept(self) -> dict[Table, list[str]]:
        """But for what is computed anew from masked columns."""
        masked, computed = set(self.masked), {"full_name", "mail_host", "for_example", "host"}
        found = {
            table: [column for column in columns if (*table, column) not in masked and column not in computed]
            for table, columns in inspection.find_columns(self.source).items()
            if table[1] not in {"contact_directory", "contacts_by_mail_host"}
        }
        return {table: columns for table, columns in found.items() if columns}

    @cached_property
    def telling(self) -> set[str]:
        values = {value for column in self.masked for value in inspection.read_distinct(self.source, column)}
        inside = {
            value
            for (value,) in query(self.source, "SELECT DISTINCT unnest(copies_to) FROM public.suppliers")
            if value
        }
        return {value for value in values | inside if len(value) < 80 and _TELLING.search(value)}


def split_name(name: str) -> Table:
    schema, table = name.split(".", 1)
    return schema, table.strip('"')


class Shops:
    """One shop for each server and one refresh for each pair of them: nothing here writes either."""

    def __init__(self, server_of: ServerOf, work: Path) -> None:
        self._server_of, self._work = server_of, work
        self._prefix = f"dbtool_test_{os.getpid()}_shop_"
        self._sources: dict[int, str] = {}
        self._refreshed: dict[tuple[int, int], Refreshed] = {}

    def source(self, major: int) -> str:
        if major not in self._sources:
            url = create_database(self._server_of(major), f"{self._prefix}source")
            migrate_shop(url)
            with connect(url) as connection:
                fill_shop(connection, rows=ROWS, seed=1)
            self._sources[major] = url
        return self._sources[major]

    def project(self, source_major: int, target_major: int, name: str) -> Project:
        folder = self._work / f"{name}_{source_major}_{target_major}"
        folder.mkdir()
        project = Project(folder, {"DBTOOL_MASK_KEY": KEY})
        project.configure()
        rules = get_project_folder() / "masking_rules"
        shutil.copyfile(rules / "shop.yaml", project.rules)
        shutil.copyfile(rules / "dbtool.lock", folder / "dbtool.lock")
        target = self._server_of(target_major).url(f"{self._prefix}{name}_{source_major}")
        project.connect(self.source(source_major), target)
        return project

    def refresh(self, source_major: int, target_major: int) -> Refreshed:
        key = (source_major, target_major)
        if key not in self._refreshed:
            project = self.project(*key, "target")
            done = project.refresh("--format", "json")
            assert done.code == 0, done.messages
            self._refreshed[key] = Refreshed(
                self._server_of(target_major), project.source, project.target, done
            )
        return self._refreshed[key]

    def drop(self) -> None:
        for major in MAJORS:
            drop_databases(self._server_of(major), self._prefix)


@pytest.fixture(scope="session")
def shops(server_of: ServerOf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    shops = Shops(server_of, tmp_path_factory.mktemp("shops"))
    yield shops
    shops.drop()


@pytest.fixture(params=SAME_AND_UP, ids=lambda majors: "{} to {}".format(*majors))
def refreshed(request: pytest.FixtureRequest, shops: Shops) -> Refreshed:
    return shops.refresh(*request.param)


def test_every_row_arrives_and_triggers_add_none(refreshed: Refreshed) -> None:
    ours, theirs = (inspection.count_rows(url) for url in (refreshed.source, refreshed.target))
    hashed = [table for table in ours if table[1].startswith("messages_")]
    assert len(hashed) == 4
    by_host = ("public", "contacts_by_mail_host")
    assert ours.pop(by_host) > theirs.pop(by_host) == 3, "stand-ins are at three hosts"
    assert sum(ours.pop(table) for table in hashed) == sum(theirs.pop(table) for table in hashed)
    assert ours == theirs
    assert query(refreshed.target, "SELECT DISTINCT changes FROM public.suppliers") == [(1,)]


def test_no_reference_leads_nowhere_but_the_one_that_did(refreshed: Refreshed) -> None:
    orphans = inspection.count_orphans(refreshed.target)
    assert {name for name, rows in orphans.items() if rows} == {_ORPHANED}
    assert orphans[_ORPHANED] == 1
    assert refreshed.document["verification"]["orphans"] == 0
    assert any(
        "6 kinds of references" in sentence and "5 lead nowhere, as they do in the source" in sentence
        for sentence in refreshed.document["verification"]["checked"]
    )


def test_kept_columns_are_identical(refreshed: Refreshed) -> None:
    def of_roots(kept: dict[Table, list[str]]) -> dict[Table, list[str]]:
        """Rows of hash partitions on an enum lie elsewhere in another database: compared all together."""
        return {table: columns for table, columns in kept.items() if not table[1].startswith("messages_")}

    source = inspection.checksum_kept(refreshed.source, of_roots(refreshed.kept))
    assert len(source) > 150
    assert inspection.checksum_kept(refreshed.target, of_roots(refreshed.kept)) == source
    kept = "SELECT md5(string_agg(concat_ws(' ', id, channel, customer_id, sent_at), '|' ORDER BY id)) FROM public.messages"
    assert query(refreshed.source, kept) == query(refreshed.target, kept)


def test_no_original_survives_in_any_column(refreshed: Refreshed) -> None:
    assert len(refreshed.telling) > 2_000
    standing = {column[1:] for column in inspection.find_survivors(refreshed.source, refreshed.telling)}
    assert standing >= {
        ("customers", "email"),
        ("suppliers", "copies_to"),
        ("support_tickets", "payload"),
        ("contact_directory", "email"),
        ("documents", "body"),
        ("reviews", "body"),
    }
    assert inspection.find_survivors(refreshed.target, refreshed.telling) == {}
    assert refreshed.document["verification"]["surviving_values"] == 0


def test_a_person_is_the_same_person_wherever_they_stand(refreshed: Refreshed) -> None:
    source = query(refreshed.source, _SAME_PERSON)
    assert min(rows for rows, _ in source) > 3
    assert query(refreshed.target, _SAME_PERSON) == source


def test_what_is_computed_is_computed_from_stand_ins(refreshed: Refreshed) -> None:
    wrong = """
        SELECT (SELECT count(*) FROM public.supplier_contacts WHERE full_name <> first_name || ' ' || last_name)
             + (SELECT count(*) FROM public.subscribers WHERE mail_host !~ '^example[.](com|org|net)$')
             + (SELECT count(*) FROM public.contact_directory JOIN public.supplier_contacts USING (id)
                WHERE contact_directory.email <> supplier_contacts.email)
             + (SELECT count(*) FROM public.contacts_by_mail_host WHERE host !~ '^example[.](com|org|net)$')
    """
    assert query(refreshed.target, wrong) == [(0,)]
    assert query(refreshed.source, wrong) != [(0,)]


def test_sequences_go_on_beyond_what_is_there_in_both_directions(refreshed: Refreshed) -> None:
    assert inspection.sequences_behind(refreshed.target) == []


def test_the_schema_is_the_source_s(refreshed: Refreshed) -> None:
    """Majors differ in whether they qualify the columns of a query over one relation, and name what is NOT NULL."""
    source, target = (
        [
            re.sub(
                r"contact_directory\.|CONSTRAINT (?:\w+_not_null|\"[^\"]+_not_null\") (?=NOT NULL)", "", line
            )
            for line in inspection.dump_schema(refreshed.target_server, url)
        ]
        for url in (refreshed.source, refreshed.target)
    )
    assert len(source) > 1_000
    assert target == source


def test_what_is_left_out_or_shows_somebody_is_told(refreshed: Refreshed) -> None:
    told = {(finding["check"], finding["where"]) for finding in refreshed.document["findings"]}
    assert told >= {
        ("not-copied", "production"),
        ("personal-data-in-schema", "comment on table public.supplier_contacts"),
        ("personal-data-in-schema", "comment on table column public.support_tickets.opened_for"),
        ("personal-data-in-schema", "constraint subscribers_email_check on public.subscribers"),
        ("orphans-in-source", "public.support_tickets.order_id"),
        ("orphans-in-source", "public.subscriber_history.email"),
    }
    assert query(refreshed.target, "SELECT count(*) FROM pg_largeobject_metadata") == [(0,)]
    assert query(refreshed.target, "SELECT count(file) FROM public.product_manuals") == [(0,)]


def test_a_tenth_of_the_customers_with_all_that_is_theirs_is_closed(shops: Shops) -> None:
    project = shops.project(MAJORS[0], MAJORS[-1], "tenth")
    with project.rules.open("a", encoding="utf-8") as rules:
        rules.write("subset: {roots: [{table: public.customers, percent: 10}]}\n")
    done = project.refresh("--format", "json")
    assert done.code == 0, done.messages
    orphans = inspection.count_orphans(project.target)
    assert {name for name, rows in orphans.items() if rows} <= {_ORPHANED}
    assert done.document["verification"]["orphans"] == 0
    of, chosen = (
        query(url, "SELECT count(*) FROM public.customers")[0][0] for url in (project.source, project.target)
    )
    assert 0.05 < chosen / of < 0.2
    nowhere = """
        SELECT count(*) FROM public.documents AS document WHERE NOT EXISTS (
            SELECT FROM public.customers WHERE about_kind = 'customer' AND id = about_id
            UNION ALL SELECT FROM public.suppliers WHERE about_kind = 'supplier' AND id = about_id)
    """
    assert query(project.target, nowhere) == [(0,)]
    assert query(project.target, "SELECT count(*) FROM public.order_items")[0][0] > 100


def test_a_reader_from_whom_rows_are_hidden_is_told_so(shops: Shops) -> None:
    role = f"dbtool_test_reader_{os.getpid()}"
    project = shops.project(MAJORS[-1], MAJORS[-1], "hidden")
    execute(project.source, f"CREATE ROLE {role} LOGIN PASSWORD 'reader' IN ROLE pg_read_all_data")
    try:
        parts = urlsplit(project.source)
        reader = parts._replace(netloc=f"{role}:reader@{parts.hostname}:{parts.port}").geturl()
        project.environ["PRODUCTION_URL"] = reader
        done = project.refresh("--format", "json")
        assert done.code == 1
        (hidden,) = [finding for finding in done.document["findings"] if finding["check"] == "rows-hidden"]
        assert hidden["where"] == "public.support_tickets"
        assert "BYPASSRLS" in hidden["remedy"]
    finally:
        execute(shops.source(MAJORS[-1]), f"DROP ROLE {role}")
