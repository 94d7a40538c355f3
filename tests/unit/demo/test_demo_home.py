from __future__ import annotations

import stat
from pathlib import Path

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.demo.home import get_key, prepare_home, write_addresses
from dbtool.demo.servers import stop_kept
from dbtool.errors import UsageError
from dbtool.postgres.urls import parse_url
from dbtool.settings import load_settings

SERVER = EmbeddedServer(Path("f"), Path("d"), Path("/programs"), 18, 54321, "hunter2")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_is_a_project_that_dbtool_can_read(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    prepare_home(home)
    write_addresses(home, {"production": SERVER, "staging": SERVER}, "shop")
    settings = load_settings(home / "dbtool.toml", {})
    assert parse_url(settings.target("staging").url())["password"] == "hunter2"
    assert settings.rules == home / "masking_rules"
    assert settings.migrations == home / "migrations"
    assert len(get_key(home, "mask.key")) == 32
    assert not settings.warnings()


def test_what_is_secret_is_the_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    prepare_home(home)
    write_addresses(home, {"production": SERVER, "staging": SERVER}, "shop")
    secret = {path.name for path in home.iterdir() if path.is_file() and mode_of(path) == 0o600}
    assert secret == {"mask.key", "evidence.key", "production.url", "staging.url", "pg_service.conf"}
    assert all("hunter2" not in path.read_text() for path in home.iterdir() if path.suffix == ".toml")


def test_changed_rules_and_the_key_outlive_the_next_demo(tmp_path: Path) -> None:
    prepare_home(tmp_path)
    key = get_key(tmp_path, "mask.key")
    (tmp_path / "masking_rules" / "shop.yaml").write_text("mine")
    prepare_home(tmp_path)
    assert (tmp_path / "masking_rules" / "shop.yaml").read_text() == "mine"
    assert get_key(tmp_path, "mask.key") == key


def test_the_migrations_come_without_what_python_made_of_them(tmp_path: Path) -> None:
    prepare_home(tmp_path)
    assert (tmp_path / "migrations" / "env.py").is_file()
    assert not list(tmp_path.rglob("__pycache__"))


def test_leaves_a_folder_of_somebody_elses_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="was left alone"):
        prepare_home(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_leaves_the_servers_of_an_earlier_demo_alone(tmp_path: Path) -> None:
    (tmp_path / "servers").mkdir()
    with pytest.raises(UsageError, match="dbtool demo --stop --folder"):
        prepare_home(tmp_path)


def test_there_is_nothing_to_stop_where_no_demo_was_kept(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no demo"):
        stop_kept(tmp_path)
