"""Staging's own rows outlast a refresh: copied from live at the end, compared, referred to, numbered on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dbtool.catalog.relations import RelationName
from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import AnswerIsNo, Busy, FindingsRefuse, PrivilegeMissing, VerificationFailed
from dbtool.findings import Finding, Severity
from dbtool.refresh import preserve
from dbtool.refresh.manifest import result_as_json
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.plan import plan_refresh
from dbtool.refresh.result import RefreshResult
from dbtool.rules.model import RuleSet
from tests.acceptance.project import databases_of
from tests.databases import column_of, drop_databases, execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]
FLAGS = "public.flags"

_SOURCE = """
CREATE TABLE flags (id serial PRIMARY KEY, name text UNIQUE, is_on bool DEFAULT false);
CREATE TABLE orders (id int PRIMARY KEY, flag int REFERENCES flags ON DELETE SET NULL);
COMMENT ON CONSTRAINT orders_flag_fkey ON orders IS 'which flag';
INSERT INTO flags (name) VALUES ('production one'), ('production two');
INSERT INTO orders VALUES (1, 1), (2, 2), (3, NULL);
"""


def name_of(url: str) -> str:
    return url.rsplit("/", 1)[1]


def errors_of(error: FindingsRefuse | PrivilegeMissing) -> list[Finding]:
    return [one for one in error.findings if isinstance(one, Finding) and one.is_error]


def refresh_again(ends: TwoDatabases, state: Path, *tables: str, **options: Any) -> RefreshResult:
    return refresh(request_for(*ends, state, adopt=True, preserve=tables or (FLAGS,), **options))


def refuse(ends: TwoDatabases, state: Path, *tables: str, **options: Any) -> list[Finding]:
    with pytest.raises(FindingsRefuse) as refused:
        refresh_again(ends, state, *tables, **options)
    return errors_of(refused.value)


@pytest.fixture
def ends(two_databases: TwoDatabases, tmp_path: Path) -> TwoDatabases:
    """Staging was refreshed once, and has set its own flags since."""
    source, target = two_databases
    execute(source, _SOURCE)
    refresh(request_for(source, target, tmp_path))
    execute(
        target,
        "UPDATE flags SET name = 'staging ' || id, is_on = true; INSERT INTO flags VALUES (50, E'tab\\t\\\\ end', true);"
        "SELECT setval('flags_id_seq', 77)",
    )
    execute(source, "INSERT INTO flags (name) VALUES ('new in production')")
    return source, target


def test_the_rows_that_staging_has_stay_and_production_s_are_not_read(
    ends: TwoDatabases, tmp_path: Path
) -> None:
    """They need no rule; the keys from copied tables hold over them, and their sequence goes on."""
    source, target = ends
    before = query(target, "SELECT * FROM flags ORDER BY id")
    rules = rules_of("  public.orders: {id: {keep: k}, flag: {keep: k}}\n", tmp_path)
    for _ in range(2):
        result = refresh_again(ends, tmp_path, rules=rules)
        assert query(target, "SELECT * FROM flags ORDER BY id") == before
    assert query(target, "SELECT * FROM orders ORDER BY id") == [(1, 1), (2, 2), (3, None)]
    assert query(target, "SELECT last_value, is_called FROM flags_id_seq") == [(77, True)]
    key = "SELECT pg_get_constraintdef(oid), convalidated, obj_description(oid) FROM pg_constraint WHERE contype = 'f'"
    assert query(target, key) == query(source, key)
    assert [(str(one.name), one.rows) for one in result.preserved] == [(FLAGS, 3)]
    assert FLAGS not in [str(table.name) for table in result.tables]
    assert any("3 rows of 1 preserved tables compared" in one for one in result.verification.checked)
    assert (
        "rows of preserved tables are the target's own: no originals were searched for in public.flags"
        in (result.verification.not_checked)
    )
    assert {str(one.name): one.value for one in result.sequences}["public.flags_id_seq"] == 77
    assert result_as_json(result)["preserved"][0]["rows"] == 3
    assert column_of(target, "SELECT manifest -> 'preserved' -> 0 ->> 'name' FROM dbtool.refresh") == [FLAGS]


def test_on_the_first_night_there_is_nothing_to_preserve(
    two_databases: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    source, target = two_databases
    execute(source, _SOURCE + "UPDATE orders SET flag = NULL")
    execute(server.url(), f"DROP DATABASE {name_of(target)}")
    result = refresh_again(two_databases, tmp_path)
    assert query(target, "SELECT count(*) FROM flags") == [(0,)]
    assert column_of(target, "SELECT conname FROM pg_constraint WHERE contype = 'f'") == ["orders_flag_fkey"]
    assert [one.severity for one in result.findings if one.check == "preserve-empty"] == [Severity.INFO]


def test_a_table_that_live_has_not_yet_arrives_empty(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    execute(source, _SOURCE + "UPDATE orders SET flag = NULL")
    execute(target, "CREATE TABLE something (id int)")
    refresh_again(two_databases, tmp_path)
    assert query(target, "SELECT count(*) FROM flags") == [(0,)]
    assert column_of(target, "INSERT INTO flags DEFAULT VALUES RETURNING id") == [1]


def test_copied_rows_that_refer_to_nothing_are_told_before_the_swap(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    source, target = ends
    execute(source, "INSERT INTO orders VALUES (4, 3), (5, 3)")
    before = databases_of(server, name_of(target))
    (finding,) = refuse(ends, tmp_path)
    assert (finding.check, finding.where) == ("preserve-orphans", "public.orders")
    assert finding.message == (
        "2 copied rows refer by orders_flag_fkey (flag) to public.flags, where nothing is kept for them"
    )
    assert "take public.flags out of preserve" in finding.remedy
    assert databases_of(server, name_of(target)) == before
    assert query(target, "SELECT count(*) FROM orders") == [(3,)]


def test_a_key_that_is_not_valid_stays_so_and_is_not_said_to_have_been_validated(
    ends: TwoDatabases, tmp_path: Path
) -> None:
    source, target = ends
    execute(
        source,
        "ALTER TABLE orders DROP CONSTRAINT orders_flag_fkey; INSERT INTO orders VALUES (4, 99);"
        "ALTER TABLE orders ADD FOREIGN KEY (flag) REFERENCES flags NOT VALID",
    )
    told = refresh_again(ends, tmp_path).verification.checked
    assert column_of(target, "SELECT convalidated FROM pg_constraint WHERE contype = 'f'") == [False]
    assert [one for one in told if one.startswith("0 foreign keys from or to preserved tables validated")]


def test_kept_rows_that_refer_to_nothing_are_told_with_all_others(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE users (id int PRIMARY KEY, code int UNIQUE); INSERT INTO users VALUES (1, 10);"
        "CREATE TABLE notes (id int PRIMARY KEY, writer int REFERENCES users, about int REFERENCES users (code))",
    )
    refresh(request_for(source, target, tmp_path))
    execute(
        target,
        "INSERT INTO users VALUES (2, 20); INSERT INTO notes VALUES (1, 1, 10), (2, 2, 20), (3, 2, NULL)",
    )
    findings = refuse(two_databases, tmp_path, "public.notes")
    assert sorted(one.message.split(" refer")[0] for one in findings) == ["1 kept row", "2 kept rows"]
    assert all("preserve public.users as well" in one.remedy for one in findings)
    refresh_again(two_databases, tmp_path, "public.notes", "public.users")
    assert query(target, "SELECT * FROM notes ORDER BY id") == [(1, 1, 10), (2, 2, 20), (3, 2, None)]


def test_preserved_tables_may_refer_to_each_other_in_a_circle(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        'CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL); CREATE TABLE "B b" (id int PRIMARY KEY, a int NOT NULL REFERENCES a,'
        ' above int REFERENCES "B b"); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES "B b" DEFERRABLE INITIALLY DEFERRED',
    )
    refresh(request_for(source, target, tmp_path))
    execute(
        target, 'BEGIN; INSERT INTO a VALUES (1, 1); INSERT INTO "B b" VALUES (1, 1, 2), (2, 1, 1); COMMIT'
    )
    refresh_again(two_databases, tmp_path, "public.a", 'public."B b"')
    assert query(target, 'SELECT * FROM "B b" ORDER BY id') == [(1, 1, 2), (2, 1, 1)]
    assert query(target, "SELECT count(*) FROM pg_constraint WHERE contype = 'f'") == [(3,)]


def test_the_source_may_have_changed_a_table_s_shape(ends: TwoDatabases, tmp_path: Path) -> None:
    """A column with a default is new, a type is wider, generated and identity columns make their values."""
    source, target = ends
    execute(
        source,
        "ALTER TABLE orders DROP CONSTRAINT orders_flag_fkey; ALTER TABLE flags ADD since date DEFAULT '2024-01-01',"
        " ADD shouted text GENERATED ALWAYS AS (upper(name)) STORED, ADD n int GENERATED ALWAYS AS IDENTITY, ALTER id TYPE bigint,"
        " ALTER is_on DROP DEFAULT, ALTER is_on TYPE text",
    )
    refresh_again(ends, tmp_path)
    assert query(target, "SELECT id, is_on, since::text, shouted FROM flags ORDER BY id LIMIT 1") == [
        (1, "true", "2024-01-01", "STAGING 1")
    ]
    assert query(target, "SELECT count(DISTINCT n) FROM flags") == [(3,)]
    assert column_of(target, "INSERT INTO flags (name) VALUES ('x') RETURNING n") == [1004]


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        ("DROP is_on", "is_on", "staging has this column, which the copy has not"),
        (
            "ALTER name TYPE int USING id",
            "name",
            "it is text in staging and integer in the copy, and not every value",
        ),
        (
            "ADD must text NOT NULL DEFAULT 'x'; ALTER TABLE flags ALTER must DROP DEFAULT",
            "must",
            "NOT NULL and without a default",
        ),
        (
            "DROP is_on, ADD is_on bool GENERATED ALWAYS AS (id > 1) STORED",
            "is_on",
            "which the copy generates from others",
        ),
    ],
)
def test_rows_that_do_not_fit_are_told_before_anything_is_copied(
    ends: TwoDatabases, tmp_path: Path, change: str, column: str, said: str
) -> None:
    source, _ = ends
    execute(source, f"ALTER TABLE flags {change}")
    (finding,) = refuse(ends, tmp_path)
    assert (finding.check, finding.where) == ("preserve-shape", f"public.flags.{column}")
    assert said in finding.message


def test_a_column_that_became_narrower_does_not_lose_what_it_held(
    two_databases: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    """PostgreSQL rounds a numeric without an error; what arrived is compared."""
    source, target = two_databases
    execute(source, "CREATE TABLE rates (id int PRIMARY KEY, rate numeric(10, 4))")
    refresh(request_for(source, target, tmp_path))
    execute(target, "INSERT INTO rates VALUES (1, 0.1234)")
    execute(source, "ALTER TABLE rates ALTER rate TYPE numeric(10, 2)")
    before = databases_of(server, name_of(target))
    with pytest.raises(
        VerificationFailed,
        match=r"public\.rates are not in the copy as they are in staging \(1 rows there, 1",
    ):
        refresh_again(two_databases, tmp_path, "public.rates")
    assert databases_of(server, name_of(target)) == before


@pytest.mark.parametrize(
    "change",
    [
        "ADD UNIQUE (is_on)",
        "ADD CHECK (length(name) < 10) NOT VALID",
        "ALTER name TYPE varchar(9)",
        "ALTER name SET NOT NULL",
    ],
)
def test_rows_that_break_what_production_has_made_a_rule_are_refused_unquoted(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer, change: str
) -> None:
    source, target = ends
    execute(source, f"DELETE FROM orders; DELETE FROM flags; ALTER TABLE flags {change}")
    execute(target, "INSERT INTO flags VALUES (60, 'a secret name', true), (61, NULL, NULL)")
    before = databases_of(server, name_of(target))
    with pytest.raises(
        AnswerIsNo, match=r"rows of the preserved table public\.flags in staging do not hold"
    ) as refused:
        refresh_again(ends, tmp_path)
    assert "secret" not in str(refused.value)
    assert databases_of(server, name_of(target)) == before


def test_of_tables_that_inherit_only_the_one_that_is_named_is_kept(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE above (id int); CREATE TABLE below () INHERITS (above); INSERT INTO above VALUES (1); INSERT INTO below VALUES (2)",
    )
    refresh(request_for(source, target, tmp_path))
    execute(target, "UPDATE above SET id = id + 10")
    refresh_again(two_databases, tmp_path, "public.above")
    assert query(target, "SELECT tableoid::regclass::text, id FROM above ORDER BY 2") == [
        ("below", 2),
        ("above", 11),
    ]


def test_rows_of_many_blocks_arrive_as_they_were(ends: TwoDatabases, tmp_path: Path) -> None:
    """Texts with everything that COPY escapes, arrays and NULLs, read by psql."""
    _, target = ends
    execute(
        target,
        "INSERT INTO flags SELECT i, repeat(E'\\t\\\\ü\\n', 20) || i, i % 3 = 0 FROM generate_series(1000, 60000) AS i",
    )
    before = query(target, "SELECT count(*), sum(hashtext(name)), count(is_on) FROM flags")
    result = refresh_again(ends, tmp_path)
    assert query(target, "SELECT count(*), sum(hashtext(name)), count(is_on) FROM flags") == before
    assert result.preserved[0].bytes > 4 << 20


def test_a_table_that_only_staging_has_is_made_as_it_is_there(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    _source, target = ends
    role = f"dbtool_tester_{name_of(target)}"
    execute(server.url(), f"CREATE ROLE {role}")
    execute(
        target,
        'CREATE SCHEMA "Only ours"; CREATE TABLE "Only ours".runs (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, flag int'
        " REFERENCES flags, at date, note text CHECK (note <> '')) PARTITION BY RANGE (id);"
        'CREATE TABLE "Only ours".runs_1 PARTITION OF "Only ours".runs FOR VALUES FROM (0) TO (10);'
        'CREATE TABLE "Only ours".runs_2 PARTITION OF "Only ours".runs DEFAULT; CREATE INDEX ON "Only ours".runs (flag);'
        "INSERT INTO \"Only ours\".runs VALUES (5, 50, NULL, 'x'), (15, 1, '2024-01-01', NULL);"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END';"
        'COMMENT ON TABLE "Only ours".runs IS \'ours\'; ALTER TABLE "Only ours".runs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;'
        'SELECT setval(\'"Only ours".runs_id_seq\', 40); GRANT SELECT ON "Only ours".runs TO ' + role,
    )
    result = refresh_again(ends, tmp_path, FLAGS, '"Only ours".runs')
    assert query(target, 'SELECT id, flag, note FROM "Only ours".runs ORDER BY 1') == [
        (5, 50, "x"),
        (15, 1, None),
    ]
    assert query(target, 'SELECT count(*) FROM "Only ours".runs_1') == [(1,)]
    assert column_of(target, 'INSERT INTO "Only ours".runs (note) VALUES (NULL) RETURNING id') == [41]
    assert column_of(
        target,
        "SELECT relname::text FROM pg_class WHERE relforcerowsecurity AND relrowsecurity",
    ) == ["runs"]
    assert query(target, f"SELECT has_table_privilege('{role}', '\"Only ours\".runs', 'SELECT')") == [(True,)]
    assert query(
        target,
        "SELECT count(*) FROM pg_constraint WHERE conname = 'runs_flag_fkey' AND convalidated AND conparentid = 0",
    ) == [(1,)]
    assert {str(one.name): one.made_as_there for one in result.preserved} == {
        FLAGS: False,
        '"Only ours".runs': True,
    }
    drop_databases(server, name_of(target) + "_dbtool")
    execute(target, f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_table_of_staging_that_needs_what_the_copy_has_not_is_refused(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    _, target = ends
    execute(target, "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE moods (mood mood)")
    before = databases_of(server, name_of(target))
    with pytest.raises(
        AnswerIsNo, match=r"public\.moods: only staging has it, and it could not be made"
    ) as refused:
        refresh_again(ends, tmp_path, "public.moods")
    assert 'type "public.mood" does not exist' in str(refused.value)
    assert databases_of(server, name_of(target)) == before


def test_the_root_names_all_partitions_which_may_be_others_than_before(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE p (id int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0)"
        " TO (100); CREATE TABLE refers (p int REFERENCES p); INSERT INTO p VALUES (1, 'source'); INSERT INTO refers VALUES (1)",
    )
    refresh(request_for(source, target, tmp_path))
    execute(
        target,
        "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200); INSERT INTO p VALUES (150, 'own')",
    )
    execute(source, "CREATE TABLE p3 PARTITION OF p DEFAULT")
    (finding,) = refuse((source, target), tmp_path, "public.p1")
    assert "it is a partition of public.p" in finding.message
    refresh_again((source, target), tmp_path, "public.p")
    assert query(target, "SELECT tableoid::regclass::text, id, v FROM p ORDER BY id") == [
        ("p1", 1, "source"),
        ("p3", 150, "own"),
    ]


def test_no_trigger_fires_and_each_is_as_it_was(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE t (id int PRIMARY KEY); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired'';"
        " END'; CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS TRIGGER b;"
        "CREATE TRIGGER c BEFORE INSERT ON t EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER c;"
        "CREATE CONSTRAINT TRIGGER d AFTER INSERT ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE TRIGGER e BEFORE TRUNCATE ON t EXECUTE FUNCTION f(); ALTER TABLE t ENABLE REPLICA TRIGGER d",
    )
    refresh(request_for(source, target, tmp_path))
    execute(
        target,
        "ALTER TABLE t DISABLE TRIGGER USER; INSERT INTO t VALUES (7); ALTER TABLE t ENABLE TRIGGER USER",
    )
    refresh_again(two_databases, tmp_path, "public.t")
    assert column_of(target, "SELECT id FROM t") == [7]
    states = "SELECT tgname::text, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
    assert query(target, states) == query(source, states)


def test_no_trigger_of_a_partition_fires_and_each_is_as_it_was(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE p (id int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p"
        " DEFAULT; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END';"
        "CREATE TRIGGER a BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION f(); CREATE TRIGGER b AFTER INSERT ON p2 FOR EACH ROW EXECUTE"
        " FUNCTION f(); ALTER TABLE p1 ENABLE ALWAYS TRIGGER a",
    )
    refresh(request_for(source, target, tmp_path))
    states = "SELECT tgrelid::regclass::text, tgname::text, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    execute(
        target,
        "ALTER TABLE p DISABLE TRIGGER a; ALTER TABLE p2 DISABLE TRIGGER USER; INSERT INTO p VALUES (1), (2)",
    )
    refresh_again(two_databases, tmp_path, "public.p")
    assert column_of(target, "SELECT id FROM p ORDER BY 1") == [1, 2]
    assert query(target, states) == query(source, states)


def test_policies_hide_nothing_of_what_is_kept(
    two_databases: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    """The role owns the tables, whose policies bind owners, too: live's refuses to be read whole."""
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        "CREATE POLICY part ON t USING (id > 1); CREATE TABLE other (id int)",
    )
    writer = f"dbtool_writer_{name_of(target)}"
    execute(
        server.url(),
        f"CREATE ROLE {writer} LOGIN CREATEDB PASSWORD 'writer'; ALTER DATABASE {name_of(target)} OWNER TO {writer}",
    )
    url = f"postgresql://{writer}:writer@127.0.0.1:{server.port}/{name_of(target)}"
    refresh(request_for(source, url, tmp_path))
    execute(target, "INSERT INTO t VALUES (1), (2)")
    (finding,) = refuse((source, url), tmp_path, "public.t")
    assert (finding.check, finding.where) == ("rows-hidden", "public.t")
    execute(server.url(), f"ALTER ROLE {writer} BYPASSRLS")
    refresh_again((source, url), tmp_path, "public.t")
    assert column_of(target, "SELECT id FROM t ORDER BY id") == [1, 2]
    assert column_of(target, "SELECT relname::text FROM pg_class WHERE relforcerowsecurity") == ["t"]


