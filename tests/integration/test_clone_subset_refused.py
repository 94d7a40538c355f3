"""Subsets of the target that no clone is made of: why, as of when it is known, and that nothing is left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import EnvironmentFailed, FindingsRefuse, RulesInvalid, UsageError, VerificationFailed
from dbtool.refresh.pipeline import refresh
from tests.databases import execute
from tests.integration.refreshing import request_for
from tests.integration.subset_cloning import RULES, SHOP, checks, our_servers, refuse, subset_of

pytestmark = pytest.mark.one_major

TwoDatabases = tuple[str, str]


@pytest.fixture
def server(newest_server: EmbeddedServer) -> EmbeddedServer:
    """The major makes no difference here."""
    return newest_server


@pytest.fixture
def shop(source_url: str) -> str:
    execute(source_url, SHOP)
    return source_url


@pytest.fixture(autouse=True)
def nothing_is_left(server: EmbeddedServer) -> Iterator[None]:
    """Of the servers that were started for clones, whatever became of these."""
    assert server
    before = our_servers()
    yield
    assert our_servers() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rules": None}, "--data subset needs the project's masking rules"),
        ({"key": None}, "--data subset needs the masking key"),
        ({"profile": "on"}, "the rules have no profile on, so nothing was done; .*did you mean one?"),
        ({"profile": "full"}, "by the profile full every row of production would be copied"),
    ],
)
def test_what_a_subset_is_made_of_must_be_there(
    shop: str, tmp_path: Path, changes: dict[str, str | None], message: str
) -> None:
    request = replace(subset_of(shop, tmp_path), **changes)  # type: ignore[arg-type]  # the cases have the right ones
    _, stages = refuse(request, UsageError, message)
    assert stages == []


def test_rules_without_a_subset_name_a_whole_copy(shop: str, tmp_path: Path) -> None:
    whole = RULES[: RULES.index("subset:")]
    refuse(
        subset_of(shop, tmp_path, whole), UsageError, "by the rules every row of production would be copied"
    )


def test_nothing_is_copied_while_a_column_is_undecided(shop: str, tmp_path: Path) -> None:
    request = subset_of(shop, tmp_path, RULES.replace("    email: {mask: email}\n", ""))
    refused, stages = refuse(request, FindingsRefuse, "no clone was made and production was only read")
    assert checks(refused) == [("column-not-covered", "public.customer.email")]
    assert "server" not in stages


def test_a_condition_that_cannot_be_read_is_shown_in_the_rules(shop: str, tmp_path: Path) -> None:
    _, stages = refuse(
        subset_of(shop, tmp_path, profile="broken"), RulesInvalid, r"rules\.yaml:\d+:\d+: .*syntax error"
    )
    assert "server" not in stages


def test_a_root_that_selects_nothing_gives_no_clone(shop: str, tmp_path: Path) -> None:
    refused, _ = refuse(subset_of(shop, tmp_path, profile="none"), FindingsRefuse, "nothing was copied")
    assert [check for check, _ in checks(refused)] == ["subset-root-empty"]


def test_a_masked_copy_is_rehearsed_with_its_rows_as_they_are(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    production, staging = two_databases
    execute(
        production, "CREATE TABLE tenant (id int PRIMARY KEY, plan text); INSERT INTO tenant VALUES (3, 'x')"
    )
    refresh(request_for(production, staging, tmp_path))
    refused, stages = refuse(subset_of(staging, tmp_path, _TENANT), FindingsRefuse, "must be settled")
    assert checks(refused) == [("already-masked", "production")]
    assert "server" not in stages


_TENANT = """\
version: 1
tables: {public.tenant: {id: {keep: a key}, plan: {keep: says nothing}}}
subset: {roots: [{table: public.tenant, ids: [3]}]}
"""


def test_rows_that_a_policy_hides_are_not_left_out(shop: str, tmp_path: Path) -> None:
    role = f"dbtool_reader_{os.getpid()}"
    execute(shop, f"CREATE ROLE {role} LOGIN PASSWORD 'reader' IN ROLE pg_read_all_data")
    try:
        parts = urlsplit(shop)
        reader = parts._replace(netloc=f"{role}:reader@{parts.hostname}:{parts.port}").geturl()
        refused, stages = refuse(subset_of(reader, tmp_path), FindingsRefuse, "must be settled")
        assert checks(refused) == [("rows-hidden", "public.country")]
        assert "server" not in stages
    finally:
        execute(shop, f"DROP ROLE {role}")


def test_an_original_that_stands_elsewhere_ends_the_clone(shop: str, tmp_path: Path) -> None:
    execute(shop, "UPDATE customer SET note = 'write to p22@lovelace.dk' WHERE id = 2")
    refused, stages = refuse(subset_of(shop, tmp_path), VerificationFailed, "the clone was removed")
    assert checks(refused) == [("surviving-value", "public.customer.note")]
    assert "lovelace" not in f"{refused} {checks(refused)}"
    assert stages[-1] == "verify"


def test_rows_that_the_disk_has_no_room_for_are_not_copied(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=10)
    monkeypatch.setattr("dbtool.migrate.clone.make.shutil.disk_usage", lambda _folder: usage)
    _, stages = refuse(
        subset_of(shop, tmp_path), EnvironmentFailed, "a copy of the subset's 0 MB does not fit"
    )
    assert stages[-1] == "keys"
