"""(Catalog, RuleSet) → one decision per copied column, or the finding that stops the run: fail closed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from pydantic import ValidationError

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import ColumnRef, Persistence, Relation, RelationName
from dbtool.findings import Finding, Severity
from dbtool.masking.inheritance import Inheritance, KeyGroup, find_inheritance
from dbtool.masking.kept_credentials import find_kept_credentials
from dbtool.masking.mask import Registry
from dbtool.masking.missing import MissingRule, render_missing_rules, suggest_rule
from dbtool.masking.several_keys import find_masked_types, find_unlike_keys
from dbtool.masking.unused_rules import find_unused
from dbtool.rules.model import Choice, ColumnRule, Decision, DocumentPaths, Keep, MaskUse, RuleSet
from dbtool.rules.position import Position


@dataclass(frozen=True, slots=True)
class ColumnDecision:
    """``inherited_from`` is the key in the end of the chain, whose decision this is; None: its own rule."""

    relation: RelationName
    column: str
    decision: Decision
    inherited_from: ColumnRef | None
    at: Position

    @property
    def ref(self) -> ColumnRef:
        return ColumnRef(self.relation, self.column)

    def where_true(self) -> ColumnDecision:
        """Of the rows that a condition is true of; where there is none, of all."""
        return replace(self, decision=self.decision.chosen) if isinstance(self.decision, Choice) else self


@dataclass(frozen=True, slots=True)
class Coverage:
    """``decisions`` holds ruled relations only: a leaf partition's columns are its root's.

    ``missing`` are the rules that a person has to write, keys before the columns that refer to them.
    """

    decisions: Mapping[ColumnRef, ColumnDecision]
    missing: tuple[MissingRule, ...] = ()
    findings: tuple[Finding, ...] = ()

    def where_true(self) -> Coverage:
        """What each column is for the rows that its condition is true of; without a condition, for all."""
        return replace(self, decisions={ref: one.where_true() for ref, one in self.decisions.items()})

    def elsewhere(self) -> Coverage:
        """What the columns with a condition are for their other rows; they alone."""
        others = {
            ref: replace(one, decision=one.decision.otherwise)
            for ref, one in self.decisions.items()
            if isinstance(one.decision, Choice)
        }
        return replace(self, decisions=others)

    def missing_rules(self) -> str:
        """YAML to paste for everything undecided; empty where nothing is."""
        return render_missing_rules(self.missing)


@dataclass(frozen=True, slots=True)
class _Written:
    """The rules as written, per column that is there and copied."""

    rules: Mapping[ColumnRef, ColumnRule]
    registry: Registry

    def leader_of(self, group: KeyGroup) -> ColumnRef | None:
        return next((member for member in group if member in self.rules), None)

    def agree(self, one: ColumnRef, other: ColumnRef) -> bool:
        return same_decision(self.rules[one].decision, self.rules[other].decision, self.registry)


def decide(
    catalog: Catalog, rules: RuleSet, registry: Registry, skipped: Collection[RelationName] = ()
) -> Coverage:
    """Decide every copied column of every ruled relation. Columns that refer to a key take its decision.

    ``skipped`` are tables that the catalog was given without, and of which rules may speak all the same.
    """
    written = _Written(_written_rules(catalog, rules), registry)
    inheritance = find_inheritance(catalog, rules.virtual_references)
    columns = [
        ColumnRef(relation.name, column.name)
        for relation in ruled_relations(catalog)
        for column in relation.copied_columns
    ]
    decisions = {
        column: decision for column in columns if (decision := _decide_column(column, written, inheritance))
    }
    missing = tuple(
        suggest_rule(
            column, catalog.relations[column.relation].get_column(column.column), registry, rules.locale
        )
        for column in columns
        if _must_be_written(column, written, inheritance)
    )
    decided = {one.ref: one.decision for one in decisions.values()}
    findings = [
        *(_not_covered(rule) for rule in missing),
        *(finding for column in columns for finding in _contradictions(column, written, inheritance)),
        *(finding for column in columns for finding in _unlike_keys(column, written, inheritance, catalog)),
        *(finding for decision in decisions.values() for finding in _unshareable(decision)),
        *find_masked_types(rules.relations, decided, catalog),
        *find_kept_credentials(decided, catalog, registry),
        *find_unused(catalog, rules, skipped),
    ]
    return Coverage(decisions, missing, tuple(findings))


def ruled_relations(catalog: Catalog) -> tuple[Relation, ...]:
    """What needs rules: temporary tables are nobody else's, and never copied."""
    return tuple(one for one in catalog.ruled() if one.persistence is not Persistence.TEMPORARY)


def _written_rules(catalog: Catalog, rules: RuleSet) -> dict[ColumnRef, ColumnRule]:
    found: dict[ColumnRef, ColumnRule] = {}
    for relation in ruled_relations(catalog):
        if (table := rules.tables.get(relation.name)) is None:
            continue
        copied = {column.name for column in relation.copied_columns}
        for rule in table.columns:
            found.update({ColumnRef(relation.name, name): rule for name in rule.columns if name in copied})
    return found


def _decide_column(column: ColumnRef, written: _Written, inheritance: Inheritance) -> ColumnDecision | None:
    """The key's decision, or its own where it refers to none. None: undecided."""
    leaders = (written.leader_of(group) for group in inheritance.groups_of(column))
    leader = next((one for one in leaders if one is not None), None)
    if leader is None:
        return None
    rule = written.rules[leader]
    inherited = None if leader == column else leader
    return ColumnDecision(column.relation, column.column, rule.decision, inherited, rule.decision.at)


