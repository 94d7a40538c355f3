"""The same statement weighs differently: by the target's size, by who made the table, by what stands around it."""

from __future__ import annotations

import pytest

from dbtool.locks.hints import judge_revision, judge_revisions
from dbtool.locks.modes import LockMode
from dbtool.locks.trace import (
    Population,
    RelationSize,
    RevisionTrace,
    StatementTrace,
)
from tests.unit.locks.traces import (
    EMPTY,
    ERROR,
    INFO,
    LARGE,
    MEASURED,
    ORDERS,
    SMALL,
    USERS,
    WARNING,
    Case,
    built,
    exclusive,
    lock,
    row_exclusive,
    updated,
)

_REWRITE = "ALTER TABLE orders ALTER id TYPE bigint"


def _rewrite(case: Case, seconds: float = 0.84) -> Case:
    return case.run(_REWRITE, locks=exclusive(ORDERS), rewrites=(ORDERS,), seconds=seconds)


@pytest.mark.parametrize(
    ("target", "severity"),
    [(LARGE, ERROR), (SMALL, INFO), (EMPTY, INFO), (None, WARNING), (MEASURED, WARNING)],
)
def test_the_size_of_the_target_decides(target: RelationSize | None, severity: str) -> None:
    assert _rewrite(Case(target=target)).severities()["rewrite-under-lock"] == severity


def test_a_clone_without_data_leaves_an_estimate_from_the_targets_size() -> None:
    finding = _rewrite(Case(clone=EMPTY), seconds=0.002).only("rewrite-under-lock")
    assert str(finding.severity) == ERROR
    assert "estimated, not measured: the clone held 0 rows" in finding.message


def test_an_index_that_only_keeps_writes_waiting_may_take_longer() -> None:
    seen = {"index_builds": built("public.i", ORDERS), "seconds": 0.06}  # 3 s on the target
    share = Case().run("CREATE INDEX i ON orders (a)", locks=(lock(ORDERS, LockMode.SHARE),), **seen)
    unique = Case().run("ALTER TABLE orders ADD UNIQUE (a)", locks=exclusive(ORDERS), **seen)
    assert share.severities()["index-build-under-lock"] == WARNING
    assert unique.severities()["index-build-under-lock"] == ERROR


def test_a_reindex_keeps_queries_waiting_though_it_lets_the_table_be_read() -> None:
    finding = (
        Case()
        .run(
            "REINDEX TABLE orders",
            locks=(lock(ORDERS, LockMode.SHARE),),
            index_builds=built("public.i", ORDERS),
            seconds=0.06,
        )
        .only("index-build-under-lock")
    )
    assert str(finding.severity) == ERROR
    assert "ACCESS EXCLUSIVE on the indexes" in finding.message


def test_a_table_that_the_revision_made_keeps_nobody_waiting() -> None:
    case = Case(relations=(USERS,))
    case.run("CREATE TABLE orders (id int)", created=(ORDERS,))
    assert _rewrite(case).severities() == {}


def test_a_table_that_an_earlier_pending_revision_made_keeps_nobody_waiting() -> None:
    made = RevisionTrace(
        "r0", "r0.py", "ok", 0.1, (StatementTrace(1, "CREATE TABLE orders ()", 0.01, created=(ORDERS,)),)
    )
    changed = RevisionTrace("r1", "r1.py", "ok", 1.0, tuple(_rewrite(Case()).statements))
    population = Population("staging")
    judged = judge_revisions([made, changed], population, major=18)
    assert [finding.check for one in judged for finding in one.all_findings] == []
    alone = judge_revision(changed, population, major=18)
    assert [finding.check for finding in alone.all_findings] == ["rewrite-under-lock"]


def test_a_renamed_table_is_measured_by_the_size_it_has_under_its_old_name() -> None:
    case = Case(relations=(ORDERS,))
    case.run(
        "ALTER TABLE orders RENAME TO sales",
        locks=exclusive("public.sales"),
        renamed=((ORDERS, "public.sales"),),
    )
    case.run("ALTER TABLE sales ALTER id TYPE bigint", rewrites=("public.sales",), seconds=0.84)
    assert case.severities()["rewrite-under-lock"] == ERROR


def test_a_rewrite_under_a_lock_that_was_held_already_is_seen() -> None:
    """The trace shows a lock where it is taken, and not again."""
    case = Case().run("ALTER TABLE orders ADD COLUMN a int", locks=exclusive(ORDERS))
    case.run(_REWRITE, rewrites=(ORDERS,), seconds=0.84)
    assert case.severities() == {"lock-queue": INFO, "rewrite-under-lock": ERROR}


def test_a_lock_ends_with_its_transaction() -> None:
    case = Case().run("ALTER TABLE orders ADD COLUMN a int", locks=exclusive(ORDERS))
    case.run(
        "UPDATE orders SET a = 1",
        locks=row_exclusive(ORDERS),
        row_changes=updated(ORDERS, 100_000),
        seconds=1.2,
        in_transaction=False,
    )
    assert "data-change-under-lock" not in case.severities()


