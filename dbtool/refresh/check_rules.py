"""Do the rules fit a database, and every subset that they describe? The catalog is read, and a few rows where a CHECK's text
does not tell whether stand-ins satisfy it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from secrets import token_bytes

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.catalog.without import without
from dbtool.digest import ProjectKey
from dbtool.errors import RulesInvalid
from dbtool.findings import Finding
from dbtool.masking.accepted import find_gone, judge_kept
from dbtool.masking.compile import MaskingPlan, plan_masking
from dbtool.masking.masks import MASKS
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import Connection, connect
from dbtool.refresh.ends import Lend, naming, reaching_again
from dbtool.refresh.expressions import check_expressions
from dbtool.refresh.skipped import skipped_tables
from dbtool.refresh.subset_fit import look_at_subset
from dbtool.refresh.tried_on_source import try_on_source
from dbtool.rules.model import RuleSet
from dbtool.rules.profiles import choose_subset
from dbtool.rules.subset_model import SubsetRules
from dbtool.targets import Target


@dataclass(frozen=True, slots=True)
class _Asked:
    """``profile`` is told of where it is not the only one asked for."""

    subset: SubsetRules | None
    profile: str | None = None


def check_rules(
    source: Target, rules: RuleSet, profile: str | None = None
) -> tuple[MaskingPlan, tuple[Finding, ...]]:
    """The plan by which the source would be masked, and everything that is to be said of it and of the subsets: of that of
    ``profile``, or without one of the rules' own and those of all profiles.

    Masks are bound with a key of the moment: nothing is masked, and what a mask may do does not depend on it.

    :raises UsageError: there is no such profile.
    :raises RulesInvalid: an expression or a condition that PostgreSQL cannot read; with those of all subsets.
    """
    asked = _asked(rules, profile)
    with naming(source):
        connection = connect(source.url(), read_only=True)
    with connection:
        catalog = read_catalog(connection)
        of_subsets = tuple(_look_at_all(connection, catalog, rules, asked))
    skipped = _skipped_by_all(asked)
    key, copied = ProjectKey(token_bytes(32)), without(catalog, skipped)
    plan = plan_masking(copied, rules, key, MASKS, skipped=skipped)
    with reaching_again(source) as lend:
        _check_expressions(lend, plan)
        tried = try_on_source(lend, plan)
    of_lock = (
        *judge_kept(copied, plan.coverage, rules.lock, source),
        *find_gone(copied, plan.coverage, rules.lock, skipped),
    )
    return plan, (*tried, *of_lock, *of_subsets)


def _check_expressions(lend: Lend, plan: MaskingPlan) -> None:
    """:raises RulesInvalid: with what else is wrong, so that all is told at once; but for the rules that are missing."""
    try:
        check_expressions(lend, plan)
    except RulesInvalid as error:
        others = (one for one in plan.errors if one.check != "column-not-covered")
        raise RulesInvalid([*error.problems, *(f"{one.where}: {one.message}" for one in others)]) from None


def _asked(rules: RuleSet, profile: str | None) -> tuple[_Asked, ...]:
    if profile is not None:
        return (_Asked(choose_subset(rules, profile)),)
    return (_Asked(rules.subset), *(_Asked(subset, name) for name, subset in rules.profiles.items()))


def skipped_by_all(rules: RuleSet) -> frozenset[RelationName]:
    """The tables that neither the rules' own subset nor any profile copies."""
    return _skipped_by_all(_asked(rules, None))


def _skipped_by_all(asked: tuple[_Asked, ...]) -> frozenset[RelationName]:
    """What one of the subsets copies needs its rules."""
    return frozenset.intersection(*(frozenset(skipped_tables(one.subset)) for one in asked))


def _look_at_all(
    connection: Connection, catalog: Catalog, rules: RuleSet, asked: tuple[_Asked, ...]
) -> Iterator[Finding]:
    """What several subsets have in common is said once, of the first."""
    problems: dict[str, None] = {}
    told: set[Finding] = set()
    for one in asked:
        if one.subset is None:
            continue
        try:
            findings = look_at_subset(connection, catalog, rules, one.subset)
        except RulesInvalid as error:
            problems.update(dict.fromkeys(error.problems))
            continue
        yield from (_naming(one.profile, finding) for finding in findings if finding not in told)
        told.update(findings)
    if problems:
        raise RulesInvalid(tuple(problems))


def _naming(profile: str | None, finding: Finding) -> Finding:
    return finding if profile is None else replace(finding, message=f"profile {profile}: {finding.message}")
