"""What findings say, word for word."""

from __future__ import annotations

import pytest

from dbtool.locks.modes import LockMode
from dbtool.locks.remedies_failures import REMEDIES
from tests.unit.locks.traces import (
    FILE,
    ORDERS,
    USERS,
    Case,
    built,
    exclusive,
    failed,
    lock,
    row_exclusive,
    updated,
)

_SIZES = "(100,000 rows, 12 MB); about 42 s on the target (5,000,000 rows, 600 MB, 12 scans and 3 writes per second)"

_STAND_INS = (
    " (the clone's values are stand-ins: of a masked column, ask the target itself before believing it)"
)


def test_a_rewrite_says_what_where_how_long_and_what_instead() -> None:
    case = Case().run(
        "ALTER TABLE orders ALTER COLUMN id TYPE bigint",
        locks=exclusive(ORDERS),
        rewrites=(ORDERS,),
        seconds=0.84,
    )
    finding = case.only("rewrite-under-lock")
    assert finding.where == f"{FILE}:11"
    assert finding.message == (
        "writes public.orders anew under ACCESS EXCLUSIVE: reads and writes wait meanwhile. "
        f"0.84 s on the clone {_SIZES}"
    )
    assert finding.remedy == (
        'op.execute("ALTER TABLE public.orders ADD COLUMN id_new bigint")\n'
        "# and a trigger BEFORE INSERT OR UPDATE that sets NEW.id_new from NEW.id\n"
        "# a later revision, whose transaction is another:\n"
        "with op.get_context().autocommit_block():\n"
        '    highest = op.get_bind().scalar(sa.text("SELECT max(id) FROM public.orders")) or 0  # id: its integer key\n'
        '    batch = sa.text("UPDATE public.orders SET id_new = id::bigint WHERE (id_new IS NULL) AND id >= :low AND id < :high")\n'
        "    for low in range(0, highest + 1, 10_000):\n"
        '        op.get_bind().execute(batch, {"low": low, "high": low + 10_000})\n'
        "# its indexes, concurrently; then, in one short transaction:\n"
        'op.execute("ALTER TABLE public.orders RENAME COLUMN id TO id_old")\n'
        'op.execute("ALTER TABLE public.orders RENAME COLUMN id_new TO id")'
    )


def test_not_null_is_proven_by_a_constraint_in_three_revisions() -> None:
    case = Case(major=17).run(
        'ALTER TABLE orders ALTER COLUMN "State" SET NOT NULL', locks=exclusive(ORDERS), scans=(ORDERS,)
    )
    assert case.only("scan-under-lock").remedy == (
        'op.execute(\'ALTER TABLE public.orders ADD CONSTRAINT "orders_State_not_null" CHECK ("State" IS NOT NULL) NOT VALID\')\n'
        "# a later revision, whose transaction is another:\n"
        "op.execute('ALTER TABLE public.orders VALIDATE CONSTRAINT \"orders_State_not_null\"')\n"
        "# a third revision, whose transaction is another:\n"
        "op.execute('ALTER TABLE public.orders ALTER COLUMN \"State\" SET NOT NULL')  # proven by the constraint, no scan\n"
        "op.execute('ALTER TABLE public.orders DROP CONSTRAINT \"orders_State_not_null\"')"
    )


def test_not_null_is_not_valid_first_where_the_major_knows_it() -> None:
    case = Case(major=18).run(
        "ALTER TABLE orders ALTER a SET NOT NULL", locks=exclusive(ORDERS), scans=(ORDERS,)
    )
    assert case.only("scan-under-lock").remedy.splitlines()[0] == (
        'op.execute("ALTER TABLE public.orders ADD CONSTRAINT orders_a_not_null NOT NULL a NOT VALID")'
    )


def test_a_foreign_key_names_the_other_table_and_how_long_it_waits() -> None:
    case = Case().run(
        "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE",
        locks=(lock(ORDERS, LockMode.SHARE_ROW_EXCLUSIVE), lock(USERS, LockMode.SHARE_ROW_EXCLUSIVE)),
        scans=(ORDERS,),
        seconds=0.84,
    )
    finding = case.only("lock-on-other-relation")
    assert finding.message == (
        "also takes SHARE ROW EXCLUSIVE on public.users (5,000,000 rows, 600 MB, 12 scans and 3 writes per second on the "
        f"target): writes wait, reads go on there as well. 0.84 s on the clone {_SIZES}"
    )
    assert finding.remedy == (
        'op.execute("ALTER TABLE public.orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (id) '
        'ON DELETE CASCADE NOT VALID")\n'
        "# a later revision, whose transaction is another:\n"
        'op.execute("ALTER TABLE public.orders VALIDATE CONSTRAINT f")'
    )


def test_an_index_is_built_concurrently_outside_of_a_transaction() -> None:
    case = Case().run(
        "create  unique index\n by_code on orders (lower(code))",
        locks=(lock(ORDERS, LockMode.SHARE),),
        index_builds=built("public.by_code", ORDERS),
    )
    assert case.only("index-build-under-lock").remedy == (
        "with op.get_context().autocommit_block():\n"
        '    op.execute("create unique index CONCURRENTLY by_code on orders (lower(code))")'
    )