def _must_be_written(column: ColumnRef, written: _Written, inheritance: Inheritance) -> bool:
    """Of keys that refer to one another in a cycle, one rule is enough: the first is asked for."""
    own = [group for group in inheritance.groups_of(column) if column in group]
    return any(group[0] == column and written.leader_of(group) is None for group in own)


def _not_covered(rule: MissingRule) -> Finding:
    return Finding(
        check="column-not-covered",
        severity=Severity.ERROR,
        where=str(rule.column),
        message=f"no rule decides {rule.column} ({rule.type}), so nothing may be copied",
        remedy=render_missing_rules([rule]),
    )


def _contradictions(column: ColumnRef, written: _Written, inheritance: Inheritance) -> Iterator[Finding]:
    """The column's own rule, and the rules of all keys it refers to, must say the same."""
    leaders = [written.leader_of(group) for group in inheritance.groups_of(column)]
    keys = [leader for leader in leaders if leader is not None and leader != column]
    if column in written.rules:
        for key in keys:
            if not written.agree(column, key):
                yield _contradicts_key(column, key, written)
    elif keys:
        for other in keys[1:]:
            if not written.agree(keys[0], other):
                yield _keys_disagree(column, keys[0], other, written)


def _contradicts_key(column: ColumnRef, key: ColumnRef, written: _Written) -> Finding:
    mine, other = written.rules[column], written.rules[key]
    return Finding(
        check="rule-contradicts-key",
        severity=Severity.ERROR,
        where=str(mine.decision.at),
        message=f"{column} is {spell(mine.decision)} at {mine.decision.at}, but it refers to {key}, which is "
        f"{spell(other.decision)} at {other.decision.at}: rows would no longer find each other",
        remedy=f"remove the rule of {column}: it inherits that of {key}",
    )


def _keys_disagree(column: ColumnRef, one: ColumnRef, other: ColumnRef, written: _Written) -> Finding:
    mine, theirs = written.rules[one].decision, written.rules[other].decision
    return Finding(
        check="keys-disagree",
        severity=Severity.ERROR,
        where=str(column),
        message=f"{column} refers to {one}, which is {spell(mine)} at {mine.at}, and to {other}, which is "
        f"{spell(theirs)} at {theirs.at}: it cannot follow both",
        remedy=f"give {one} and {other} the same rule",
    )


def _unlike_keys(
    column: ColumnRef, written: _Written, inheritance: Inheritance, catalog: Catalog
) -> Iterator[Finding]:
    leaders = [written.leader_of(group) for group in inheritance.groups_of(column)]
    keys = [leader for leader in leaders if leader is not None]
    if len(keys) > 1 and all(written.agree(keys[0], other) for other in keys[1:]):
        yield from find_unlike_keys(column, keys, written.rules[keys[0]].decision, catalog)


def _unshareable(decision: ColumnDecision) -> Iterator[Finding]:
    """What reads other columns of the key's row has none of them in the row that refers to it."""
    use = decision.decision
    if decision.inherited_from is not None and isinstance(use, Choice):
        yield Finding(
            check="key-has-condition",
            severity=Severity.ERROR,
            where=str(use.when.at),
            message=f"{decision.inherited_from} is decided by a condition of its row, which {decision.ref}, referring to it, "
            "cannot know: rows would no longer find each other",
            remedy=f"decide {decision.inherited_from} without when, the same for all rows",
        )
    if decision.inherited_from is not None and isinstance(use, MaskUse) and use.by:
        yield Finding(
            check="key-mask-reads-columns",
            severity=Severity.ERROR,
            where=str(use.at),
            message=f"{decision.inherited_from} is masked by {', '.join(use.by)}, which {decision.ref}, "
            "referring to it, does not have",
            remedy=f"choose a mask for {decision.inherited_from} that reads its own value only",
        )


def spell(decision: Decision) -> str:
    """A decision as a message names it."""
    match decision:
        case Keep():
            return "kept"
        case MaskUse(mask=mask, domain=domain, each=each):
            return f"masked {'element by element ' if each else ''}by {mask}" + (
                f" in domain {domain}" if domain != mask else ""
            )
        case DocumentPaths(part=part):
            return f"decided by {part}"
        case Choice(chosen=chosen, otherwise=otherwise):
            return f"{spell(chosen)} where its condition is true, and otherwise {spell(otherwise)}"


def same_decision(one: Decision, other: Decision, registry: Registry) -> bool:
    """Would both give every value the same stand-in? Reasons and places do not matter."""
    if isinstance(one, Keep) or isinstance(other, Keep):
        return isinstance(one, Keep) and isinstance(other, Keep)
    if isinstance(one, MaskUse) and isinstance(other, MaskUse):
        return _substance(one, registry) == _substance(other, registry)
    if isinstance(one, DocumentPaths) and isinstance(other, DocumentPaths):
        return (
            (one.unknown, one.writing, one.namespaces) == (other.unknown, other.writing, other.namespaces)
            and one.paths.keys() == other.paths.keys()
            and (one.writing != "xml" or [*one.paths] == [*other.paths])  # the first of equals decides
            and all(same_decision(one.paths[path], other.paths[path], registry) for path in one.paths)
        )
    if isinstance(one, Choice) and isinstance(other, Choice):
        return (
            one.when.text == other.when.text
            and same_decision(one.chosen, other.chosen, registry)
            and same_decision(one.otherwise, other.otherwise, registry)
        )
    return False


def _substance(use: MaskUse, registry: Registry) -> tuple[object, ...]:
    mask = registry.get(use.mask)
    options: object = dict(use.options)
    canonical = use.canonical
    if mask is not None:
        canonical = mask.canonical if canonical is None else canonical
        with suppress(ValidationError):  # compiling reports it, with its place
            options = mask.options.model_validate(options)
    return (use.mask, use.domain, options, canonical, use.by, use.each)
