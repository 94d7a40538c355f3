"""dbtool.toml with the environment: what is read, from where, and that no message quotes a secret."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from dbtool.errors import ConfigurationInvalid, ProgramFailed
from dbtool.settings import Settings, load_settings, near
from dbtool.targets import Tier

ENVIRONMENTS = """
[environments.production]
tier = "production"
url = { env = "PRODUCTION_URL" }
[environments.staging]
tier = "staging"
url = "postgresql://app@db.internal/shop"
"""


def load(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    (folder / "dbtool.toml").write_text(text, encoding="utf-8")
    return load_settings(None, environ or {}, start=folder)


def test_reads_every_setting_of_an_environment(tmp_path: Path) -> None:
    text = """
[environments.staging]
tier = "staging"
url = { env = "U" }
maintenance_database = "maintenance"
owner = "shop"
grants = "source"
roles = { app = "staging_app" }
extensions = "expect"
keep_previous = 3
preserve = ["public.feature_flags"]
after_load = ["sql/neutralise.sql"]
restored_from_source = "restored from the nightly backup"
disk_limit = "200GB"
"""
    target = load(tmp_path, text, {"U": "postgresql://x/y"}).target("staging")
    assert (target.name, target.tier, target.url()) == ("staging", Tier.STAGING, "postgresql://x/y")
    assert (target.maintenance_database, target.owner, target.grants) == ("maintenance", "shop", "source")
    assert (target.roles, target.extensions, target.keep_previous) == ({"app": "staging_app"}, "expect", 3)
    assert target.preserve == ("public.feature_flags",)
    assert target.after_load == (str(tmp_path / "sql/neutralise.sql"),)
    assert target.restored_from_source == "restored from the nightly backup"
    assert target.disk_limit == 200 * 1024**3


def test_paths_start_at_the_files_folder_wherever_it_is_read_from(tmp_path: Path) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "dbtool.toml").write_text('[project]\nmigrations = "db/migrations"\nstate = "var"\n')
    settings = load_settings(None, {}, start=tmp_path / "deep" / "deeper")
    assert settings.file == tmp_path / "dbtool.toml"
    assert settings.migrations == tmp_path / "db/migrations"
    assert settings.state == tmp_path / "var"
    assert settings.rules == tmp_path / "masking_rules"


def test_an_environment_variable_wins_over_the_file(tmp_path: Path) -> None:
    environ = {
        "DBTOOL_RULES": "other_rules",
        "DBTOOL_STATE": "/var/dbtool",
        "DBTOOL_STAGING_URL": "postgresql://z",
    }
    settings = load(tmp_path, '[project]\nrules = "rules"\n' + ENVIRONMENTS, environ)
    assert settings.rules == tmp_path / "other_rules"
    assert settings.state == Path("/var/dbtool")
    assert settings.target("staging").url() == "postgresql://z"


def test_the_environment_may_name_the_file_and_a_flag_wins_over_it(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('[project]\nrules = "of_one"\n')
    (tmp_path / "two.toml").write_text('[project]\nrules = "of_two"\n')
    environ = {"DBTOOL_CONFIG": "one.toml"}
    assert load_settings(None, environ, start=tmp_path).rules.name == "of_one"
    assert load_settings(Path("two.toml"), environ, start=tmp_path).rules.name == "of_two"


def test_names_the_folder_where_no_file_was_found(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match=f"there is no dbtool.toml in {tmp_path}"):
        load_settings(None, {}, start=tmp_path)


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"there is no file .*missing\.toml"):
        load_settings(tmp_path / "missing.toml", {}, start=tmp_path)


def test_modules_that_may_mask_are_none_unless_named(tmp_path: Path) -> None:
    assert load(tmp_path, "").python_masks == ()
    text = '[project]\npython_masks = ["shop_masks", "shop.masks"]'
    assert load(tmp_path, text).python_masks == ("shop_masks", "shop.masks")


@pytest.mark.parametrize(
    "url", ["postgresql://app@db:5432/shop?sslmode=require", "host=db user=app", "postgresql:///shop"]
)
def test_a_url_without_a_password_may_be_written_out(tmp_path: Path, url: str) -> None:
    settings = load(tmp_path, f'[environments.a]\ntier = "staging"\nurl = "{url}"\n')
    assert settings.target("a").url() == url


def test_names_the_variable_that_is_not_set(tmp_path: Path) -> None:
    target = load(tmp_path, ENVIRONMENTS).target("production")
    with pytest.raises(
        ConfigurationInvalid, match=r"environments\.production\.url: .* PRODUCTION_URL is not set"
    ):
        target.url()


def test_an_environment_without_a_url_asks_for_its_variable(tmp_path: Path) -> None:
    target = load(tmp_path, "[environments.qa-1]\ntier = 'staging'\n").target("qa-1")
    with pytest.raises(ConfigurationInvalid, match="DBTOOL_QA_1_URL is not set"):
        target.url()


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    target = load(tmp_path, ENVIRONMENTS, {"PRODUCTION_URL": "\n"}).target("production")
    with pytest.raises(ConfigurationInvalid, match="PRODUCTION_URL is empty"):
        target.url()


def test_names_the_environments_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        load(tmp_path, ENVIRONMENTS).target("stagign")
    message = "which has production, staging; nothing was done; did you mean staging?"
    assert str(caught.value) == f"there is no environment stagign in {tmp_path}/dbtool.toml, {message}"


def test_a_secret_file_is_relative_to_dbtool_toml_and_loses_its_newline(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text("k" * 40 + "\n")
    settings = load(tmp_path, '[project]\nkey = { file = "key.txt" }\n')
    same = load(tmp_path, '[project]\nkey = { env = "K" }\n', {"K": "k" * 40})
    assert settings.project_key().key_id == same.project_key().key_id


def test_a_command_is_run_again_for_every_connection(tmp_path: Path) -> None:
    script = "import pathlib; p = pathlib.Path('n'); p.touch(); p.write_text(p.read_text() + 'x'); print('postgresql://' + p.read_text())"
    (tmp_path / "give.py").write_text(script)
    text = f'[environments.a]\ntier = "staging"\nurl = {{ command = ["{sys.executable}", "give.py"] }}\n'
    url = load(tmp_path, text).target("a").url
    assert (url(), url()) == ("postgresql://x", "postgresql://xx")


def test_a_command_sees_the_users_environment_but_not_dbtools_secrets(tmp_path: Path) -> None:
    (tmp_path / "give.py").write_text("import os; print(sorted(os.environ))")
    text = f"""
