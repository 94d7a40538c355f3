"""What is pending for a database, and when nobody can say."""

from __future__ import annotations

import pytest

from dbtool.errors import ConfigurationInvalid, HeadConflict
from dbtool.migrate.revisions.history import History, Revision, plan_pending, refuse_empty


def _revision(name: str, *down: str) -> Revision:
    return Revision(name, down, (), (), f"versions/{name}.py", "", "0" * 64, has_downgrade=False)


_TWO_HEADS = History((_revision("a"), _revision("b")), env_digest="", heads=("a", "b"))


def test_a_history_without_a_revision_says_where_to_look() -> None:
    with pytest.raises(ConfigurationInvalid, match=r"no revision; nothing was done.*version_locations"):
        refuse_empty(History((), env_digest="", heads=()))


def test_a_history_with_one_is_an_answer() -> None:
    refuse_empty(History((_revision("a"),), env_digest="", heads=("a",)))


def test_undeclared_heads_are_told_the_setting_that_declares_them() -> None:
    with pytest.raises(HeadConflict, match=r"\[project\.alembic\] several_heads = true"):
        plan_pending(_TWO_HEADS, ())


def test_declared_heads_are_pending_all_the_same() -> None:
    assert [one.id for one in plan_pending(_TWO_HEADS, ("a",), several_heads=True)] == ["b"]
