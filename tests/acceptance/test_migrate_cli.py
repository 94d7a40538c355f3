"""What `dbtool migrate` refuses before it asks any server: exit code 2, a reason, and nothing written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_INHERITED = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")
_SECRET = "hunter2-in-the-clear"
_TOML = """\
[environments.production]
tier = "production"
url = { env = "PRODUCTION_URL" }

[environments.staging]
tier = "staging"
url = { env = "STAGING_URL" }
"""
_ENV = """\
from alembic import context

context.configure(dialect_name="postgresql")
"""
_TEMPLATE = """\
\"\"\"${message}\"\"\"

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
"""
_REVISION = """\
revision = "8f2c1a9b3d10"
down_revision = None


def upgrade() -> None:
    pass
"""


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    output: str
    messages: str

    @property
    def last_message(self) -> str:
        return self.messages[self.messages.rindex("dbtool: ") :].strip()


@dataclass
class Project:
    """A folder with a history of one revision. The URLs lead to a port where nobody listens."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def migrate(self, *arguments: str) -> Done:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        done = subprocess.run(
            [sys.executable, "-m", "dbtool", "migrate", *arguments],
            cwd=self.folder,
            env={**inherited, **self.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=90,
        )
        assert _SECRET not in done.stdout + done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def refuse(self, *arguments: str, code: int = 2) -> str:
        """The message; nothing goes to standard output, and no file is made."""
        before = sorted(self.folder.rglob("*"))
        done = self.migrate(*arguments)
        assert (done.code, done.output) == (code, ""), done.messages
        assert "Traceback" not in done.messages
        assert sorted(self.folder.rglob("*")) == before
        return done.last_message if "dbtool: " in done.messages else done.messages


@pytest.fixture
def project(tmp_path: Path) -> Project:
    nobody = f"postgresql://someone:{_SECRET}@127.0.0.1:1"
    project = Project(tmp_path, {"PRODUCTION_URL": f"{nobody}/shop", "STAGING_URL": f"{nobody}/staging"})
    project.write("dbtool.toml", f'[project]\nmigrations = "migrations"\n{_TOML}')
    project.write("migrations/env.py", _ENV)
    project.write("migrations/script.py.mako", _TEMPLATE)
    project.write("migrations/versions/8f2c1a9b3d10_first.py", _REVISION)
    return project


def test_refuses_an_environment_that_is_not_configured(project: Project) -> None:
    message = project.refuse("rehearse", "--target", "prodution")
    assert "there is no environment prodution in" in message
    assert "did you mean production?" in message


def test_refuses_a_setting_of_alembic_that_there_is_not(project: Project) -> None:
    project.write("dbtool.toml", f'[project.alembic]\nurl_variable = ["SHOP_URL"]\n{_TOML}')
    message = project.refuse("status")
    assert "unknown key project.alembic.url_variable" in message
    assert "did you mean url_variables?" in message


def test_refuses_a_time_to_live_that_is_no_duration(project: Project) -> None:
    project.write("dbtool.toml", f'[project]\nevidence_ttl = "soon"\n{_TOML}')
    assert "project.evidence_ttl: write a duration as 3d, 72h or 90m" in project.refuse("status")


def test_refuses_rows_of_production_in_a_clone(project: Project) -> None:
    message = project.refuse("rehearse", "--target", "production", "--from", "production")
    assert "production has tier production: rows that nobody masked never go into a clone" in message


def test_refuses_to_choose_between_staging_environments(project: Project) -> None:
    project.write("dbtool.toml", f'{_TOML}[environments.staging2]\ntier = "staging"\n')
    message = project.refuse("rehearse", "--target", "production")
    assert "data could come from staging, staging2; nothing was done. Name one with --from" in message


def test_refuses_an_image_for_what_is_no_container(project: Project) -> None:
    message = project.refuse(
        "rehearse", "--target", "production", "--clone", "embedded", "--image", "postgis/postgis:18-3.6"
    )
    assert "--image is for --clone container" in message


def test_refuses_rules_that_cannot_be_read(project: Project) -> None:
    project.write("masking_rules/shop.yaml", "version: 1\ntables:\n  public.t:\n    c: {mask: emial}\n")
    message = project.refuse("rehearse", "--target", "production")
    assert "masking_rules/shop.yaml:4:" in message
    assert "nothing was done" in message


def test_refuses_a_project_whose_migrations_are_not_found(project: Project) -> None:
    project.write("dbtool.toml", f'[project]\nmigrations = "migartions"\n{_TOML}')
    assert "migrations cannot be loaded" in project.refuse("rehearse", "--target", "production")


def test_refuses_a_revision_that_does_not_load_and_says_where(project: Project) -> None:
    project.write("migrations/versions/8f2c1a9b3d10_first.py", _REVISION.replace("pass", "pass("))
    message = project.refuse("rehearse", "--target", "production")
    assert "8f2c1a9b3d10_first.py" in message


def test_a_url_that_is_not_set_is_named(project: Project) -> None:
    del project.environ["PRODUCTION_URL"]
    message = project.refuse("rehearse", "--target", "production")
    assert "environments.production.url: the environment variable PRODUCTION_URL is not set" in message


def test_a_server_that_is_away_ends_with_3(project: Project) -> None:
    message = project.refuse("rehearse", "--target", "production", code=3)
    assert "cannot connect to 127.0.0.1:1/shop" in message


def test_status_shows_an_environment_that_is_away_and_why(project: Project) -> None:
    done = project.migrate("status")
    assert done.code == 0
    assert "production: " in done.output
    assert "staging: " in done.output
    assert project.migrate("status", "--target", "staging").code == 3


def test_programs_read_a_refusal_as_one_document(project: Project) -> None:
    (project.folder / "dbtool.toml").unlink()
    done = project.migrate("apply", "--target", "production", "--format", "json")
    told = json.loads(done.output)
    assert (done.code, told["status"], told["error"]["exit_code"]) == (2, "refused", 2)


def test_a_change_request_reads_why_nothing_was_rehearsed(project: Project) -> None:
    done = project.migrate("rehearse", "--target", "prodution", "--format", "markdown")
    assert done.code == 2
    assert done.output.startswith("## ❌ Migrations for prodution: not rehearsed\n\nthere is no environment")


def test_a_new_revision_has_no_downgrade_and_its_path_is_printed(project: Project) -> None:
    done = project.migrate("new", "add currency")
    assert done.code == 0, done.messages
    written = project.folder / done.output.strip()
    assert written.parent == project.folder / "migrations" / "versions"
    text = written.read_text(encoding="utf-8")
    assert "downgrade" not in text
    assert "down_revision = '8f2c1a9b3d10'" in text


def test_a_new_revision_needs_its_message(project: Project) -> None:
    assert "Missing argument 'MESSAGE'" in project.refuse("new")