def test_an_index_on_a_partitioned_table_is_built_partition_by_partition() -> None:
    case = Case(relations=("public.p", "public.p_1")).run(
        "CREATE INDEX i ON p USING btree (lower(a)) WHERE b",
        locks=(lock("public.p", LockMode.SHARE, "p"), lock("public.p_1", LockMode.SHARE)),
        index_builds=built("public.p_1_a_idx", "public.p_1"),
    )
    assert case.severities().keys() == {"index-build-under-lock"}
    finding = case.only("index-build-under-lock")
    assert "public.p_1" in finding.message
    assert finding.remedy == (
        'op.execute("CREATE INDEX i ON ONLY public.p USING btree (lower(a)) WHERE b")\n'
        "with op.get_context().autocommit_block():\n"
        '    op.execute("CREATE INDEX CONCURRENTLY p_1_i ON public.p_1 USING btree (lower(a)) WHERE b")\n'
        'op.execute("ALTER INDEX i ATTACH PARTITION p_1_i")'
    )


def test_what_is_done_to_partitions_is_mended_on_the_table_that_was_named() -> None:
    case = Case(relations=("public.p", "public.p_1")).run(
        "ALTER TABLE p ADD CONSTRAINT c CHECK (a > 0)",
        locks=(*exclusive("public.p_1"), lock("public.p", LockMode.ACCESS_EXCLUSIVE, "p")),
        scans=("public.p_1",),
    )
    assert case.only("scan-under-lock").remedy.startswith(
        'op.execute("ALTER TABLE public.p ADD CONSTRAINT c CHECK (a > 0) NOT VALID")'
    )


def test_a_partition_is_attached_to_its_parent() -> None:
    case = Case(relations=("public.p", "public.p_1")).run(
        "ALTER TABLE p ATTACH PARTITION p_1 FOR VALUES IN (1)",
        locks=(*exclusive("public.p_1"), lock("public.p", LockMode.SHARE_UPDATE_EXCLUSIVE, "p")),
        scans=("public.p_1",),
    )
    assert 'op.execute("ALTER TABLE public.p ATTACH PARTITION p_1 FOR VALUES IN (1)")' in (
        case.only("scan-under-lock").remedy
    )


def test_every_action_of_one_statement_has_its_rewrite() -> None:
    case = Case().run(
        "ALTER TABLE orders ADD COLUMN n text, ALTER a SET NOT NULL, ALTER b TYPE bigint",
        locks=exclusive(ORDERS),
        rewrites=(ORDERS,),
    )
    remedy = case.only("rewrite-under-lock").remedy
    assert "NOT NULL a NOT VALID" in remedy
    assert "ADD COLUMN b_new bigint" in remedy


def test_what_a_moment_of_a_lock_means_is_said_with_the_use_of_the_table() -> None:
    case = Case().run("ALTER TABLE orders ADD COLUMN a int", locks=exclusive(ORDERS))
    assert case.only("lock-queue").message == (
        "takes ACCESS EXCLUSIVE on public.orders (5,000,000 rows, 600 MB, 12 scans and 3 writes per second on the target) "
        "and does no work under it: reads and writes wait for a moment, and as long as it waits for its turn, those that "
        "come later wait behind it"
    )


def test_a_colon_in_a_pasted_change_is_no_parameter() -> None:
    case = Case().run(
        "UPDATE orders SET state = 'a:b', n = '1'::int",
        locks=row_exclusive(ORDERS),
        row_changes=updated(ORDERS, 100_000),
    )
    assert r"'a\\:b', n = '1'::int WHERE id >= :low" in case.only("unbatched-change").remedy


def test_a_change_with_parameters_is_not_pasted_without_them() -> None:
    case = Case().run(
        "UPDATE orders SET state = %(state)s WHERE id > %(id)s",
        locks=row_exclusive(ORDERS),
        row_changes=updated(ORDERS, 100_000),
    )
    remedy = case.only("unbatched-change").remedy
    assert "%(" not in remedy
    assert "UPDATE … WHERE (…) AND id >= :low" in remedy


def test_a_build_that_failed_leaves_an_invalid_index_which_is_dropped_first() -> None:
    case = Case().run(
        "CREATE UNIQUE INDEX CONCURRENTLY by_code ON orders (code)",
        in_transaction=False,
        locks=(lock(ORDERS, LockMode.SHARE_UPDATE_EXCLUSIVE),),
        failure=failed("23505", 'could not create unique index "by_code"'),
    )
    finding = case.only("statement-fails")
    assert finding.message == (
        f'fails with 23505: could not create unique index "by_code"{_STAND_INS}. It commits by itself and leaves an INVALID '
        "index behind, which every write has to keep up and no query uses"
    )
    assert finding.remedy.endswith(
        "with op.get_context().autocommit_block():\n"
        '    op.execute("DROP INDEX CONCURRENTLY IF EXISTS public.by_code")'
    )


