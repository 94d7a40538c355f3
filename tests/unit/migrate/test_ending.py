"""How a run of env.py ended, in a sentence."""

from __future__ import annotations

import pytest

from dbtool.migrate.runner.ending import describe_elsewhere, describe_end
from dbtool.migrate.runner.outcome import Outcome, Raised


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome(failed="r2", stopped="it is another", message="Stopped: it is another"), "it is another"),
        (Outcome(failed="r2", sqlstate="42701", message="column exists"), "column exists (42701)"),
        (
            Outcome(failed="r2", message="unsupported operand", raised=Raised("TypeError", "x")),
            "unsupported operand",
        ),
        (
            Outcome(raised=Raised("ImportError", "no module named shop", "env.py:3"), output="a lot"),
            "ImportError at env.py:3: no module named shop",
        ),
        (Outcome(raised=Raised("timeout", "120 s are over")), "timeout: 120 s are over"),
        (
            Outcome(raised=Raised("exit", "env.py ended with code 3"), output="one\n\n  two\n"),
            "env.py ended with code 3: one /   two",
        ),
        (Outcome(), "env.py ended without running every pending revision"),
        (Outcome(output="\n".join(map(str, range(9)))), "every pending revision: 4 / 5 / 6 / 7 / 8"),
    ],
)
def test_what_tells_most_is_told(outcome: Outcome, said: str) -> None:
    assert describe_end(outcome).endswith(said)
    if said.startswith("it is"):
        assert describe_end(outcome) == said


def test_each_address_is_named_once_with_what_to_do() -> None:
    said = describe_elsewhere(["db:5432/shop", "other:5432/shop", "db:5432/shop"])
    assert said.count("db:5432/shop") == 1
    assert "other:5432/shop" in said
    assert "nothing was done" in said
    assert "url_variables" in said
