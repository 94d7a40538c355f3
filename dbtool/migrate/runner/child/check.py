"""What ``alembic check`` would say: where the project's models and the database differ."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Sequence

from alembic.autogenerate.api import RevisionContext
from alembic.runtime.environment import EnvironmentContext

from .channel import Channel
from .environment import make_config, script_directory
from .own_run import allow_only
from .redirect import Redirect

_OURS = "dbtool"  # the ledger's schema is nobody's model
_NO_REVISION: Dict[str, Any] = {
    "message": None,
    "autogenerate": True,
    "sql": False,
    "head": "heads",
    "splice": False,
    "branch_label": None,
    "version_path": None,
    "rev_id": None,
    "depends_on": None,
}


def check(job: Dict[str, Any], channel: Channel) -> None:
    """Tell the differences; None where env.py gives no models. env.py's own hooks have their say, as in ``alembic check``."""
    Redirect(job["place"], channel, redirect=job["project"]["redirect"]).install()
    config = make_config(job["project"], job["told"])
    script = script_directory(config)
    revisions = RevisionContext(config, script, dict(_NO_REVISION))
    found: List[Optional[List[str]]] = []

    def compare(heads: Any, context: Any) -> Sequence[Any]:
        if context.opts.get("target_metadata") is None:
            found.append(None)
        else:
            revisions.run_autogenerate(heads, context)
            found.append(_differences(revisions))
        return ()

    allow_only(compare)
    with EnvironmentContext(config, script, fn=compare, as_sql=False):
        script.run_env()
    channel.tell("drift", differences=_together(found))


def _together(found: Sequence[Optional[List[str]]]) -> Optional[List[str]]:
    """env.py may run for several databases, or not at all."""
    lists = [one for one in found if one is not None]
    return [line for one in lists for line in one] if lists else None


def _differences(revisions: Any) -> List[str]:
    return [
        spell(diff)
        for script in revisions.generated_revisions
        for operations in script.upgrade_ops_list
        for diff in _flat(operations.as_diffs())
        if schema_of(diff) != _OURS
    ]


def _flat(diffs: Any) -> Iterator[Any]:
    """What a column differs in comes as a list of its own."""
    for one in diffs:
        if isinstance(one, list):
            yield from one
        else:
            yield one


def schema_of(diff: Sequence[Any]) -> Any:
    if diff[0].endswith("_column") or diff[0].startswith("modify_"):
        return diff[1]
    table = diff[1] if diff[0].endswith(("_table", "_table_comment")) else getattr(diff[1], "table", None)
    return getattr(table, "schema", None)


def spell(diff: Sequence[Any]) -> str:
    """A sentence without values: ``column public.orders.note is in the models alone``."""
    kind, _, what = diff[0].partition("_")
    if kind == "modify":
        return _spell_change(what, diff)
    where = {"add": "in the models alone", "remove": "in the database alone"}.get(kind, f"different ({kind})")
    return f"{_spell_object(what, diff)} is {where}"


def _spell_object(what: str, diff: Sequence[Any]) -> str:
    if what == "column":
        return f"column {_name(diff[1], diff[2])}.{diff[3].name}"
    if what == "table":
        return f"table {_name(diff[1].schema, diff[1].name)}"
    if what == "table_comment":
        return f"the comment of table {_name(diff[1].schema, diff[1].name)}"
    table = getattr(diff[1], "table", None)
    of = f" of {_name(table.schema, table.name)}" if table is not None else ""
    kind = {"fk": "foreign key"}.get(what, what)
    return f"{kind} {getattr(diff[1], 'name', None) or _columns_of(diff[1])}{of}"


def _columns_of(constraint: Any) -> str:
    columns = getattr(constraint, "columns", ())
    return f"on ({', '.join(str(column.name) for column in columns)})"


def _spell_change(what: str, diff: Sequence[Any]) -> str:
    _, schema, table, column, _, in_database, in_models = diff
    name = f"column {_name(schema, table)}.{column}"
    if what == "nullable":
        told = {True: "may be NULL", False: "is NOT NULL"}
        return f"{name} {told.get(in_database, 'differs')} in the database, and {told.get(in_models, 'differs')} in the models"
    if what == "type":
        return f"{name} is {in_database} in the database, and {in_models} in the models"
    return f"{name} has another {what} in the database than in the models"


def _name(schema: Optional[str], name: str) -> str:
    return f"{schema}.{name}" if schema else name
