"""A masked partition key: rows are loaded through the root, into the partition of their stand-in."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import FindingsRefuse, ServerFailed
from dbtool.findings import Finding
from dbtool.refresh import sampled_checks
from dbtool.refresh.pipeline import refresh
from tests.acceptance import inspection
from tests.acceptance.project import databases_of
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]

# Two levels and leaves whose columns stand in another order; a key that others refer to; a key by an expression.
_SCHEMA = """
CREATE TABLE visit (id bigint, seen_on date, country text, note text, PRIMARY KEY (id, seen_on, country))
    PARTITION BY RANGE (seen_on);
CREATE TABLE visit_old PARTITION OF visit FOR VALUES FROM (MINVALUE) TO ('2024-07-01');
CREATE TABLE visit_new PARTITION OF visit FOR VALUES FROM ('2024-07-01') TO (MAXVALUE) PARTITION BY LIST (country);
CREATE TABLE visit_new_dk PARTITION OF visit_new FOR VALUES IN ('DK');
CREATE TABLE visit_new_rest (country text NOT NULL, note text, id bigint NOT NULL, seen_on date NOT NULL);
ALTER TABLE visit_new ATTACH PARTITION visit_new_rest DEFAULT;
CREATE TABLE guest (email text PRIMARY KEY, room int) PARTITION BY HASH (email);
CREATE TABLE guest_0 PARTITION OF guest FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE guest_1 PARTITION OF guest FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE guest_2 PARTITION OF guest FOR VALUES WITH (MODULUS 3, REMAINDER 2);
CREATE TABLE bill (id int PRIMARY KEY, guest text REFERENCES guest);
CREATE TABLE stay (guest text REFERENCES guest, night int) PARTITION BY LIST (guest);
CREATE TABLE stay_one PARTITION OF stay FOR VALUES IN ('guest1@lovelace.dk');
CREATE TABLE stay_rest PARTITION OF stay DEFAULT;
CREATE TABLE login (email text, at int) PARTITION BY RANGE (lower(email));
CREATE TABLE login_low PARTITION OF login FOR VALUES FROM (MINVALUE) TO ('m');
CREATE TABLE login_high PARTITION OF login FOR VALUES FROM ('m') TO (MAXVALUE);
INSERT INTO visit
SELECT n, date '2024-01-01' + n % 365, (ARRAY['DK', 'SE', 'NO'])[1 + n % 3], 'note ' || n FROM generate_series(1, 2000) n;
INSERT INTO guest SELECT 'guest' || n || '@lovelace.dk', n FROM generate_series(1, 300) n;
INSERT INTO bill SELECT room, email FROM guest WHERE room % 3 = 0;
INSERT INTO stay SELECT email, room FROM guest WHERE room < 100;
INSERT INTO login SELECT chr(65 + n % 26) || n || '@lovelace.dk', n FROM generate_series(1, 300) n;
ANALYZE;
"""
_VISITS = (
    "public.visit: {id: {keep: k}, seen_on: {mask: shift_date, by: id}, country: {keep: k}, note: {keep: k}}"
)
_RULES = f"""
  {_VISITS}
  public.guest: {{email: {{mask: email}}, room: {{keep: k}}}}
  public.bill: {{id: {{keep: k}}}}
  public.stay: {{night: {{keep: k}}}}
  public.login: {{email: {{mask: email}}, at: {{keep: k}}}}
