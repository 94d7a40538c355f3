"""A clone filled with a masked subset of the target's own rows: what is on it, and as of when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import VerificationFailed
from dbtool.masking.recorded import Recorded
from dbtool.masking.survivors import Originals
from dbtool.migrate.clone.make import rehearsal_clone
from tests.acceptance import inspection
from tests.databases import column_of, execute, query
from tests.integration import cloning
from tests.integration.subset_cloning import RULES, SHOP, checks, refuse, subset_of

pytestmark = pytest.mark.one_major


@pytest.fixture
def server(newest_server: EmbeddedServer) -> EmbeddedServer:
    """The major makes no difference here."""
    return newest_server


@pytest.fixture
def shop(source_url: str) -> str:
    execute(source_url, SHOP)
    return source_url


def holders(url: str, found: dict[str, list[str]]) -> Callable[[str], None]:
    """Hears of stages, and finds who has a lock on a table of the target at each of them."""
    held = (
        "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) "
        "WHERE application_name LIKE 'dbtool %' AND relation = 'customer'::regclass"
    )
    return lambda stage: found.update({stage: column_of(url, held)})


def test_masked_rows_of_the_target_are_on_the_clone(shop: str, tmp_path: Path) -> None:
    with rehearsal_clone(subset_of(shop, tmp_path)) as clone:
        assert clone.findings == ()
        assert column_of(clone.url, "SELECT id FROM tenant ORDER BY id") == [3, 5]
        followed = "SELECT id FROM customer WHERE tenant IN (3, 5) ORDER BY id"
        assert column_of(clone.url, "SELECT id FROM customer ORDER BY id") == column_of(shop, followed)
        moods = "SELECT mood::text, count(*) FROM answer JOIN customer ON id = customer WHERE tenant IN (3, 5) GROUP BY 1"
        assert sorted(query(clone.url, moods)) == sorted(query(shop, moods))
        emails = set(column_of(clone.url, "SELECT email FROM customer"))
        assert len(emails) == 40
        assert not [email for email in emails if "lovelace" in email]
        assert clone.rows == 2 + 40 + 120 + 2
        assert (clone.data, clone.population.data, clone.population.masked) == ("subset", "subset", True)
        assert clone.population.clone["public.customer"].rows == 40
        assert clone.population.target["public.customer"].rows == 400


def test_the_rest_of_the_clone_is_as_the_target(shop: str, tmp_path: Path) -> None:
    with rehearsal_clone(subset_of(shop, tmp_path)) as clone:
        cloning.compare_catalogs(shop, clone)
        assert column_of(clone.url, "SELECT version_num FROM alembic_version") == ["1"]
        assert column_of(clone.superuser_url, "SELECT code FROM country ORDER BY 1") == ["dk", "no"]
        forced = "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'country'"
        assert column_of(clone.url, forced) == [True]
        assert query(clone.url, "SELECT tenant, count FROM size ORDER BY 1") == [(3, 20), (5, 20)]
        assert inspection.sequences_behind(clone.superuser_url) == []
        assert column_of(clone.url, "SELECT nspname FROM pg_namespace WHERE nspname = 'dbtool'") == []
        ours = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dbtool %'"
        assert column_of(shop, ours) == []


def test_tables_that_the_rules_skip_are_on_the_clone_without_rows(shop: str, tmp_path: Path) -> None:
    """A refresh would refuse: the view needs the table. Nobody need decide on the columns of what is not copied."""
    with rehearsal_clone(subset_of(shop, tmp_path)) as clone:
        assert column_of(clone.url, "SELECT count FROM audited") == [0]
        execute(clone.url, "ALTER TABLE audit ADD COLUMN at timestamptz")


def test_a_profile_chooses_the_rows(shop: str, tmp_path: Path) -> None:
    with rehearsal_clone(subset_of(shop, tmp_path, profile="one")) as clone:
        assert column_of(clone.url, "SELECT id FROM tenant") == [7]


def test_stages_are_told_and_the_snapshot_is_given_back_before_indexes_are_built(
    shop: str, tmp_path: Path
) -> None:
    holding: dict[str, list[str]] = {}
    with rehearsal_clone(subset_of(shop, tmp_path), holders(shop, holding)):
        assert list(holding) == ["target", "server", "schema", "keys", "rows", "verify", "indexes"]
    assert holding["rows"] == ["dbtool rehearse snapshot"]
    assert holding["verify"] == []
    assert holding["indexes"] == []


def test_an_index_that_masked_rows_do_not_keep_is_left_out(shop: str, tmp_path: Path) -> None:
    execute(shop, "UPDATE customer SET note = id")
    execute(shop, "CREATE INDEX numbered ON customer ((note::int))")
    masked = RULES.replace("note: {keep: says nothing}", "note: {mask: username}")
    with rehearsal_clone(subset_of(shop, tmp_path, masked)) as clone:
        [finding] = clone.findings
        assert (finding.check, finding.where) == ("left-out-of-clone", "public.numbered")
        assert "does not hold for the masked rows" in finding.message
        assert column_of(clone.url, "SELECT count(*) FROM customer") == [40]


def test_too_many_originals_to_remember_are_read_again_under_the_same_snapshot(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dbtool.refresh.compiled.Recorded", lambda seed: Recorded(seed, everywhere=Originals(limit=5))
    )
    holding: dict[str, list[str]] = {}
    with rehearsal_clone(subset_of(shop, tmp_path), holders(shop, holding)) as clone:
        assert clone.rows == 164
    assert (holding["verify"], holding["indexes"]) == (["dbtool rehearse snapshot"], [])
    execute(shop, "UPDATE customer SET note = 'write to p22@lovelace.dk' WHERE id = 2")
    refused, _ = refuse(subset_of(shop, tmp_path), VerificationFailed, "the clone was removed")
    assert checks(refused) == [("surviving-value", "public.customer.note")]