[project]
key = {{ env = "SHOP_KEY" }}
[environments.a]
tier = "staging"
url = {{ command = ["{sys.executable}", "give.py"] }}
"""
    environ = {"VAULT_ADDR": "x", "SHOP_KEY": "x", "DBTOOL_EVIDENCE_KEY": "x", "PGPASSWORD": "x"}
    seen = load(tmp_path, text, environ).target("a").url()
    assert "VAULT_ADDR" in seen
    assert not any(name in seen for name in ("SHOP_KEY", "DBTOOL_EVIDENCE_KEY", "PGPASSWORD"))


def test_a_command_that_fails_names_the_setting(tmp_path: Path) -> None:
    text = '[environments.a]\ntier = "staging"\nurl = { command = ["dbtool-no-such-program"] }\n'
    with pytest.raises(ProgramFailed, match=r"environments\.a\.url: its command did not give it"):
        load(tmp_path, text).target("a").url()


def test_a_command_that_hangs_is_ended_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dbtool.secret_sources.COMMAND_TIMEOUT_S", 0.1)
    command = f"url = {{ command = ['{sys.executable}', '-c', 'import time; time.sleep(600)'] }}"
    target = load(tmp_path, f'[environments.a]\ntier = "staging"\n{command}\n').target("a")
    with pytest.raises(
        ProgramFailed, match=r"environments\.a\.url: .* did not finish within 0\.1 s and was ended"
    ):
        target.url()


def test_a_hexadecimal_key_is_read_as_its_bytes(tmp_path: Path) -> None:
    as_hex = load(tmp_path, "", {"DBTOOL_MASK_KEY": "6b" * 32}).project_key()
    as_text = load(tmp_path, "", {"DBTOOL_MASK_KEY": "k" * 32}).project_key()
    assert as_hex.key_id == as_text.key_id


def test_63_hexadecimal_digits_are_a_text_of_63_bytes(tmp_path: Path) -> None:
    odd = load(tmp_path, "", {"DBTOOL_MASK_KEY": "a" * 63}).project_key()
    even = load(tmp_path, "", {"DBTOOL_MASK_KEY": "a" * 64}).project_key()
    assert odd.key_id != even.key_id


def test_a_short_key_is_refused_by_its_length_alone(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationInvalid, match="the masking key has 7 bytes and needs at least 32"
    ) as caught:
        load(tmp_path, "", {"DBTOOL_MASK_KEY": "hunter2"}).project_key()
    assert "hunter2" not in str(caught.value)


def test_a_missing_key_names_its_variable(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationInvalid, match=r"project\.key: the environment variable DBTOOL_MASK_KEY is not set"
    ):
        load(tmp_path, "").project_key()


def test_dbtool_key_wins_over_what_the_file_names(tmp_path: Path) -> None:
    text = '[project]\nkey = { env = "SHOP_KEY" }\n'
    given = load(tmp_path, text, {"SHOP_KEY": "a" * 40, "DBTOOL_KEY": "b" * 40}).project_key()
    other = load(tmp_path, text, {"SHOP_KEY": "b" * 40}).project_key()
    assert given.key_id == other.key_id


def test_the_evidence_key_is_optional_and_read_late(tmp_path: Path) -> None:
    assert load(tmp_path, "").evidence_key() is None
    settings = load(tmp_path, '[project]\nevidence_key = { env = "E" }\n')
    with pytest.raises(
        ConfigurationInvalid, match=r"project\.evidence_key: the environment variable E is not set"
    ):
        settings.evidence_key()


def test_warns_of_a_secret_file_that_all_may_read(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://x")
    (tmp_path / "url").chmod(0o644)
    text = '[environments.a]\ntier = "staging"\nurl = { file = "url" }\n'
    (finding,) = load(tmp_path, text).warnings()
    assert (finding.check, finding.where, finding.is_error) == (
        "secret-readable-by-all",
        "environments.a.url",
        False,
    )
    (tmp_path / "url").chmod(0o600)
    assert load(tmp_path, text).warnings() == ()


def test_the_settings_never_show_the_environment(tmp_path: Path) -> None:
    settings = load(tmp_path, ENVIRONMENTS, {"PRODUCTION_URL": "postgresql://a:hunter2@b/c"})
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(settings.target("production"))


def test_paths_are_shown_as_they_are_typed_from_here(tmp_path: Path) -> None:
    assert near(tmp_path / "rules" / "a.yaml", tmp_path) == Path("rules/a.yaml")
    assert near(tmp_path / "rules", tmp_path / "other") == tmp_path / "rules"
    assert near(Path.cwd() / "a.yaml") == Path("a.yaml")
