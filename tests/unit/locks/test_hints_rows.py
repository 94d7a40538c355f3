"""Rows changed or lost, and what the running release takes for granted, weigh by the target's use."""

from __future__ import annotations

import pytest

from dbtool.locks.trace import (
    ColumnChange,
    RelationSize,
    RowChange,
)
from tests.unit.locks.traces import (
    EMPTY,
    ERROR,
    INFO,
    LARGE,
    ORDERS,
    WARNING,
    Case,
    exclusive,
    row_exclusive,
    updated,
)

_REWRITE = "ALTER TABLE orders ALTER id TYPE bigint"


def _rewrite(case: Case, seconds: float = 0.84) -> Case:
    return case.run(_REWRITE, locks=exclusive(ORDERS), rewrites=(ORDERS,), seconds=seconds)


@pytest.mark.parametrize(
    ("target", "severity"),
    [
        (LARGE, ERROR),
        (RelationSize(5000, 500_000), WARNING),
        (EMPTY, INFO),
        (None, WARNING),
    ],
)
def test_a_rename_weighs_by_use(target: RelationSize | None, severity: str) -> None:
    case = Case(target=target).run(
        "ALTER TABLE orders RENAME a TO b", column_changes=(ColumnChange(ORDERS, "b", "renamed", "a"),)
    )
    assert case.severities() == {"renamed": severity}


def test_a_renamed_table_whose_old_name_stays_as_a_view_is_an_info() -> None:
    case = Case().run(
        "ALTER TABLE orders RENAME TO sales",
        locks=exclusive("public.sales"),
        renamed=((ORDERS, "public.sales"),),
    )
    case.run("CREATE VIEW orders AS SELECT * FROM sales", created=(ORDERS,))
    assert case.severities()["renamed"] == INFO


def test_a_renamed_index_breaks_nothing() -> None:
    case = Case().run("ALTER INDEX a RENAME TO b", renamed=(("public.a", "public.b"),))
    assert case.severities() == {}


def test_a_dropped_index_is_no_dropped_relation() -> None:
    case = Case().run("DROP INDEX i", locks=exclusive(ORDERS), dropped=("public.i",))
    finding = case.only("lock-queue")
    assert 'op.execute("DROP INDEX CONCURRENTLY i")' in finding.remedy
    assert case.severities() == {"lock-queue": INFO}


def test_a_dropped_table_that_is_empty_and_unused_is_an_info() -> None:
    case = Case(target=EMPTY).run("DROP TABLE orders", locks=exclusive(ORDERS), dropped=(ORDERS,))
    assert case.severities() == {"relation-dropped": INFO}


def test_a_few_rows_are_no_unbatched_change() -> None:
    case = Case().run(
        "UPDATE orders SET a = 1 WHERE id = 5", locks=row_exclusive(ORDERS), row_changes=updated(ORDERS, 1)
    )
    assert case.severities() == {}


def test_an_update_of_a_table_that_is_empty_on_the_clone_may_meet_every_row() -> None:
    every = Case(clone=EMPTY).run("UPDATE orders SET a = 1", locks=row_exclusive(ORDERS))
    some = Case(clone=EMPTY).run("UPDATE orders SET a = 1 WHERE b = 2", locks=row_exclusive(ORDERS))
    assert every.severities() == {"unbatched-change": ERROR}
    assert some.severities() == {"unbatched-change": WARNING}
    assert "at most" in some.only("unbatched-change").message


def test_deleting_half_of_a_table_loses_rows() -> None:
    half = Case().run("DELETE FROM orders WHERE a", row_changes=(RowChange(ORDERS, deleted=50_000),))
    less = Case().run("DELETE FROM orders WHERE a", row_changes=(RowChange(ORDERS, deleted=49_000),))
    assert half.severities()["rows-lost"] == ERROR
    assert "rows-lost" not in less.severities()


def test_rows_given_one_by_one_do_not_grow_with_the_table() -> None:
    case = Case().run("ALTER TABLE orders ADD COLUMN a int", locks=exclusive(ORDERS))
    case.run("INSERT INTO orders VALUES (1)", row_changes=(RowChange(ORDERS, inserted=1),), seconds=0.03)
    assert case.severities() == {"lock-queue": INFO}


def test_a_small_share_of_a_clones_rows_says_nothing_of_the_targets() -> None:
    """300 of 100,000 rows would be 15,000 of 5,000,000: perhaps, or perhaps 300."""
    case = Case().run(
        "UPDATE orders SET a = 1 WHERE state = 'new'",
        locks=row_exclusive(ORDERS),
        row_changes=updated(ORDERS, 300),
    )
    assert case.severities() == {}


def test_an_update_that_met_no_row_still_reads_the_table_under_the_lock() -> None:
    case = Case().run("ALTER TABLE orders ADD COLUMN a int", locks=exclusive(ORDERS))
    case.run("UPDATE orders SET a = 1 WHERE state = 'new'", seconds=0.05)  # 2.5 s on the target
    assert case.severities()["data-change-under-lock"] == ERROR


def test_row_level_security_is_seen_under_a_lock_that_was_held_already() -> None:
    case = Case().run("ALTER TABLE orders ADD COLUMN a int", locks=exclusive(ORDERS))
    case.run("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")
    assert case.severities()["table-left-empty-by-rls"] == WARNING
    case.run("CREATE POLICY p ON orders USING (true)")
    assert "table-left-empty-by-rls" not in case.severities()
