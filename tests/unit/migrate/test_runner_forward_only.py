"""Revision files without a way back."""

from __future__ import annotations

from dbtool.migrate.runner.child.forward_only import without_downgrade

_HEAD = '''"""add a column"""
from alembic import op

revision = "a"  # stays


def upgrade():
    # ### commands ###
    op.execute("SELECT 1")
    # ### end Alembic commands ###
'''
_DOWNGRADE = '''

def downgrade() -> None:
    """Back."""
    op.execute("SELECT 2")
    # ### end Alembic commands ###
'''


def test_the_way_back_is_cut_and_all_else_is_left_as_it_was() -> None:
    assert without_downgrade(_HEAD + _DOWNGRADE) == _HEAD


def test_what_follows_it_stays() -> None:
    assert (
        without_downgrade(_HEAD + _DOWNGRADE + "\n\ndef later():\n    pass\n")
        == _HEAD + "\n\ndef later():\n    pass\n"
    )


def test_its_comments_and_decorators_go_with_it() -> None:
    marked = _DOWNGRADE.replace("def downgrade", "# the way back\n@wraps(upgrade)\ndef downgrade")
    assert without_downgrade(_HEAD + marked) == _HEAD


def test_those_of_several_databases_go_too() -> None:
    several = _DOWNGRADE + "\n\ndef downgrade_engine1() -> None:\n    pass\n"
    assert without_downgrade(_HEAD + several) == _HEAD


def test_line_endings_stay() -> None:
    windows = (_HEAD + _DOWNGRADE).replace("\n", "\r\n")
    assert without_downgrade(windows) == _HEAD.replace("\n", "\r\n")


def test_without_one_nothing_changes() -> None:
    assert without_downgrade(_HEAD) == _HEAD
