"""dbtool.toml, keys and the choice of environments: exit code 2 before anything is opened."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.acceptance.project import KEY, Project


def test_refuses_without_a_key(people: Project) -> None:
    del people.environ["DBTOOL_MASK_KEY"]
    done = people.refuse(2)
    assert (
        "project.key: the environment variable DBTOOL_MASK_KEY is not set; nothing was done"
        in done.last_message
    )


def test_refuses_a_short_key_without_repeating_it(people: Project) -> None:
    people.environ["DBTOOL_MASK_KEY"] = "ninechars"
    done = people.refuse(2)
    assert "needs at least 32" in done.last_message


def test_refuses_an_empty_key(people: Project) -> None:
    people.environ["DBTOOL_MASK_KEY"] = ""
    assert "is empty" in people.refuse(2).last_message


def test_refuses_an_environment_that_is_not_configured(people: Project) -> None:
    done = people.refuse(2, target="stagin")
    assert "there is no environment stagin in" in done.last_message
    assert "did you mean staging?" in done.last_message


def test_refuses_a_key_that_dbtool_toml_does_not_have(people: Project) -> None:
    people.configure(staging="keep_previuos = 2")
    done = people.refuse(2)
    assert "unknown key environments.staging.keep_previuos" in done.last_message
    assert "did you mean keep_previous?" in done.last_message


def test_refuses_toml_that_cannot_be_read(people: Project) -> None:
    people.configure(staging="keep_previous = ")
    assert "dbtool.toml: not valid TOML" in people.refuse(2).last_message


def test_refuses_a_folder_without_dbtool_toml(people: Project) -> None:
    people.configuration.unlink()
    done = people.refuse(2)
    assert "there is no dbtool.toml in" in done.last_message
    assert "--config" in done.last_message


def test_refuses_a_password_in_dbtool_toml(people: Project) -> None:
    people.private.add("hunter2-in-the-clear")
    people.configure(
        more='[environments.other]\ntier = "staging"\nurl = "postgresql://a:hunter2-in-the-clear@h/d"'
    )
    assert "a url with a password is not written here" in people.refuse(2).last_message


def test_refuses_where_a_url_is_not_set(people: Project) -> None:
    people.environ.pop("STAGING_URL")
    assert (
        "environments.staging.url: the environment variable STAGING_URL is not set"
        in people.refuse(2).last_message
    )


@pytest.mark.parametrize(
    "url", ["mysql://someone:hunter2-in-the-clear@127.0.0.1/staging", "hunter2-in-the-clear"]
)
def test_refuses_a_url_that_is_not_postgresql_s_without_repeating_it(people: Project, url: str) -> None:
    people.private.add("hunter2-in-the-clear")
    people.environ["STAGING_URL"] = url
    assert "postgresql://" in people.refuse(2).last_message


def test_refuses_a_target_of_tier_production(people: Project) -> None:
    people.configure(more='[environments.elsewhere]\ntier = "production"\nurl = { env = "STAGING_URL" }')
    done = people.refuse(2, target="elsewhere")
    assert "elsewhere has tier production" in done.last_message
    assert "tier is staging or scratch" in done.last_message


def test_refuses_to_refresh_an_environment_from_itself(people: Project) -> None:
    done = people.refuse(2, source="staging")
    assert "source and target are both staging" in done.last_message


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_refuses_two_environments_that_are_one_database(people: Project, host: str) -> None:
    people.environ["STAGING_URL"] = people.source.replace("127.0.0.1", host)
    done = people.refuse(2, "--yes")
    assert "production and staging are the same database" in done.last_message
    assert people.query(people.source, "SELECT count(*) FROM person") == [(60,)]


def test_refuses_a_script_to_run_after_the_load_that_is_not_there(people: Project) -> None:
    people.configure(staging='after_load = ["sql/neutralise.sql"]')
    assert "neutralise.sql, which cannot be read" in people.refuse(2).last_message


@pytest.mark.parametrize(
    ("preserve", "code", "message"),
    [
        ('["flags"]', 2, "environments.staging.preserve: flags has no schema; write public.flags"),
        ('["public.persons"]', 1, "public.persons cannot be preserved: neither end has such a table"),
    ],
)
def test_refuses_to_preserve_what_is_no_table(
    people: Project, preserve: str, code: int, message: str
) -> None:
    people.configure(staging=f"preserve = {preserve}")
    assert message in people.refuse(code).messages


def test_refuses_to_map_a_role_that_the_source_has_not(people: Project) -> None:
    people.configure(staging='roles = { postgers = "staging_app" }')
    assert "has no role postgers; did you mean postgres?" in people.refuse(1).messages


@pytest.mark.parametrize(
    "option",
    [
        *(f"--max-duration={text}" for text in ("", "soon", "0", "-5s", "1d", "1h 30m", "inf", "9" * 400)),
        *(f"--jobs={text}" for text in ("", "0", "-1", "65", "1000", "1.5", "two")),
        *(f"--format={text}" for text in ("", "xml", "JSON", "markdown")),
        "--config=.",
        "--plan=yes",
        "--job=1",
        "more",
    ],
)
def test_refuses_an_option_that_is_none(people: Project, option: str) -> None:
    done = people.refresh(option)
    assert (done.code, done.output) == (2, "")
    assert option.partition("=")[0] in done.messages
    assert "Traceback" not in done.messages


@pytest.mark.parametrize(
    "name", ["nowhere.toml", "/dev/null", "x" * 300, "/" + "x" * 5000, "rules.yaml/dbtool.toml"]
)
def test_refuses_a_configuration_that_is_no_file(people: Project, name: str) -> None:
    assert "there is no file" in people.refuse(2, "--config", name).last_message


def test_refuses_a_profile_that_the_rules_do_not_have(people: Project) -> None:
    done = people.refuse(2, "--profile", "dev")
    assert "the rules have no profile dev, so nothing was done" in done.last_message


@pytest.mark.parametrize("rules", ["nowhere", "x" * 300, "x" * 5000, "/dev/null", "/dev/zero", "dbtool.toml"])
def test_refuses_rules_that_are_none(people: Project, rules: str) -> None:
    people.environ["DBTOOL_RULES"] = rules
    assert "in the rules; nothing was done" in people.refuse(2).last_message


def test_refuses_to_run_in_a_folder_that_is_gone(people: Project) -> None:
    gone = people.folder / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", 'rmdir "$PWD" && exec "$0" -m dbtool refresh production staging', sys.executable],
        cwd=gone,
        env=people.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "the current folder is there no more; nothing was done" in done.stderr


def test_refuses_a_name_that_the_server_would_cut_short(people: Project) -> None:
    people.environ["STAGING_URL"] += "x" * 64
    assert (
        "staging: the URL names a database with a name of more than 63 bytes" in people.refuse(2).last_message
    )


def test_takes_a_key_from_a_file_that_dbtool_toml_names(people: Project) -> None:
    """The key decides the stand-ins, not where it is kept."""
    (people.folder / "key").write_text(KEY + "\n", encoding="utf-8")
    del people.environ["DBTOOL_MASK_KEY"]
    text = people.configuration.read_text(encoding="utf-8").replace(
        "[project]", '[project]\nkey = { file = "key" }'
    )
    people.configuration.write_text(text, encoding="utf-8")
    people.private.add(KEY)
    done = people.refresh("--plan")
    assert done.code == 0, done.messages
