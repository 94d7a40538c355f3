"""Every check has a name that stays, a reason, and examples that are Alembic Python."""

from __future__ import annotations

import io
import re
from pathlib import Path

import alembic.op
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

import dbtool.migrate
from dbtool.locks.checks import CHECKS

_NAMED_ELSEWHERE = re.compile(r'\bFinding\(\s*(?:check=)?"([a-z-]+)"')
_WITH_EXAMPLES = [name for name, check in CHECKS.items() if check.good]


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_says_what_and_why(name: str) -> None:
    check = CHECKS[name]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert check.name == name
    assert check.summary.endswith(".")
    assert check.why.endswith(".")
    assert bool(check.bad) == bool(check.good)


@pytest.mark.parametrize("name", _WITH_EXAMPLES)
def test_an_example_is_python(name: str) -> None:
    compile(CHECKS[name].bad, f"{name}: bad", "exec")
    compile(CHECKS[name].good, f"{name}: good", "exec")


@pytest.mark.parametrize("name", [name for name in _WITH_EXAMPLES if "get_bind" not in CHECKS[name].good])
def test_a_safe_example_runs_under_alembic(name: str) -> None:
    good = CHECKS[name].good
    written = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written}
    )
    with Operations.context(context), context.begin_transaction():
        exec(good, {"op": alembic.op, "sa": sa})  # noqa: S102  the example is ours
    assert ("op." in good.partition("#")[0]) <= (";" in written.getvalue())


def test_every_check_of_a_rehearsal_is_listed() -> None:
    """A waiver for one that is not would be called a typing error."""
    (folder,) = dbtool.migrate.__path__
    sources = [path.read_text(encoding="utf-8") for path in Path(folder).rglob("*.py")]
    named = {name for source in sources for name in _NAMED_ELSEWHERE.findall(source)}
    assert named
    assert named <= set(CHECKS), "add them to dbtool/locks/checks/whole.py or applying.py"