"""


def refusals(refused: pytest.ExceptionInfo[FindingsRefuse]) -> dict[str, str]:
    found = [one for one in refused.value.findings if isinstance(one, Finding)]
    return {one.check: one.message for one in found if one.is_error}


def test_every_row_is_in_the_partition_of_its_stand_in(
    two_databases: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    source, target = two_databases
    execute(source, _SCHEMA)
    result = refresh(request_for(source, target, tmp_path, rules_of(_RULES, tmp_path)))
    rows = {table.name.name: table.rows for table in result.tables}
    assert rows["visit_old"] == column_of(source, "SELECT count(*) FROM visit_old")[0]
    for name in ("visit", "guest", "bill", "stay", "login"):
        assert query(target, f"SELECT count(*) FROM {name}") == query(source, f"SELECT count(*) FROM {name}")
    moved = "SELECT id FROM visit_old ORDER BY 1"
    assert column_of(target, moved) != column_of(source, moved)
    by_id = "SELECT id, seen_on FROM visit ORDER BY 1"
    apart = [
        abs((ours[1] - theirs[1]).days)
        for ours, theirs in zip(query(target, by_id), query(source, by_id), strict=True)
    ]
    assert set(apart) <= set(range(1, 31))
    kept = "SELECT id, country, note FROM visit ORDER BY 1"
    assert query(target, kept) == query(source, kept)
    assert inspection.count_orphans(target)["public.bill bill_guest_fkey"] == 0
    pairs = "SELECT room, id FROM guest JOIN bill ON guest = email ORDER BY 1"
    assert query(target, pairs) == query(source, pairs)
    # A key that refers to another is masked as that one is, and moves its rows as well.
    assert query(target, "SELECT night, room FROM stay JOIN guest ON guest = email ORDER BY 1") == [
        (n, n) for n in range(1, 100)
    ]
    assert query(target, "SELECT count(*) FROM ONLY stay_one") == [(0,)]
    assert query(target, "SELECT count(*) FROM guest WHERE email LIKE '%lovelace%'") == [(0,)]
    # A search by key looks into one partition only.
    found = "SELECT count(*) FROM login AS l WHERE EXISTS (SELECT FROM login AS m WHERE lower(m.email) = lower(l.email))"
    assert query(target, found) == [(300,)]
    assert inspection.dump_schema(server, target) == inspection.dump_schema(server, source)


def test_rows_of_a_subset_find_theirs(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    execute(source, _SCHEMA)
    roots = "[{table: public.visit, limit: 200}, {table: public.bill, limit: 20}]"
    rules = rules_of(f"{_RULES}\nsubset: {{roots: {roots}, tables: {{public.login: empty}}}}\n", tmp_path)
    refresh(request_for(source, target, tmp_path, rules))
    counts = "SELECT (SELECT count(*) FROM visit), (SELECT count(*) FROM bill), (SELECT count(*) FROM guest)"
    assert query(target, counts) == [(200, 20, 20)]
    assert inspection.count_orphans(target)["public.bill bill_guest_fkey"] == 0


_BOUNDED = """
CREATE TABLE visit (id int, seen_on date) PARTITION BY RANGE (seen_on);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
INSERT INTO visit SELECT n, date '2024-01-01' + n % 60 FROM generate_series(1, 500) n;
"""


def test_bounds_that_stand_ins_fall_outside_of_are_told_before_anything_is_copied(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(source, _BOUNDED)
    rules = rules_of("  public.visit: {id: {keep: k}, seen_on: {mask: shift_date}}\n", tmp_path)
    with pytest.raises(FindingsRefuse) as refused:
        refresh(request_for(source, target, tmp_path, rules))
    told = refusals(refused)["check-would-fail"]
    assert "the bounds of the partitions of public.visit (seen_on)" in told
    assert "of 500 sampled rows" in told
    execute(source, "CREATE TABLE visit_rest PARTITION OF visit DEFAULT")
    refresh(request_for(source, target, tmp_path, rules))
    assert query(target, "SELECT count(*) FROM visit") == [(500,)]


def test_a_row_that_no_partition_takes_ends_the_load_with_what_to_do(
    two_databases: TwoDatabases, tmp_path: Path, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sample may miss it."""
    source, target = two_databases
    execute(source, _BOUNDED)
    execute(target, "CREATE TABLE yesterday (); COMMENT ON TABLE yesterday IS 'still here'")
    monkeypatch.setattr(sampled_checks, "MOST_SECONDS", -1)
    before = databases_of(server, target.rsplit("/", 1)[1])
    rules = rules_of("  public.visit: {id: {keep: k}, seen_on: {mask: shift_date}}\n", tmp_path)
    with pytest.raises(
        ServerFailed, match=r"a row of public\.visit has no partition.* DEFAULT partition"
    ) as failed:
        refresh(request_for(source, target, tmp_path, rules, adopt=True))
    assert "2024" not in str(failed.value)
    assert databases_of(server, target.rsplit("/", 1)[1]) == before


@pytest.mark.one_major
def test_what_holds_for_one_partition_alone_stands_against_moving_rows(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE other (id int PRIMARY KEY); CREATE TABLE t (a int, b int, c int) PARTITION BY LIST (a);"
        "CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t_2 PARTITION OF t DEFAULT;"
        "ALTER TABLE t_1 ADD CONSTRAINT alike CHECK (b > 0); ALTER TABLE t_2 ADD CONSTRAINT like_it CHECK (b > 0);"
        "ALTER TABLE t_1 ADD FOREIGN KEY (b) REFERENCES other; ALTER TABLE t_2 ADD FOREIGN KEY (b) REFERENCES other;",
    )
    rules = rules_of(
        "  public.t: {a: {mask: permute_integer}, b: {keep: k}, c: {keep: k}}\n  public.other: {id: {keep: k}}\n"
        "  public.it: {c: {keep: k}}\n",
        tmp_path,
    )
    refresh(request_for(source, target, tmp_path, rules))
    one = "ALTER TABLE t_2 ADD CONSTRAINT one"
    for statement, undo, told in (
        (f"{one} CHECK (c > 0)", "ALTER TABLE t_2 DROP CONSTRAINT one", "CHECK one of public.t_2"),
        (
            f"{one} FOREIGN KEY (c) REFERENCES other",
            "ALTER TABLE t_2 DROP CONSTRAINT one",
            "foreign key one of public.t_2",
        ),
        (
            "ALTER TABLE t_1 ALTER c SET NOT NULL",
            "ALTER TABLE t_1 ALTER c DROP NOT NULL",
            "NOT NULL of public.t_1.c",
        ),
        ("CREATE UNIQUE INDEX one ON t_1 (c)", "", "unique index one of public.t_1"),
        (
            "CREATE TABLE it (c int CONSTRAINT one REFERENCES t_1 (c))",
            "",
            "foreign key one of public.it, which refers to public.t_1",
        ),
    ):
        execute(source, statement)
        with pytest.raises(FindingsRefuse) as refused:
            refresh(request_for(source, target, tmp_path, rules))
        assert told in refusals(refused)["partition-constraint"]
        execute(source, undo)
