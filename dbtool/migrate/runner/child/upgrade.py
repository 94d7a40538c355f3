"""Run the pending revisions through env.py, one transaction per revision, with an overseer told of everything."""

from __future__ import annotations

import hashlib
import time
from typing import Any, Callable, Dict, Iterator, List

from alembic.runtime.environment import EnvironmentContext

from .channel import Channel
from .environment import make_config, script_directory
from .failure import find_message, find_sqlstate
from .own_run import allow_only
from .reads import watch_reads
from .redirect import Redirect
from .statements import StatementEvents


class VersionTableElsewhere(RuntimeError):
    """What runs would not be known to have run."""


def upgrade(job: Dict[str, Any], channel: Channel) -> None:
    """``job["revisions"]`` are the ids to run, in order; nothing else is run, and never a downgrade."""
    place = Redirect(job["place"], channel, redirect=job["project"]["redirect"])
    place.install()
    config = make_config(job["project"], job["told"])
    script = script_directory(config)
    versions = [str(folder) for folder in script._version_locations]  # noqa: SLF001  it has no public name
    watch_reads(job["project"]["root"], versions, lambda path: channel.tell("file_read", path=path))
    events = StatementEvents(channel, trace=job["trace"])
    events.install()
    wanted = list(job["revisions"])
    _require_contents(script, job["contents"])

    def steps(heads: Any, context: Any) -> Iterator[Any]:
        channel.tell("environment", **_describe_context(context, heads))
        for step in script._upgrade_revs(job["destination"], heads):  # noqa: SLF001  as alembic.command.upgrade does
            revision = step.revision.revision
            if revision not in wanted:
                raise RuntimeError(f"revision {revision} was not asked for")
            step.migration_fn = _watched(step.migration_fn, revision, channel, events)
            yield step

    allow_only(steps)
    usual = {"as_sql": False, "starting_rev": None, "tag": None}
    with EnvironmentContext(
        config, script, fn=steps, destination_rev=job["destination"], **usual
    ) as environment:
        _configure_per_revision(environment, channel, events, job["version_table"])
        script.run_env()


class FilesChanged(RuntimeError):
    """What would run is not what was looked at."""


def _require_contents(script: Any, contents: Dict[str, str]) -> None:
    """The modules are loaded by now: a file that is another after this is not run."""
    for revision, expected in contents.items():
        path = script.get_revision(revision).path
        with open(path, "rb") as file:
            found = hashlib.sha256(file.read()).hexdigest()
        if found != expected:
            raise FilesChanged(f"{path} was changed while it was about to be run")


def _watched(
    function: Callable[..., Any], revision: str, channel: Channel, events: StatementEvents
) -> Callable[..., Any]:
    def run(**arguments: Any) -> None:
        channel.tell("revision_begins", revision=revision)
        began = time.monotonic()
        with events.of_revision(revision):
            try:
                function(**arguments)
            except BaseException as error:
                original = getattr(error, "orig", None) or error
                channel.tell(
                    "revision_failed",
                    revision=revision,
                    sqlstate=find_sqlstate(original),
                    message=find_message(original),
                    kind=type(original).__name__,
                    stopped=events.stopped,
                )
                raise
        events.seconds[revision] = time.monotonic() - began

    return run


def _configure_per_revision(
    environment: EnvironmentContext, channel: Channel, events: StatementEvents, table: Any
) -> None:
    """Whatever env.py says, each revision is a transaction; and when its version is stamped, ours goes with it. The stamp
    must go to ``table``, where the parent looks for it.
    """
    configure = environment.configure

    def stamped(ctx: Any, step: Any, **_: Any) -> None:
        revision = step.up_revision_id
        answer = channel.ask("revision_ends", revision=revision, seconds=events.seconds.get(revision, 0.0))
        for text in answer["sql"]:
            events.execute(ctx.connection, text)

    def configured(*positional: Any, **options: Any) -> None:
        options["transaction_per_migration"] = True
        given = options.get("on_version_apply") or ()
        options["on_version_apply"] = [
            *(given if isinstance(given, (list, tuple, set)) else [given]),
            stamped,
        ]
        configure(*positional, **options)
        _require_table(environment.get_context(), table)

    environment.configure = configured  # type: ignore[method-assign]


def _require_table(context: Any, expected: Any) -> None:
    """``expected`` has a name and perhaps a schema; None where nobody looks."""
    if expected is None:
        return
    schema = context.version_table_schema
    other_schema = schema and expected["schema"] and schema != expected["schema"]
    if context.version_table != expected["name"] or other_schema:
        found = f"{schema}.{context.version_table}" if schema else context.version_table
        raise VersionTableElsewhere(f"env.py keeps its revision in {found}, where nobody looks for it")


def _describe_context(context: Any, heads: Any) -> Dict[str, Any]:
    table = (
        context.version_table
        if not context.version_table_schema
        else f"{context.version_table_schema}.{context.version_table}"
    )
    external = bool(getattr(context, "_in_external_transaction", False))
    mode = "env.py's own" if external else "per revision" if context.impl.transactional_ddl else "none"
    found: List[str] = [] if heads is None else list(heads)
    return {"version_table": table, "transaction_mode": mode, "heads": found}
