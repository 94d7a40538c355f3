from __future__ import annotations

import pytest

from dbtool.migrate.runner.ending import describe_end
from dbtool.migrate.runner.outcome import Outcome

_VALUE = "ann@example.com"


def failed(sqlstate: str | None, message: str) -> Outcome:
    outcome = Outcome()
    told = {"sqlstate": sqlstate, "message": message}
    outcome.note("revision_failed", {"revision": "r1", "stopped": "", **told})
    outcome.note("raised", {"kind": "Error", "place": "", **told})
    return outcome


@pytest.mark.parametrize(
    ("sqlstate", "message"),
    [
        ("22P02", f'invalid input syntax for type integer: "{_VALUE}"'),
        ("P0001", f"{_VALUE} has no country"),
    ],
    ids=["the server's own message", "a message of the database's code"],
)
def test_a_failure_does_not_quote_a_row(sqlstate: str, message: str) -> None:
    outcome = failed(sqlstate, message)
    assert outcome.raised
    assert _VALUE not in f"{outcome.message} {outcome.raised.message} {describe_end(outcome)}"
    assert describe_end(outcome).count(sqlstate) == 1


def test_what_else_failed_is_said_as_it_is() -> None:
    outcome = failed("23502", 'column "email" of relation "users" contains null values')
    assert describe_end(outcome) == 'column "email" of relation "users" contains null values (23502)'
    assert failed(None, "no module named shop").message == "no module named shop"
