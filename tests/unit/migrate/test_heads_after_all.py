"""Where the clone is after the last revision, and where it should be."""

from __future__ import annotations

from dbtool.catalog.catalog import Catalog
from dbtool.migrate.rehearse.aftermath import State, judge_heads


def _state(*heads: str) -> State:
    return State(Catalog(180000, {}), (), heads)


def test_heads_as_expected_are_no_finding() -> None:
    assert list(judge_heads(_state("c3"), ["c3"], "alembic_version")) == []


def test_a_table_of_env_pys_own_is_told_with_the_setting() -> None:
    (found,) = judge_heads(_state(), ["c3"], "alembic_version_auth")
    assert (found.check, str(found.severity)) == ("heads-differ", "error")
    assert found.remedy is not None
    assert '[project.alembic] version_table = "alembic_version_auth"' in found.remedy


def test_other_heads_in_the_usual_table_are_someones_doing() -> None:
    (found,) = judge_heads(_state("b2"), ["c3"], "alembic_version")
    assert "at b2 and not at c3" in found.message
