"""An env.py that ends, hangs, forks, closes, swallows or speaks out of turn: each has the right outcome."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import psycopg
import pytest

from dbtool.migrate.runner.run import Place, describe, run_upgrade
from tests.integration.running import (
    TWO,
    USUAL,
    WITH_ENGINE,
    Recorder,
    make_project,
    revision,
    run_all,
    tables_in,
)

pytestmark = pytest.mark.one_major

_BOTH = {"first_table", "second_table", "alembic_version"}
_FAILING = {"one": TWO["one"], "two": revision("two", "one", 'op.execute("SELECT 1 FROM not_there")')}
_SWALLOWING = USUAL.replace(
    "        context.run_migrations()",
    "        try:\n            context.run_migrations()\n        except Exception as error:\n            print('never mind')",
)
_EARLY_ENDS = {
    "exit 0": ("import sys; sys.exit(0)", "SystemExit", "ended the program (SystemExit: 0)"),
    "SystemExit(0)": ("raise SystemExit(0)", "SystemExit", "ended the program (SystemExit: 0)"),
    "SystemExit with words": ("raise SystemExit('no DATABASE')", "SystemExit", "(SystemExit: no DATABASE)"),
    "os._exit": ("import os; os._exit(0)", "exit", "env.py ended its process with code 0"),
    "a signal": ("import os; os.kill(os.getpid(), 9)", "exit", "env.py ended its process with code -9"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
    "nothing at all": ("pass", "Incomplete", "env.py returned without having run one, two"),
    "offline only": (
        "from alembic import context\nif context.is_offline_mode():\n    context.run_migrations()",
        "Incomplete",
        "returned without having run one, two",
    ),
    "an -x that is missing": (
        "from alembic import context\ntenant = context.get_x_argument(as_dictionary=True)['tenant']",
        "KeyError",
        "'tenant'",
    ),
    "its descriptors closed": (
        "import os; os.closerange(3, 1024)\n" + USUAL,
        "exit",
        "env.py ended its process with code",
    ),
}


@pytest.mark.parametrize(("env", "kind", "message"), _EARLY_ENDS.values(), ids=_EARLY_ENDS)
def test_an_early_end_is_no_success(env: str, kind: str, message: str, tmp_path: Path, database: str) -> None:
    outcome = run_all(make_project(tmp_path, env), database)
    assert outcome.raised is not None
    assert outcome.raised.kind == kind
    assert message in outcome.raised.message
    assert tables_in(database) == set()


def test_an_error_that_env_py_swallows_is_a_failure_all_the_same(tmp_path: Path, database: str) -> None:
    outcome = run_all(make_project(tmp_path, _SWALLOWING, _FAILING), database)
    assert outcome.failed == "two"
    assert outcome.sqlstate == "42P01"
    assert outcome.completed == ["one"]
    assert outcome.raised is not None
    assert outcome.raised.message == "env.py went on as if revision two had not failed"


def test_a_hanging_env_is_ended_in_time_with_what_it_started(tmp_path: Path, database: str) -> None:
    code = (
        "import subprocess, time\nprint(subprocess.Popen(['sleep', '600']).pid, flush=True)\ntime.sleep(600)"
    )
    project = make_project(tmp_path, code)
    began = monotonic()
    outcome = run_upgrade(
        project,
        Place(database),
        revisions=["one", "two"],
        destination="heads",
        overseer=Recorder(),
        trace=False,
        timeout_s=2,
    )
    assert monotonic() - began < 10
    assert outcome.raised is not None
    assert outcome.raised.kind == "timeout"
    assert outcome.raised.message == "env.py did not finish within 2 s and was ended"
    stat = Path(f"/proc/{outcome.output.strip()}/stat")
    assert not stat.exists() or stat.read_text().split()[2] == "Z"  # killed; its new parent may be slow


def test_a_revision_that_hangs_in_a_statement_is_ended_too(tmp_path: Path, database: str) -> None:
    project = make_project(
        tmp_path, revisions={"one": revision("one", None, 'op.execute("SELECT pg_sleep(600)")')}
    )
    recorder = Recorder()
    outcome = run_upgrade(
        project,
        Place(database),
        revisions=["one"],
        destination="heads",
        overseer=recorder,
        trace=False,
        timeout_s=3,
    )
    assert outcome.raised is not None
    assert outcome.raised.kind == "timeout"
    assert [one.sql for one in recorder.begun] == ["SELECT pg_sleep(600)"]


def test_what_it_writes_to_its_streams_is_kept_apart_from_what_it_tells(
    tmp_path: Path, database: str
) -> None:
    noisy = (
        'import os, sys\nprint(\'{"event": "done"}\')\nsys.stderr.write("oops\\n")\nos.write(1, b"raw\\n")\n'
    )
    outcome = run_all(make_project(tmp_path, noisy + USUAL), database)
    assert outcome.raised is None
    assert outcome.output.splitlines() == ['{"event": "done"}', "oops", "raw"]


def test_closed_streams_are_no_obstacle(tmp_path: Path, database: str) -> None:
    outcome = run_all(
        make_project(tmp_path, USUAL + "\nimport sys; sys.stdout.close(); sys.stderr.close()"), database
    )
    assert outcome.raised is None
    assert tables_in(database) == _BOTH


def test_a_password_that_it_prints_is_shown_to_nobody(tmp_path: Path, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS dbtool_test_odd")
        connection.execute("CREATE ROLE dbtool_test_odd LOGIN SUPERUSER PASSWORD 'p@ss/wörd%'")
    url = database.replace(
        database.split("@", maxsplit=1)[0], "postgresql://dbtool_test_odd:p%40ss%2Fw%C3%B6rd%25"
    )
    code = (
        "import os, sys\nprint(os.environ['DATABASE_URL'], os.environ['PGPASSWORD'])\n"
        "sys.stderr.write(os.environ['DATABASE_URL'] + '\\n')\n"
    )
    failing = "\nraise RuntimeError('cannot use ' + os.environ['DATABASE_URL'])"
    outcome = run_all(make_project(tmp_path, code + USUAL + failing), url)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP OWNED BY dbtool_test_odd; DROP ROLE dbtool_test_odd")
    assert outcome.completed == ["one", "two"]
    assert outcome.raised is not None
    for spelling in ("p@ss/wörd%", "p%40ss", "w%C3%B6rd"):
        assert spelling not in str(outcome)
    assert outcome.output.count("…") == 3
    assert "…" in outcome.raised.message


def test_the_end_of_much_output_is_whole_lines(tmp_path: Path, database: str) -> None:
    outcome = run_all(
        make_project(tmp_path, "for n in range(20000):\n    print('line', n)\n" + USUAL), database
    )
    lines = outcome.output.splitlines()
    assert len(outcome.output) <= 64 * 1024
    assert lines[-1] == "line 19999"
    assert all(line.startswith("line ") for line in lines)


def test_a_forked_process_cannot_run_revisions_in_its_place(tmp_path: Path, database: str) -> None:
    forking = (
        "import os\nif os.fork() == 0:\n"
        + "\n".join(f"    {line}" for line in USUAL.splitlines())
        + "\nos.wait()"
    )
    outcome = run_all(make_project(tmp_path, forking), database)
    assert outcome.raised is not None
    assert outcome.raised.kind == "Incomplete"
    assert outcome.completed == []
    assert tables_in(database) - {"alembic_version"} == set()


def test_a_fork_on_the_side_does_not_disturb(tmp_path: Path, database: str) -> None:
    forking = "import os\npid = os.fork()\nif pid == 0:\n    os._exit(3)\nos.waitpid(pid, 0)\n"
    assert run_all(make_project(tmp_path, forking + USUAL), database).raised is None


def test_a_fork_that_outlives_it_does_not_hold_us_up(tmp_path: Path, database: str) -> None:
    forking = "import os, time\nif os.fork() == 0:\n    time.sleep(600)\n"
    began = monotonic()
    assert run_all(make_project(tmp_path, forking + USUAL), database).raised is None
    assert monotonic() - began < 20


def test_threads_and_programs_of_its_own_do_not_hold_us_up(tmp_path: Path, database: str) -> None:
    code = (
        "import subprocess, threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
        "subprocess.Popen(['sleep', '600'], close_fds=False)\n"
    )
    began = monotonic()
    assert run_all(make_project(tmp_path, code + USUAL), database).raised is None
    assert monotonic() - began < 20


def test_a_program_that_it_starts_does_not_have_our_descriptor(tmp_path: Path, database: str) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("cannot run here: there is no /proc to see descriptors in")
    look = (
        "import glob, os\n"
        "for link in glob.glob('/proc/self/fd/*'):\n"
        "    if os.path.exists(link) or os.path.islink(link):\n"
        "        print(os.readlink(link).partition(':')[0])\n"
    )
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {look!r}], close_fds=False)\n"
    outcome = run_all(make_project(tmp_path, code + USUAL), database)
    assert set(outcome.output.split()) == {"/dev/null", "pipe"}


def test_a_migration_run_of_its_own_within_env_is_refused(tmp_path: Path, database: str) -> None:
    code = (
        "from alembic import command, context\n"
        "if not context.config.attributes.get('again'):\n"
        "    context.config.attributes['again'] = True\n"
        "    command.upgrade(context.config, 'head')\n"
    )
    outcome = run_all(make_project(tmp_path, code + USUAL), database)
    assert outcome.raised is not None
    assert "a run of revisions of its own" in outcome.raised.message
    assert tables_in(database) - {"alembic_version"} == set()


def test_it_runs_no_revision_that_was_not_asked_for(tmp_path: Path, database: str) -> None:
    project = make_project(tmp_path)
    assert [one.id for one in describe(project).revisions] == ["one", "two"]
    outcome = run_upgrade(
        project, Place(database), revisions=["one"], destination="heads", overseer=Recorder(), trace=False
    )
    assert outcome.completed == ["one"]
    assert outcome.raised is not None
    assert "revision two was not asked for" in outcome.raised.message
    assert "second_table" not in tables_in(database)


def test_a_database_of_another_kind_is_none_of_ours(tmp_path: Path, database: str) -> None:
    code = "from alembic import context\nfrom sqlalchemy import create_engine\nengine = create_engine('sqlite:///x.db')\n"
    outcome = run_all(make_project(tmp_path, code + WITH_ENGINE), database)
    assert outcome.raised is not None
    assert "in a database of sqlite" in outcome.raised.message
    assert outcome.completed == []


def test_sql_that_is_printed_is_not_run(tmp_path: Path, database: str) -> None:
    env = USUAL.replace("connection=connection,", "connection=connection, as_sql=True,")
    outcome = run_all(make_project(tmp_path, env), database)
    assert outcome.raised is not None
    assert "print SQL instead of running it" in outcome.raised.message


def test_a_file_that_is_another_by_now_is_not_run(tmp_path: Path, database: str) -> None:
    project = make_project(tmp_path)
    outcome = run_upgrade(
        project,
        Place(database),
        revisions=["one", "two"],
        destination="heads",
        overseer=Recorder(),
        trace=False,
        contents={"two": "0" * 64},
    )
    assert outcome.raised is not None
    assert outcome.raised.kind == "FilesChanged"
    assert outcome.completed == []
