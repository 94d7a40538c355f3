"""``subset:`` as it is written, what a profile changes of it, and what cannot hold together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from dbtool.catalog.relations import ColumnRef, RelationName
from dbtool.rules.fields import keep_known, read_columns_of, read_entries, read_word
from dbtool.rules.follow import read_follow
from dbtool.rules.names import NameInvalid, parse_relation
from dbtool.rules.nodes import Fields, Node, Problems, Scalar
from dbtool.rules.position import Position
from dbtool.rules.roots import EXAMPLE, read_roots
from dbtool.rules.subset_model import EdgeRule, Follow, NullRule, Root, SubsetRules, TablePolicy

EVERYTHING = "everything"

EdgeKey = tuple[RelationName, frozenset[str]]

_KNOWN = ("roots", "referencing", "referenced", "tables")
_POLICIES: dict[str, Literal["all", "empty", "skip"]] = {"all": "all", "empty": "empty", "skip": "skip"}
_REFERENCED = {"nullify": True, "pull": False}
_MEANT = {"all": "is copied whole", "empty": "is to be empty", "skip": "is to be left out"}


@dataclass(frozen=True, slots=True)
class SubsetDraft:
    """What one ``subset:`` says. None where it does not say; roots that were all wrong are (). A reference in
    ``nullified`` that is pulled in after all is None.
    """

    at: Position
    roots: tuple[Root, ...] | None = None
    follow: Follow | None = None
    edges: Mapping[EdgeKey, EdgeRule] = field(default_factory=dict)
    nullified: Mapping[EdgeKey, NullRule | None] = field(default_factory=dict)
    tables: Mapping[RelationName, TablePolicy] = field(default_factory=dict)


def read_subset(node: Node, problems: Problems) -> SubsetDraft | None:
    """None: every row of every table. What is wrong is left out of the draft, after naming it."""
    if isinstance(node, Scalar):
        if node.text != EVERYTHING:
            problems.add(
                node.at, f"subset must be a mapping with roots, or {EVERYTHING}, which copies every row"
            )
            return SubsetDraft(node.at, roots=())
        return None
    entries = read_entries(node, "subset", problems)
    known = keep_known(entries, _KNOWN, "subset", problems)
    values = {key: entry.value for key, entry in known.items()}
    follow, edges = (
        _read_referencing(values["referencing"], problems) if "referencing" in values else (None, {})
    )
    return SubsetDraft(
        node.at,
        read_roots(values["roots"], problems) if "roots" in values else _roots_unsaid(node),
        follow,
        edges,
        _read_referenced(values["referenced"], problems) if "referenced" in values else {},
        _read_tables(values["tables"], problems) if "tables" in values else {},
    )


def _roots_unsaid(node: Node) -> tuple[Root, ...] | None:
    return None if isinstance(node, Fields) else ()


def _read_referencing(node: Node, problems: Problems) -> tuple[Follow | None, dict[EdgeKey, EdgeRule]]:
    entries = read_entries(node, "referencing", problems)
    known = keep_known(entries, ("default", "edges"), "referencing", problems)
    default = read_follow(known["default"].value, "default", problems) if "default" in known else None
    edges: dict[EdgeKey, EdgeRule] = {}
    if "edges" in known:
        for key, columns, value in _read_edges(known["edges"].value, "edges", problems):
            if follow := read_follow(value, _spell(*columns), problems):
                edges[_key_of(*columns)] = EdgeRule(*columns, follow, key)
    return default, edges


def _read_referenced(node: Node, problems: Problems) -> dict[EdgeKey, NullRule | None]:
    found: dict[EdgeKey, NullRule | None] = {}
    for key, columns, value in _read_edges(node, "referenced", problems):
        nullify = read_word(value, _spell(*columns), _REFERENCED, problems)
        if nullify is not None:
            found[_key_of(*columns)] = NullRule(*columns, key) if nullify else None
    return found


def _read_edges(
    node: Node, what: str, problems: Problems
) -> Iterator[tuple[Position, tuple[RelationName, tuple[str, ...]], Node]]:
    """(where, whose columns, what is said of them); a reference that is named twice is a problem."""
    if not isinstance(node, Fields):
        read_entries(node, what, problems)
        return
    first: dict[EdgeKey, Position] = {}
    for key, value in node.pairs:
        if isinstance(key, Fields):
            problems.add(
                key.at, f"a key of {what} must be schema.table.column or a list of such, not a mapping"
            )
        elif columns := read_columns_of(key, f"a key of {what}", problems):
            known = first.setdefault(_key_of(*columns), key.at)
            if known is not key.at:
                problems.add(
                    key.at,
                    f"{_spell(*columns)} is named twice in {what}; it is written first in line {known.line}",
                )
            yield key.at, columns, value


def _key_of(relation: RelationName, columns: tuple[str, ...]) -> EdgeKey:
    return relation, frozenset(columns)


def _spell(relation: RelationName, columns: tuple[str, ...]) -> str:
    names = [str(ColumnRef(relation, column)) for column in columns]
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _read_tables(node: Node, problems: Problems) -> dict[RelationName, TablePolicy]:
    found: dict[RelationName, TablePolicy] = {}
    for text, entry in read_entries(node, "the tables of a subset", problems).items():
        try:
            name = parse_relation(text)
        except NameInvalid as error:
            problems.add(entry.at, str(error))
            continue
        if name in found:
            problems.add(
                entry.at,
                f"{name} is named twice in tables; it is written first in line {found[name].at.line}",
            )
        elif policy := read_word(entry.value, str(name), _POLICIES, problems):
            found[name] = TablePolicy(policy, entry.at)
    return found


def combine(base: SubsetDraft, own: SubsetDraft) -> SubsetDraft:
    """The base with what a profile says instead. A table that the profile decides needs none of the base's edges: what
    follows into it is settled. Roots that the base lacks are missed there.
    """
    edges = {key: rule for key, rule in base.edges.items() if rule.relation not in own.tables}
    return SubsetDraft(
        own.at,
        base.roots or () if own.roots is None else own.roots,
        base.follow if own.follow is None else own.follow,
        {**edges, **own.edges},
        {**base.nullified, **own.nullified},
        {**base.tables, **own.tables},
    )


def complete(draft: SubsetDraft) -> SubsetRules:
    return SubsetRules(
        draft.roots or (),
        draft.at,
        draft.follow or Follow(),
        tuple(draft.edges.values()),
        tuple(rule for rule in draft.nullified.values() if rule is not None),
        draft.tables,
    )


def find_contradictions(draft: SubsetDraft) -> Iterator[tuple[Position, str]]:
    """(place, message) of what no database could make right."""
    if draft.roots is None:
        yield draft.at, f"a subset needs roots, the rows it begins with: {EXAMPLE}"
    for root in draft.roots or ():
        if policy := draft.tables.get(root.table):
            yield root.at, f"{_settled(root.table, policy)}, so it cannot be a root; remove one of the two"
    for rule in draft.edges.values():
        policy = draft.tables.get(rule.relation)
        if policy is not None and not _agree(rule.follow, policy):
            said = "max_per_row could never hold" if rule.follow.most else "no row of it can follow another"
            yield rule.at, f"{_settled(rule.relation, policy)}, so {said}; remove one of the two"


def _settled(table: RelationName, policy: TablePolicy) -> str:
    return f"{table} {_MEANT[policy.policy]} ({policy.policy} at {policy.at})"


def _agree(follow: Follow, policy: TablePolicy) -> bool:
    """``none`` never hurts, nor does ``all`` where all rows are there; a cap would say of them what is not so."""
    return follow.most == 0 or (follow.most is None and policy.policy == "all")
