"""Under which name the target knows what pending revisions have made or renamed."""

from __future__ import annotations

from dbtool.locks.lineage import Lineage
from dbtool.locks.trace import StatementTrace
from tests.unit.locks.traces import failed


def _after(*statements: StatementTrace) -> Lineage:
    lineage = Lineage()
    for one in statements:
        lineage = lineage.after(one)
    return lineage


def test_what_a_revision_made_is_not_on_the_target() -> None:
    made = StatementTrace(1, "", 0, created=("public.a",))
    assert _after(made).find_original("public.a") is None
    assert _after(made).find_original("public.b") == "public.b"


def test_a_renamed_relation_is_on_the_target_under_its_first_name() -> None:
    first = StatementTrace(1, "", 0, renamed=(("public.a", "public.b"),))
    second = StatementTrace(2, "", 0, renamed=(("public.b", "public.c"),))
    assert _after(first, second).find_original("public.c") == "public.a"


def test_two_relations_that_swap_names_keep_their_own_sizes() -> None:
    lineage = _after(
        StatementTrace(1, "", 0, created=("public.a_new",)),
        StatementTrace(2, "", 0, renamed=(("public.a", "public.a_old"),)),
        StatementTrace(3, "", 0, renamed=(("public.a_new", "public.a"),)),
    )
    assert lineage.find_original("public.a_old") == "public.a"
    assert lineage.find_original("public.a") is None


def test_a_relation_dropped_and_made_again_is_new() -> None:
    lineage = _after(
        StatementTrace(1, "", 0, dropped=("public.a",)), StatementTrace(2, "", 0, created=("public.a",))
    )
    assert lineage.find_original("public.a") is None


def test_a_statement_that_failed_made_nothing() -> None:
    made = StatementTrace(1, "", 0, created=("public.a",), failure=failed("42P07"))
    assert _after(made).find_original("public.a") == "public.a"
