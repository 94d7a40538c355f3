from dbtool.findings import Severity
from dbtool.migrate.apply.obstacles import LONG_S, judge_obstacles
from dbtool.postgres.sessions import Obstacles, OpenTransaction, PreparedTransaction
from dbtool.targets import Target, Tier

_TARGET = Target("production", Tier.PRODUCTION, lambda: "")


def transaction(
    name: str = "app",
    seconds: float | None = 1.0,
    *,
    state: str | None = "active",
    relations: tuple[str, ...] = ("public.a",),
    vacuum: bool = False,
    wraparound: bool = False,
    pid: int = 11,
) -> OpenTransaction:
    return OpenTransaction(pid, name, "shop", state, seconds, relations, vacuum or wraparound, wraparound)


def checks(*transactions: OpenTransaction) -> list[str]:
    return [finding.check for finding in judge_obstacles(_TARGET, Obstacles(transactions))]


def test_short_transactions_are_in_nobodys_way() -> None:
    assert checks(transaction(seconds=LONG_S - 1)) == []


def test_a_long_transaction_is_named_with_what_it_locks_and_how_to_end_it() -> None:
    one = transaction(
        seconds=90, state="idle in transaction", relations=("public.a", "public.b", "public.c", "public.d")
    )
    (finding,) = judge_obstacles(_TARGET, Obstacles((one,)))
    assert finding.check == "long-transaction"
    assert finding.severity is Severity.WARNING
    assert finding.where == "public.a, public.b, public.c and 1 more"
    assert "pid 11, role shop, app) has been open for 90 s and is idle in transaction" in finding.message
    assert "DDL on what it has locked" in finding.message
    assert "pg_terminate_backend(11)" in finding.remedy


def test_a_long_transaction_without_locks_is_in_the_way_of_index_builds() -> None:
    (finding,) = judge_obstacles(_TARGET, Obstacles((transaction(seconds=90, relations=()),)))
    assert finding.where == "production"
    assert "CREATE INDEX CONCURRENTLY waits" in finding.message


def test_dbtools_own_readers_are_one_finding_however_long_they_read() -> None:
    snapshot = transaction("dbtool refresh snapshot", 5000, relations=("public.a", "public.b"), pid=1)
    copy = transaction("dbtool refresh copy", 3, relations=("public.a",), pid=2)
    (finding,) = judge_obstacles(_TARGET, Obstacles((snapshot, copy)))
    assert finding.check == "refresh-reading"
    assert "dbtool refresh copy (pid 2), dbtool refresh snapshot (pid 1)" in finding.message
    assert "on 2 relations until" in finding.message
    assert "--cancel-refresh" in finding.remedy


def test_only_a_vacuum_against_wraparound_is_named_others_make_way() -> None:
    assert checks(transaction("", 900, vacuum=True)) == []
    assert checks(transaction("", 900, wraparound=True)) == ["vacuum-prevents-wraparound"]


def test_a_prepared_transaction_is_named() -> None:
    (finding,) = judge_obstacles(_TARGET, Obstacles(prepared=(PreparedTransaction("g", "shop", 7200),)))
    assert finding.check == "prepared-transaction"
    assert "of shop has kept its locks for 7200 s" in finding.message


def test_sessions_that_the_role_may_not_see_are_counted() -> None:
    (finding,) = judge_obstacles(_TARGET, Obstacles((transaction(seconds=None, state=None),)))
    assert (finding.check, finding.severity) == ("sessions-hidden", Severity.INFO)
    assert finding.message.startswith("1 session of other roles")
