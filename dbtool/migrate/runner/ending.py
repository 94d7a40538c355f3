"""How a run of env.py ended, in a sentence, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dbtool.errors import ConfigurationInvalid
from dbtool.migrate.runner.outcome import Outcome, Raised

_OUTPUT_LINES = 5


def describe_end(outcome: Outcome) -> str:
    """Why it ended before its time. The end of what env.py printed is added where nothing else tells."""
    if outcome.stopped:
        return outcome.stopped
    if outcome.failed is not None and outcome.message:
        code = (
            f" ({outcome.sqlstate})" if outcome.sqlstate and outcome.sqlstate not in outcome.message else ""
        )
        return f"{outcome.message}{code}"
    if outcome.raised is not None and outcome.raised.kind != "exit":
        return describe_raised(outcome.raised)
    said = " / ".join(line for line in outcome.output.splitlines()[-_OUTPUT_LINES:] if line.strip())
    ended = (
        outcome.raised.message if outcome.raised else "env.py ended without running every pending revision"
    )
    return f"{ended}{f': {said}' if said else ''}"


def describe_raised(raised: Raised | None) -> str:
    if raised is None:
        return "the child said nothing"
    at = f" at {raised.place}" if raised.place else ""
    return f"{raised.kind}{at}: {raised.message}"


def refuse_elsewhere(outcome: Outcome) -> None:
    """:raises ConfigurationInvalid: env.py wanted to go elsewhere, and nothing was sent."""
    if outcome.elsewhere and outcome.raised is not None and outcome.failed is None and not outcome.completed:
        raise ConfigurationInvalid(describe_elsewhere(outcome.elsewhere))


def describe_elsewhere(addresses: Sequence[str]) -> str:
    """What to do about an env.py that does not go where it is told."""
    return (
        f"env.py connects to {', '.join(dict.fromkeys(addresses))} instead of the database it was given; nothing was sent "
        "there, and nothing was done. Let it read DATABASE_URL or sqlalchemy.url; or name the variable that it reads in "
        "[project.alembic] url_variables; or let every engine of its be led to the given database with redirect = true."
    )


def describe_other_table(message: str) -> str:
    return (
        f"{message}; nothing was done. Say in dbtool.toml where it is, with its schema: [project.alembic] version_table = "
        '"public.…"'
    )