@pytest.mark.parametrize("sqlstate", ["25001", "0A000", "42P01"])
def test_a_build_that_was_refused_leaves_nothing(sqlstate: str) -> None:
    case = Case().run(
        "CREATE INDEX CONCURRENTLY i ON orders (a)", in_transaction=False, failure=failed(sqlstate)
    )
    assert "INVALID" not in case.only("statement-fails").message


@pytest.mark.parametrize(
    ("sql", "sqlstate", "remedy"),
    [
        ("ALTER TABLE orders ALTER a SET NOT NULL", "23502", "UPDATE orders SET a = … WHERE a IS NULL"),
        ("ALTER TABLE orders ADD COLUMN a int NOT NULL", "23502", "needs a DEFAULT"),
        ("ALTER TABLE orders VALIDATE CONSTRAINT f", "23503", "without a partner"),
        ("ALTER TABLE orders ADD CHECK (a > 0)", "23514", "CHECK (a > 0) NOT VALID"),
        ("DO $$ BEGIN … END $$", "23514", "declare it NOT VALID"),
        ("INSERT INTO orders (id) VALUES (1)", "23505", "VALUES (1) ON CONFLICT DO NOTHING"),
        ("CREATE UNIQUE INDEX i ON orders (a)", "23505", "HAVING count(*) > 1"),
        ("ALTER TABLE orders ADD EXCLUDE USING gist (a WITH &&)", "23P01", "rows that overlap"),
        ("ALTER TABLE orders ALTER a TYPE int USING a::int", "22P02", "pg_input_is_valid(a::text, 'int')"),
        ("CREATE INDEX i ON orders ((a::int))", "22P02", "find such values"),
        ("CREATE INDEX CONCURRENTLY i ON orders (a)", "25001", "autocommit_block"),
        ("SELECT 'c'::mood", "55P04", "its first use in the next"),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", "42P16", "DROP VIEW, CREATE VIEW"),
        ("CREATE INDEX CONCURRENTLY i ON orders (a)", "0A000", "CREATE INDEX i ON ONLY orders (a)"),
        ("TRUNCATE orders", "0A000", "Foreign keys reference the table"),
        ("ALTER TABLE orders ALTER a TYPE int", "0A000", "A view or rule reads the column"),
        ("CREATE INDEX i ON orders USING gin (a)", "42704", "no operator class for json"),
        ("ALTER TABLE orders ADD FOREIGN KEY (a) REFERENCES users NOT VALID", "42809", "upgrade to 18"),
        ("ALTER TABLE orders ADD COLUMN a int", "42701", "exists already"),
        ("CREATE TABLE orders (id int)", "42P07", "exists already"),
        ("ALTER TABLE orders ALTER a SET EXPRESSION AS (b)", "42601", "SET EXPRESSION 17"),
        ("ALTER TABLE orders ADD a int", "55P03", "opened a second session"),
        ("ALTER TABLE orders ADD a int", "40P01", "opened a second session"),
    ],
)
def test_a_failure_has_a_remedy_by_its_sqlstate(sql: str, sqlstate: str, remedy: str) -> None:
    finding = Case().run(sql, failure=failed(sqlstate, "as the server says")).only("statement-fails")
    assert finding.message.removesuffix(_STAND_INS) == f"fails with {sqlstate}: as the server says"
    assert remedy in finding.remedy


@pytest.mark.parametrize(("data", "masked"), [("schema", True), ("archive", False)])
def test_values_that_are_no_stand_ins_are_believed(data: str, masked: bool) -> None:
    case = Case(data=data, masked=masked).run("SELECT 1", failure=failed("23505", "as the server says"))
    assert case.only("statement-fails").message == "fails with 23505: as the server says"


def test_a_null_is_nobodys_stand_in() -> None:
    case = Case().run("SELECT 1", failure=failed("23502", "as the server says"))
    assert case.only("statement-fails").message == "fails with 23502: as the server says"


def test_values_before_16_are_found_by_a_pattern() -> None:
    case = Case(major=15).run("ALTER TABLE orders ALTER a TYPE int USING a::int", failure=failed("22P02"))
    assert "pg_input_is_valid" not in case.only("statement-fails").remedy


@pytest.mark.parametrize("sqlstate", sorted(REMEDIES))
@pytest.mark.parametrize(
    "sql", ["ALTER TABLE t ADD a int", "DO $$ $$", "CREATE INDEX CONCURRENTLY i ON t (a)", ""]
)
def test_no_failure_breaks_the_judge(sql: str, sqlstate: str) -> None:
    assert Case().run(sql, failure=failed(sqlstate)).only("statement-fails").remedy


def test_a_failure_that_nobody_knows_is_told_as_it_is() -> None:
    finding = Case().run("SELECT 1", failure=failed("XX000", "out of order")).only("statement-fails")
    assert (finding.message, finding.remedy) == ("fails with XX000: out of order", "")
