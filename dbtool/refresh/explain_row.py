"""Why a row is in the subset, or why it is not: the rows are chosen as a refresh would choose them, and nothing is copied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.nearest import find_nearest_table
from dbtool.catalog.relations import ColumnRef, RelationName, quote_identifier
from dbtool.digest import ProjectKey
from dbtool.errors import FindingsRefuse, UsageError
from dbtool.masking.coverage import ColumnDecision, decide
from dbtool.masking.masks import MASKS
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.row_texts import read_texts
from dbtool.postgres.session import Connection, connect
from dbtool.refresh.ends import naming
from dbtool.refresh.keys import OpenWalk, open_walk
from dbtool.refresh.request import Cancellation
from dbtool.refresh.skipped import skipped_tables
from dbtool.refresh.snapshot import HeldSnapshot, hold_snapshot
from dbtool.refresh.subset_fit import look_at_subset
from dbtool.rules.model import Keep, RuleSet
from dbtool.rules.position import Position
from dbtool.rules.profiles import choose_subset
from dbtool.rules.subset_model import Root, SubsetRules
from dbtool.subset.explain import Hindrance, Hop, Reasons, Walked, trace, why_not
from dbtool.subset.graph import BoundRoot, Edge, Graph
from dbtool.subset.keys import find_key
from dbtool.subset.selection import Step
from dbtool.subset.walk import walk
from dbtool.targets import Target

_NAME = "dbtool rules explain"
_ASKED = Position("--id", 1, 1)


@dataclass(frozen=True, slots=True)
class RowShown:
    """``values`` are the key's, None where the rules mask them or it has no value that may be shown. ``reason`` and ``what`` are as in
    a plan's shares.
    """

    table: RelationName
    key: tuple[str, ...]
    values: tuple[str | None, ...]
    reason: str
    what: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """``way`` leads from where the subset begins to the row; empty where it is not in the subset, and ``hindrances`` say why.
    ``copies_all``: there is no subset, so that both are empty and every row is copied.
    """

    table: RelationName
    key: tuple[str, ...]
    ids: tuple[str, ...]
    profile: str | None
    way: tuple[RowShown, ...] = ()
    hindrances: tuple[Hindrance, ...] = ()
    copies_all: bool = False

    @property
    def is_copied(self) -> bool:
        return self.copies_all or bool(self.way)


def explain_row(
    source: Target,
    rules: RuleSet,
    key: ProjectKey,
    *,
    profile: str | None,
    table: RelationName,
    ids: tuple[str, ...],
) -> Explanation:
    """:raises UsageError: no such profile, table or row, or ids that are not the table's key.
    :raises FindingsRefuse: the subset does not fit the source.
    """
    subset = choose_subset(rules, profile)
    with naming(source):
        connection = connect(source.url(), application_name=_NAME, read_only=True)
    with connection:
        catalog = read_catalog(connection)
        columns = _key_of(catalog, source, table)
        _refuse_other_key(table, columns, ids)
        if subset is not None:
            _refuse_misfit(connection, source, catalog, rules, subset)
    asked = Explanation(table, columns, ids, profile, copies_all=subset is None)
    if subset is None:
        return asked
    if (left_out := _left_out(catalog, table, subset)) is not None:
        return replace(asked, hindrances=(left_out,))
    skipped = skipped_tables(subset)
    with (
        hold_snapshot(source, catalog, workflow="explanation", skipped=skipped) as snapshot,
        open_walk(source, snapshot, rules, subset, key=key, cancellation=Cancellation()) as opened,
    ):
        return _explain(asked, opened, snapshot, rules)


def _key_of(catalog: Catalog, source: Target, table: RelationName) -> tuple[str, ...]:
    if table not in {relation.name for relation in catalog.ruled()}:
        nearest = find_nearest_table(catalog, table)
        meant = f"; did you mean {nearest}?" if nearest else ""
        raise UsageError(f"there is no table {table} in {source}{meant}; nothing was done")
    columns = find_key(catalog, table)
    if not columns:
        raise UsageError(
            f"{table} has no key by which a row could be named; nothing was done. Give it a primary key, or ask of a row "
            "that refers to it."
        )
    return columns


def _refuse_other_key(table: RelationName, columns: tuple[str, ...], ids: tuple[str, ...]) -> None:
    if len(columns) != len(ids):
        form = " ".join(f"--id {quote_identifier(column).upper()}" for column in columns)
        raise UsageError(
            f"the key of {table} has {len(columns)} column{'s' * (len(columns) > 1)}, and {len(ids)} --id "
            f"{'were' if len(ids) > 1 else 'was'} given; nothing was done. Write {form}."
        )


def _refuse_misfit(
    connection: Connection, source: Target, catalog: Catalog, rules: RuleSet, subset: SubsetRules
) -> None:
    errors = [one for one in look_at_subset(connection, catalog, rules, subset) if one.is_error]
    if errors:
        raise FindingsRefuse(f"the subset does not fit {source}; no row was read.", errors)


def _left_out(catalog: Catalog, table: RelationName, subset: SubsetRules) -> Hindrance | None:
    policy = subset.tables.get(catalog.relations[table].ruled_by)
    if policy is None or policy.policy == "all":
        return None
    return Hindrance(policy.policy, str(table))


def _explain(asked: Explanation, opened: OpenWalk, snapshot: HeldSnapshot, rules: RuleSet) -> Explanation:
    leaf, row = _find(asked, opened)
    reasons = Reasons()
    selection = walk(opened.graph, opened.source, reasons)
    walked = Walked(opened.graph, opened.source, selection, reasons)
    if not walked.contains(leaf, row):
        return replace(asked, hindrances=why_not(walked, leaf, row))
    keys = _Keys(opened.graph, snapshot, decide(snapshot.catalog, rules, MASKS).decisions)
    *before, last = (keys.show(hop) for hop in trace(walked, leaf, row))
    return replace(asked, way=(*before, replace(last, values=asked.ids)))


def _find(asked: Explanation, opened: OpenWalk) -> tuple[RelationName, int]:
    """:raises UsageError: there is no such row, or the ids are not of the key's types."""
    rule = Root(asked.table, _ASKED, ids=(asked.ids,))
    root = BoundRoot(rule, opened.graph.leaves_of(asked.table), asked.key)
    try:
        found = [
            (leaf, row)
            for rows in opened.source.root_rows(root)
            for leaf, ids in rows.items()
            for row in ids.tolist()
        ]
    except UsageError:
        raise UsageError(
            f"an --id does not fit the type of its column in the key of {asked.table}; nothing was done"
        ) from None
    if not found:
        raise UsageError(f"{asked.table} has no row with this key; nothing was done")
    return found[0]


@dataclass(frozen=True, slots=True)
class _Keys:
    """Shows what the copy holds as well: keys that the rules keep."""

    graph: Graph
    snapshot: HeldSnapshot
    decisions: Mapping[ColumnRef, ColumnDecision]

    def show(self, hop: Hop) -> RowShown:
        table = self.graph.table_of(hop.leaf)
        key = find_key(self.snapshot.catalog, table)
        kept = [column for column in key if self._is_kept(ColumnRef(table, column))]
        texts = read_texts(self.snapshot.connection, hop.leaf, kept, hop.row)
        values = dict(zip(kept, texts, strict=False))
        return RowShown(table, key, tuple(values.get(column) for column in key), *_reason_of(hop))

    def _is_kept(self, column: ColumnRef) -> bool:
        decided = self.decisions.get(column)
        return decided is not None and isinstance(decided.decision, Keep)


def _reason_of(hop: Hop) -> tuple[str, str]:
    match hop.step:
        case Step(root=BoundRoot() as root):
            return "root", root.description
        case Step(edge=Edge() as edge, direction=str() as direction):
            return direction, edge.where
        case _:
            return "all", "all"