def test_the_finding_names_the_statement_that_took_the_lock() -> None:
    case = Case().run("ALTER TABLE users ADD COLUMN a int", locks=exclusive(USERS))
    case.run(
        "UPDATE orders SET a = 1", locks=row_exclusive(ORDERS), row_changes=updated(ORDERS, 9), seconds=0.4
    )
    message = case.only("data-change-under-lock").message
    assert (
        "ACCESS EXCLUSIVE on public.users, taken by statement 1 (migrations/versions/change.py:11)" in message
    )


def test_quick_work_on_nothing_of_the_targets_is_not_told_of() -> None:
    case = Case().run("ALTER TABLE orders ADD COLUMN a int", locks=exclusive(ORDERS))
    case.run("CREATE TABLE notes (id int)", created=("public.notes",))
    case.run("CREATE INDEX ON notes (id)")
    assert case.severities() == {"lock-queue": INFO}


def test_unnamed_work_that_takes_long_under_a_lock_is_told_of() -> None:
    case = Case().run("DO $$ BEGIN PERFORM recompute(); END $$", locks=exclusive(ORDERS), seconds=2.5)
    finding = case.only("slow-under-lock")
    assert str(finding.severity) == ERROR
    assert "took 2.5 s on the clone under ACCESS EXCLUSIVE on public.orders" in finding.message


def test_partitions_are_one_finding() -> None:
    parts = tuple(f"public.p_{number}" for number in range(24))
    case = Case(relations=("public.p", *parts))
    case.run(
        "ALTER TABLE p ADD COLUMN a int",
        locks=(lock("public.p", LockMode.ACCESS_EXCLUSIVE, "p"), *exclusive(*parts)),
    )
    (others,) = [one for one in case.judge().all_findings if one.check == "lock-on-other-relation"]
    assert "public.p_0, public.p_1, public.p_2 and 21 more" in others.message


def test_several_empty_tables_are_an_info() -> None:
    case = Case(target=EMPTY).run("ALTER TABLE orders ADD a int", locks=exclusive(ORDERS))
    case.run("ALTER TABLE users ADD a int", locks=exclusive(USERS))
    assert case.severities()["several-tables-locked"] == INFO


def test_two_tables_of_two_statements_in_one_text_are_told_of() -> None:
    case = Case().run(
        "ALTER TABLE orders ADD a int; ALTER TABLE users ADD a int", locks=exclusive(ORDERS, USERS)
    )
    assert case.severities()["several-tables-locked"] == WARNING


def test_a_block_of_code_that_speaks_of_roles_is_a_warning() -> None:
    case = Case().run("DO $$ BEGIN EXECUTE 'alter  database shop SET jit = off'; END $$")
    assert case.severities() == {"cluster-wide-statement": WARNING}
    assert "ALTER DATABASE" in case.only("cluster-wide-statement").message
    mapping = Case().run("DO $$ BEGIN CREATE USER MAPPING FOR u SERVER s; END $$")
    assert mapping.severities() == {}


def test_a_table_that_only_seems_empty_because_nobody_analysed_it_is_none() -> None:
    restored = RelationSize(0, 600_000_000)
    case = Case(target=restored).run("DROP TABLE orders", locks=exclusive(ORDERS), dropped=(ORDERS,))
    assert case.severities() == {"relation-dropped": WARNING}


def test_two_tables_of_one_statement_are_its_own_matter() -> None:
    case = Case().run("DROP TABLE orders, users", locks=exclusive(ORDERS, USERS), dropped=(ORDERS, USERS))
    assert "several-tables-locked" not in case.severities()


def test_a_step_that_commits_by_itself_should_be_alone() -> None:
    build = {"in_transaction": False, "locks": (lock(ORDERS, LockMode.SHARE_UPDATE_EXCLUSIVE),)}
    alone = Case().run("CREATE INDEX CONCURRENTLY i ON orders (a)", **build)
    beside = Case().run("ALTER TABLE orders ADD COLUMN a int", locks=exclusive(ORDERS))
    beside.run("CREATE INDEX CONCURRENTLY i ON orders (a)", **build)
    assert alone.severities() == {}
    assert beside.severities()["revision-not-atomic"] == INFO


def test_alembics_own_statements_are_nothing_to_tell() -> None:
    case = Case(relations=("public.alembic_version",), target=EMPTY, clone=EMPTY)
    case.run(
        "UPDATE alembic_version SET version_num='b' WHERE alembic_version.version_num = 'a'",
        locks=row_exclusive("public.alembic_version"),
        row_changes=updated("public.alembic_version", 1),
    )
    assert case.severities() == {}


def test_findings_that_a_trace_has_already_are_kept() -> None:
    judged = _rewrite(Case()).judge()
    again = judge_revision(judged, Case().population, major=18)
    assert len(again.statements[0].findings) == 2 * len(judged.statements[0].findings)


def test_a_statement_without_a_line_is_named_by_its_number() -> None:
    case = Case().run(_REWRITE, locks=exclusive(ORDERS), rewrites=(ORDERS,), line=0)
    assert case.only("rewrite-under-lock").where == "r1, statement 1"


def test_a_lock_of_a_statement_that_committed_by_itself_is_gone() -> None:
    case = Case().run("ALTER TABLE orders ADD COLUMN a int", locks=exclusive(ORDERS), in_transaction=False)
    case.run("UPDATE orders SET a = 1", row_changes=updated(ORDERS, 100_000), seconds=1.2)
    assert "data-change-under-lock" not in case.severities()