def test_a_role_that_may_not_hold_the_rows_is_told_every_grant(
    ends: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    source, target = ends
    writer = f"dbtool_writer_{name_of(target)}"
    execute(
        server.url(),
        f"CREATE ROLE {writer} LOGIN CREATEDB PASSWORD 'writer'; ALTER DATABASE {name_of(target)} OWNER TO {writer};"
        f"GRANT pg_signal_backend TO {writer}",
    )
    execute(target, f"GRANT USAGE ON SCHEMA dbtool TO {writer}; GRANT SELECT ON dbtool.refresh TO {writer}")
    url = f"postgresql://{writer}:writer@127.0.0.1:{server.port}/{name_of(target)}"
    with pytest.raises(PrivilegeMissing) as refused:
        refresh_again((source, url), tmp_path)
    grants = [one.remedy for one in errors_of(refused.value)]
    assert grants == [
        f"GRANT SELECT ON TABLE public.flags TO {writer};",
        f"GRANT SELECT ON SEQUENCE public.flags_id_seq TO {writer};",
        f"GRANT UPDATE ON TABLE public.flags TO {writer};",
    ]
    execute(target, "".join(grants))
    refresh_again((source, url), tmp_path, keep_previous=5)
    assert query(target, "SELECT count(*) FROM flags") == [(3,)]


def test_materialised_views_see_what_is_kept(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE t (id int); CREATE VIEW v AS SELECT id FROM t; CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM v;"
        "CREATE MATERIALIZED VIEW mm AS SELECT n FROM m",
    )
    refresh(request_for(source, target, tmp_path))
    execute(target, "INSERT INTO t VALUES (1), (2)")
    refresh_again(two_databases, tmp_path, "public.t")
    assert column_of(target, "SELECT n FROM mm") == [2]


def test_a_sequence_that_numbers_copied_rows_too_goes_on_from_the_furthest(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE SEQUENCE s; CREATE TABLE kept (id int DEFAULT nextval('s')); CREATE TABLE copied (id int DEFAULT nextval('s'));"
        "INSERT INTO copied VALUES (500)",
    )
    refresh(request_for(source, target, tmp_path))
    execute(target, "INSERT INTO kept VALUES (2); SELECT setval('s', 3)")
    refresh_again(two_databases, tmp_path, "public.kept")
    assert column_of(target, "SELECT last_value FROM s") == [1500]


@contextmanager
def writing(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE flags SET is_on = false")
        yield connection


def test_somebody_who_writes_meanwhile_is_waited_for_and_then_not(
    ends: TwoDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, target = ends
    monkeypatch.setattr(preserve, "LOCK_TIMEOUT_MS", 200)
    with writing(target), pytest.raises(Busy, match="a preserved table of staging is being written to"):
        refresh_again(ends, tmp_path)
    monkeypatch.setattr(preserve, "LOCK_TIMEOUT_MS", 20_000)
    with writing(target) as connection:
        threading.Timer(3, connection.commit).start()
        refresh_again(ends, tmp_path)
    assert column_of(target, "SELECT DISTINCT is_on FROM flags") == [False]


def test_what_is_written_until_the_last_moment_is_there_or_was_refused(
    ends: TwoDatabases, tmp_path: Path
) -> None:
    """A client counts what it was told is committed; nothing of that is missing after the swap."""
    _, target = ends
    committed = 0
    done = threading.Event()

    def write() -> None:
        nonlocal committed
        with psycopg.connect(target, autocommit=True) as connection:
            while not done.is_set():
                connection.execute("INSERT INTO flags (name, is_on) VALUES (NULL, NULL)")
                committed += 1

    def write_until_ended() -> None:
        with suppress(psycopg.OperationalError):
            write()

    thread = threading.Thread(target=write_until_ended)
    thread.start()
    try:
        refresh_again(ends, tmp_path)
    finally:
        done.set()
        thread.join()
    assert committed > 0
    assert column_of(target, "SELECT count(*) FROM flags WHERE is_on IS NULL") == [committed]


def test_what_a_pending_revision_did_to_preserved_rows_it_does_not_do_twice(
    ends: TwoDatabases, tmp_path: Path
) -> None:
    """Live is a revision ahead, which added a column and filled it; the copy gets the column, and live's rows."""
    source, target = ends
    version = "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); INSERT INTO alembic_version VALUES "
    r2 = "ALTER TABLE flags ADD weight int; UPDATE flags SET weight = coalesce(weight, 0) + 1; INSERT INTO flags (name) VALUES ('r2')"
    execute(source, version + "('r1')")
    execute(target, version + "('r2');" + r2)
    execute(target, "UPDATE flags SET weight = 5 WHERE id = 1")
    before = query(target, "SELECT id, name, weight FROM flags ORDER BY id")

    def bring_forward(url: str, _live: tuple[str, ...], _copy: tuple[str, ...]) -> None:
        execute(url, r2 + "; UPDATE alembic_version SET version_num = 'r2'")

    refresh_again(ends, tmp_path, bring_forward=bring_forward)
    assert query(target, "SELECT id, name, weight FROM flags ORDER BY id") == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("public.flagz", "neither end has such a table; did you mean public.flags?"),
        ("public.v", "it is no table"),
        ("dbtool.ledger", "dbtool carries it over itself"),
        ("public.alembic_version", "dbtool carries it over itself"),
    ],
)
def test_what_cannot_be_preserved_is_refused(
    ends: TwoDatabases, tmp_path: Path, name: str, said: str
) -> None:
    execute(
        ends[0],
        "CREATE VIEW v AS SELECT 1 AS a; CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
    )
    (finding,) = refuse(ends, tmp_path, name)
    assert said in finding.message


def test_a_masked_reference_to_what_is_kept_is_refused(ends: TwoDatabases, tmp_path: Path) -> None:
    rules = rules_of("  public.orders: {id: {keep: k}, flag: {mask: permute_integer}}\n", tmp_path)
    (finding,) = refuse(ends, tmp_path, rules=rules)
    assert (finding.check, finding.where) == ("preserve-masked-reference", "public.orders.flag")


def test_a_database_that_dbtool_never_made_keeps_its_rows_once_adopted(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(source, _SOURCE)
    execute(target, _SOURCE + "UPDATE flags SET name = 'own ' || id")
    refresh_again(two_databases, tmp_path)
    assert column_of(target, "SELECT name FROM flags ORDER BY id") == ["own 1", "own 2"]


def test_in_a_subset_what_is_kept_is_not_walked_and_still_referred_to(
    ends: TwoDatabases, tmp_path: Path
) -> None:
    """The rules may speak of it for other targets, also as what a relation that they alone know leads to."""
    source, target = ends
    execute(
        source,
        "INSERT INTO orders SELECT i, 1 FROM generate_series(10, 40) AS i; INSERT INTO orders VALUES (99, 3);"
        "ALTER TABLE orders ADD kind text DEFAULT 'flag', ADD about int DEFAULT 1",
    )
    execute(
        source, "CREATE TABLE attic (id int PRIMARY KEY); ALTER TABLE flags ADD attic int REFERENCES attic"
    )
    file = tmp_path / "rules.yaml"

    def rules_with(root: str, more: str = "") -> RuleSet:
        tables = "  public.orders: {id: {keep: k}, flag: {keep: k}, kind: {keep: k}, about: {keep: k}}\n  public.attic: {id: {keep: k}}\n"
        relations = "relations: [{from: public.orders.about, by: {public.orders.kind: {flag: public.flags.id, attic: public.attic.id}}}]\n"
        subset = f"subset: {{roots: [{{table: public.orders, where: {root}}}], tables: {{public.flags: empty{more}}}}}\n"
        rules = rules_of(tables + relations + subset, tmp_path)
        assert file.exists()
        return rules

    result = refresh_again(ends, tmp_path, rules=rules_with("id < 15"))
    assert column_of(target, "SELECT id FROM orders ORDER BY id") == [1, 2, 3, 10, 11, 12, 13, 14]
    assert query(target, "SELECT count(*) FROM flags") == [(3,)]
    assert result.subset is not None
    assert sorted(str(table.name) for table in result.subset.tables if table.rows) == ["public.orders"]
    plan = plan_refresh(
        request_for(*ends, tmp_path, preserve=(FLAGS,), rules=rules_with("id < 15")),
    )
    assert plan.preserved == (RelationName("public", "flags"),)
    assert [str(table.name) for table in plan.tables if table.chosen] == ["public.orders"]
    (finding,) = refuse(ends, tmp_path, rules=rules_with("id > 90"))
    assert finding.check == "preserve-orphans"
    (finding,) = refuse(ends, tmp_path, rules=rules_with("id < 15", ", public.attic: skip"))
    assert (finding.check, finding.where) == ("preserve-needs-skipped", FLAGS)
