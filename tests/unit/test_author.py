import getpass
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dbtool import programs
from dbtool.author import find_actor, find_commit, new_author, new_run_id

_NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_without_ci_the_actor_is_the_user_and_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    monkeypatch.setattr(socket, "gethostname", lambda: "laptop")
    assert find_actor({"GITHUB_ACTOR": ""}) == "ada@laptop"


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert find_actor({}).startswith("uid ")


def test_ci_says_who_asked_for_the_run_and_our_own_variable_overrules_it() -> None:
    assert find_actor({"GITLAB_USER_LOGIN": "grace"}) == "grace"
    assert find_actor({"GITHUB_ACTOR": "grace", "DBTOOL_ACTOR": "ada"}) == "ada"


def test_the_commit_is_the_one_checked_out(tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    programs.run(["git", "init", "-q"], cwd=str(tmp_path))
    assert find_commit(tmp_path, {}) is None
    programs.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], cwd=str(tmp_path))
    commit = find_commit(tmp_path, {"GITHUB_SHA": "other"})
    assert commit is not None
    assert len(commit) == 40


def test_without_a_repository_ci_knows_the_commit(tmp_path: Path) -> None:
    assert find_commit(tmp_path, {"CI_COMMIT_SHA": "c0ffee"}) == "c0ffee"
    assert find_commit(tmp_path, {}) is None


def test_run_ids_sort_by_time_and_differ_within_a_second() -> None:
    first, second = new_run_id(_NOW), new_run_id(_NOW)
    assert first != second
    assert first.startswith("20260102T030405-")


def test_an_actor_named_on_the_command_line_overrules_all(tmp_path: Path) -> None:
    author = new_author("staging", tmp_path, _NOW, actor="ada", environ={"DBTOOL_ACTOR": "bob"})
    assert (author.actor, author.target, author.git_commit) == ("ada", "staging", None)
    event = author.event("start", "r1", "d1", duration_s=1.5, detail="why")
    assert (event.run_id, event.actor, event.target, event.digest) == (
        author.run_id,
        "ada",
        "staging",
        "d1",
    )
    assert (event.duration_s, event.detail) == (1.5, "why")
