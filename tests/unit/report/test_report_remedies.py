from __future__ import annotations

import pytest

from dbtool.locks.checks import contract, failing, files, holding, rows
from dbtool.locks.checks.check import Check
from dbtool.report.remedies import language_of


@pytest.mark.parametrize(
    ("remedy", "language"),
    [
        ("", ""),
        ("  \n", ""),
        ('op.add_column("t", sa.Column("c", sa.Text()))', "python"),
        ("# a later revision:\nop.drop_table('t')", "python"),
        ("with op.get_context().autocommit_block():\n    op.execute('VACUUM')", "python"),
        ("tables:\n  public.t:\n    c: {mask: email}", "yaml"),
        ("ALTER TABLE t VALIDATE CONSTRAINT c;", "sql"),
        ("SET lock_timeout = '2s'", "sql"),
        ("Set it in dbtool.toml", ""),
        ("write a revision for it, or mend the model", ""),
        ("rename", ""),
        ("\0", ""),
    ],
)
def test_code_is_told_from_a_sentence(remedy: str, language: str) -> None:
    assert language_of(remedy) == language


def _checks() -> list[Check]:
    modules = (contract, failing, files, holding, rows)
    return [each for module in modules for each in vars(module).values() if isinstance(each, Check)]


@pytest.mark.parametrize("check", _checks(), ids=lambda check: check.name)
def test_the_examples_of_checks_are_taken_for_what_they_are(check: Check) -> None:
    assert language_of(check.good) == "python"
