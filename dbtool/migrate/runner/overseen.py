"""The child's events, told to its overseer; the overseer's answers, spelt for the child."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dbtool.migrate.runner.overseer import Answer, Go, Overseer, Skip, StatementEnd, StatementStart, Stop

Hearing = Mapping[str, Callable[[dict[str, Any]], Any]]


def overseen(overseer: Overseer) -> Hearing:
    """What to do with each event; whoever returns a value answers the child, which waits for it."""
    running: dict[tuple[str, int], StatementStart] = {}
    session = {"pid": 0}

    def connected(message: dict[str, Any]) -> None:
        session["pid"] = message["pid"]
        overseer.connected(message["pid"])

    def statement_begins(message: dict[str, Any]) -> dict[str, Any]:
        start = StatementStart(**{"pid": session["pid"], **message})
        running[start.revision, start.ordinal] = start
        return _spell_answer(overseer.statement_begins(start))

    def statement_ended(message: dict[str, Any]) -> None:
        start = running.pop((message.pop("revision"), message.pop("ordinal")))
        seconds = message["ended_at"] - message["began_at"]
        overseer.statement_ended(StatementEnd(start, seconds, message.pop("rowcount", -1), **message))

    def revision_ends(message: dict[str, Any]) -> dict[str, Any]:
        return {"sql": list(overseer.revision_ends(message["revision"], message["seconds"]))}

    def revision_failed(message: dict[str, Any]) -> None:
        overseer.revision_failed(message["revision"], message["sqlstate"], message["message"])

    return {
        "connected": connected,
        "environment": lambda message: overseer.configured(message["transaction_mode"]),
        "revision_begins": lambda message: overseer.revision_begins(message["revision"]),
        "statement_begins": statement_begins,
        "statement_ended": statement_ended,
        "revision_ends": revision_ends,
        "revision_failed": revision_failed,
        "committing": lambda message: {"sql": list(overseer.committing(message.get("rowcount", -1)))},
        "transaction_ended": lambda message: overseer.transaction_ended(**message),
    }


def _spell_answer(answer: Answer) -> dict[str, Any]:
    match answer:
        case Go(in_block=in_block, first=first):
            return {"answer": "go", "in_block": in_block, "first": list(first)}
        case Skip(rowcount=rowcount, first=first):
            return {"answer": "skip", "rowcount": rowcount, "first": list(first)}
        case Stop(reason=reason):
            return {"answer": "stop", "reason": reason}
