"""dbtool.toml and options → requests. No server, no Alembic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from dbtool.cli.migrate_requests import (
    apply_request,
    choose_staging,
    project_of,
    rehearse_request,
    status_request,
)
from dbtool.errors import ConfigurationInvalid, TargetRefused, UsageError
from dbtool.settings import Settings, load_settings

ENVIRONMENTS = """
[environments.production]
tier = "production"
[environments.staging]
tier = "staging"
[environments.qa]
tier = "scratch"
"""
REHEARSE: dict[str, Any] = {
    "target": "production",
    "accept": False,
    "data": None,
    "origin": None,
    "profile": None,
    "clone": "auto",
    "image": None,
    "timeout": None,
}
APPLY: dict[str, Any] = {
    "target": "production",
    "evidence": None,
    "lock_timeout": 2.0,
    "patience": 300.0,
    "wait": 60.0,
    "cancel_refresh": False,
    "without_staging": None,
}
Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.setenv("DBTOOL_ACTOR", "ada")
    monkeypatch.chdir(tmp_path)

    def load(toml: str = ENVIRONMENTS, environ: Mapping[str, str] | None = None) -> Settings:
        (tmp_path / "dbtool.toml").write_text(toml, encoding="utf-8")
        return load_settings(None, environ or {}, tmp_path)

    return load


def test_alembic_s_paths_start_at_the_folder_of_dbtool_toml(load: Load, tmp_path: Path) -> None:
    project = project_of(
        load(
            '[project]\nmigrations = "db/migrations"\n[project.alembic]\nini = "conf/alembic.ini"\npython = ".venv/bin/python"\n'
        )
    )
    assert project.root == tmp_path
    assert project.migrations == tmp_path / "db" / "migrations"
    assert project.ini == tmp_path / "conf" / "alembic.ini"
    assert project.python == tmp_path / ".venv" / "bin" / "python"


def test_every_setting_of_alembic_reaches_the_runner(load: Load) -> None:
    project = project_of(
        load(
            '[project.alembic]\nsection = "shop"\nx = ["tenant=a"]\nurl_variables = ["SHOP_URL"]\ninherit = ["STAGE"]\n'
            'redirect = true\nversion_table = "public.versions"\nnetwork = "open"\ndriver = "postgresql+asyncpg"\n'
        )
    )
    assert (project.section, project.x_arguments, project.url_variables) == (
        "shop",
        ("tenant=a",),
        ("SHOP_URL",),
    )
    assert (project.inherited, project.redirect, project.version_table) == (
        ("STAGE",),
        True,
        "public.versions",
    )
    assert (project.network, project.driver) == ("open", "postgresql+asyncpg")


def test_without_settings_alembic_finds_its_own(load: Load) -> None:
    project = project_of(load())
    assert (project.migrations, project.ini, project.python, project.section) == (None, None, None, "alembic")


def test_data_comes_from_the_only_staging_environment(load: Load) -> None:
    staging = rehearse_request(load(), REHEARSE).staging
    assert staging is not None
    assert staging.name == "staging"


def test_of_two_staging_environments_one_must_be_named(load: Load) -> None:
    settings = load(f'{ENVIRONMENTS}[environments.staging2]\ntier = "staging"\n')
    with pytest.raises(UsageError, match=r"staging, staging2; nothing was done. Name one with --from"):
        choose_staging(settings, None, needed=False)
    chosen = choose_staging(settings, "staging2", needed=True)
    assert chosen is not None
    assert chosen.name == "staging2"


def test_without_a_staging_environment_data_is_wanted_in_vain_or_not_at_all(load: Load) -> None:
    settings = load('[environments.production]\ntier = "production"\n')
    assert choose_staging(settings, None, needed=False) is None
    with pytest.raises(UsageError, match=r"no environment of tier staging that data could come from"):
        choose_staging(settings, None, needed=True)


def test_rows_of_production_never_go_into_a_clone(load: Load) -> None:
    with pytest.raises(TargetRefused, match="never go into a clone; nothing was done"):
        rehearse_request(load(), {**REHEARSE, "origin": "production"})


def test_the_schema_alone_needs_no_other_environment(load: Load) -> None:
    settings = load(f'{ENVIRONMENTS}[environments.staging2]\ntier = "staging"\n')
    assert rehearse_request(settings, {**REHEARSE, "data": "schema"}).staging is None


def test_a_subset_needs_the_masking_key_and_no_other_environment(load: Load) -> None:
    two = f'{ENVIRONMENTS}[environments.staging2]\ntier = "staging"\n'
    subset = {**REHEARSE, "data": "subset", "profile": "dev"}
    request = rehearse_request(load(two, {"DBTOOL_MASK_KEY": "k" * 40}), subset)
    assert (request.staging, request.profile) == (None, "dev")
    assert request.key is not None
    with pytest.raises(ConfigurationInvalid, match="DBTOOL_MASK_KEY"):
        rehearse_request(load(two), subset)


def test_other_data_goes_without_the_masking_key(load: Load) -> None:
    settings = load(environ={"DBTOOL_MASK_KEY": "k" * 40})
    assert [
        rehearse_request(settings, {**REHEARSE, "data": data}).key for data in (None, "schema", "staging")
    ] == [None] * 3


def test_options_that_would_do_nothing_are_refused(load: Load) -> None:
    with pytest.raises(UsageError, match="--profile says which rows of the target"):
        rehearse_request(load(), {**REHEARSE, "profile": "dev"})
    with pytest.raises(UsageError, match="--data subset takes the target's own"):
        rehearse_request(load(), {**REHEARSE, "data": "subset", "origin": "staging"})


def test_an_image_is_for_containers(load: Load) -> None:
    with pytest.raises(UsageError, match="--image is for --clone container"):
        rehearse_request(load(), {**REHEARSE, "image": "postgis/postgis:18-3.6", "clone": "embedded"})
    request = rehearse_request(
        load(), {**REHEARSE, "image": "postgis/postgis:18-3.6", "clone": "container", "timeout": 9.0}
    )
    assert (request.provider, request.image, request.timeout_s) == (
        "container",
        "postgis/postgis:18-3.6",
        9.0,
    )


def test_a_project_without_rules_is_rehearsed_without(load: Load, tmp_path: Path) -> None:
    assert rehearse_request(load(), REHEARSE).rules is None
    (tmp_path / "masking_rules").mkdir()
    (tmp_path / "masking_rules" / "shop.yaml").write_text("version: 1\ntables: {}\n", encoding="utf-8")
    assert rehearse_request(load(), REHEARSE).rules is not None


def test_evidence_has_its_key_and_its_time_to_live(load: Load) -> None:
    unsigned = rehearse_request(load(), REHEARSE)
    assert (unsigned.evidence_key, unsigned.evidence_ttl_s) == (None, 72 * 3600)
    signed = rehearse_request(
        load(f'[project]\nevidence_ttl = "1h30m"\n{ENVIRONMENTS}', {"DBTOOL_EVIDENCE_KEY": "ab" * 32}),
        REHEARSE,
    )
    assert (signed.evidence_key, signed.evidence_ttl_s) == (b"\xab" * 32, 5400)


def test_before_production_comes_every_staging_environment(load: Load) -> None:
    settings = load(f'{ENVIRONMENTS}[environments.staging2]\ntier = "staging"\n')
    request = apply_request(settings, APPLY)
    assert [one.name for one in request.stagings] == ["staging", "staging2"]
    assert apply_request(settings, {**APPLY, "target": "staging"}).stagings == ()


def test_the_patience_of_an_application_is_given_in_its_units(load: Load, tmp_path: Path) -> None:
    options = {
        **APPLY,
        "lock_timeout": 0.3,
        "patience": 0.0,
        "wait": 1.5,
        "evidence": Path("e.json"),
        "cancel_refresh": True,
        "without_staging": "a hotfix",
    }
    request = apply_request(load(), options)
    assert (request.lock_timeout_ms, request.patience_s, request.wait_s) == (300, 0.0, 1.5)
    assert request.evidence == tmp_path / "e.json"
    assert (request.cancel_refresh, request.without_staging, request.actor) == (True, "a hotfix", "ada")


def test_a_lock_timeout_is_never_rounded_to_for_ever(load: Load) -> None:
    assert apply_request(load(), {**APPLY, "lock_timeout": 0.0001}).lock_timeout_ms == 1


def test_all_environments_are_looked_at_unless_some_are_named(load: Load) -> None:
    settings = load()
    assert [one.name for one in status_request(settings).targets] == ["production", "staging", "qa"]
    assert [one.name for one in status_request(settings, ("qa", "staging", "qa")).targets] == [
        "qa",
        "staging",
    ]
    with pytest.raises(ConfigurationInvalid, match="there is no environment q in"):
        status_request(settings, ("q",))
