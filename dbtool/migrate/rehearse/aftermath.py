"""What is looked at once the last revision has run on the clone. Pure: the clone was asked before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import ColumnRef
from dbtool.catalog.without import without
from dbtool.findings import Finding, Severity
from dbtool.locks.pasting import execute, in_autocommit, paste
from dbtool.masking.accepted import describe_change, find_kept
from dbtool.masking.coverage import decide
from dbtool.masking.mask import Registry
from dbtool.masking.missing import render_missing_rules
from dbtool.postgres.unfinished import Unfinished
from dbtool.refresh.skipped import skipped_tables
from dbtool.rules.lockfile import KeptColumn
from dbtool.rules.model import RuleSet


@dataclass(frozen=True, slots=True)
class State:
    """The clone at one moment."""

    catalog: Catalog
    unfinished: tuple[Unfinished, ...]
    heads: tuple[str, ...]


def judge_heads(after: State, expected: Sequence[str], version_table: str = "") -> Iterator[Finding]:
    """``version_table`` is where env.py keeps the revision, as far as it is known."""
    if not after.heads and version_table not in {"", "alembic_version"}:
        yield Finding(
            "heads-differ",
            Severity.ERROR,
            "env.py",
            f"env.py keeps the revision in {version_table}, where nobody looks for it",
            f'say so in dbtool.toml: [project.alembic] version_table = "{version_table}"',
        )
    elif set(after.heads) != set(expected):
        yield Finding(
            "heads-differ",
            Severity.ERROR,
            "alembic_version",
            f"after the last revision the clone is at {', '.join(after.heads) or 'no revision'} and not at "
            f"{', '.join(expected)}: a revision wrote Alembic's table itself, or env.py ended early",
            "let Alembic alone stamp versions",
        )


def judge_unfinished(before: State, after: State) -> Iterator[Finding]:
    """What these revisions left, not what was there before."""
    for one in after.unfinished:
        if one in before.unfinished:
            continue
        if one.kind == "index":
            yield Finding(
                "index-invalid",
                Severity.ERROR,
                one.name,
                f"the index on {one.relation} is INVALID: its concurrent build did not succeed, and it costs every write "
                "without serving a read",
                paste(
                    [
                        *in_autocommit([execute(f"DROP INDEX CONCURRENTLY {one.name}")]),
                        "# settle what made the build fail, then build it again",
                    ]
                ),
            )
        elif one.kind == "partitioned index":
            yield Finding(
                "index-invalid",
                Severity.WARNING,
                one.name,
                f"the index of the partitioned table {one.relation} is INVALID: not every partition has its part of it yet",
                f"# for each partition that lacks it:\n{execute(f'ALTER INDEX {one.name} ATTACH PARTITION …')}",
            )
        else:
            yield Finding(
                "constraint-not-valid",
                Severity.WARNING,
                f"{one.relation}: {one.name}",
                "the constraint is left NOT VALID: it holds for new rows only, and the planner does not rely on it",
                "# in a later revision, which locks out nobody:\n"
                + execute(f"ALTER TABLE {one.relation} VALIDATE CONSTRAINT {one.name}"),
            )


def judge_new_columns(before: State, after: State, rules: RuleSet, registry: Registry) -> Iterator[Finding]:
    """A column that nobody decided would stop the next refresh; one that somebody masks by oversight would not. Tables that the
    rules' subset skips are not copied, and need no decision.
    """
    known, skipped = _columns(before.catalog), skipped_tables(rules.subset)
    coverage = decide(without(after.catalog, skipped), rules, registry, skipped)
    missing = [rule for rule in coverage.missing if rule.column not in known]
    for rule in missing:
        yield Finding(
            "column-without-rule",
            Severity.ERROR,
            str(rule.column),
            f"the new column {rule.column} ({rule.type}) has no masking rule: the next refresh would refuse to copy anything",
            render_missing_rules([rule]),
        )


def judge_kept_columns(before: State, after: State, rules: RuleSet, registry: Registry) -> Iterator[Finding]:
    """A column that will leave unmasked as nobody has accepted it would stop the next refresh. The line may stand beside that of
    the older type while the release is under way.
    """
    lock = rules.lock
    if lock is None:
        return
    for one in find_unaccepted(before, after, rules, registry):
        told = describe_change(one, lock) if lock.of(one.column) else f"{one.column} ({one.type}) is kept"
        yield Finding(
            "column-not-accepted",
            Severity.ERROR,
            str(one.column),
            f"{told}, and the next refresh would refuse to copy anything",
            f"# add to {lock.file}, or mask the column:\n{one}",
        )


def find_unaccepted(
    before: State, after: State, rules: RuleSet, registry: Registry
) -> tuple[KeptColumn, ...]:
    """What is kept now and was not before, or not so, without a line of the lock; nothing where there is no lock."""
    lock = rules.lock
    if lock is None or lock.accepted is None:
        return ()
    known = {*_kept(before, rules, registry), *lock.accepted}
    return tuple(one for one in _kept(after, rules, registry) if one not in known)


def _kept(state: State, rules: RuleSet, registry: Registry) -> tuple[KeptColumn, ...]:
    skipped = skipped_tables(rules.subset)
    catalog = without(state.catalog, skipped)
    return find_kept(catalog, decide(catalog, rules, registry, skipped))


def judge_model(drift: Collection[str] | None) -> Iterator[Finding]:
    """``drift`` is what `alembic check` would say; None where env.py gives no model."""
    for difference in drift or ():
        yield Finding(
            "model-drift",
            Severity.WARNING,
            "target_metadata",
            f"after the last revision the database still differs from the models: {difference}",
            "write a revision for it (dbtool migrate new --autogenerate), or mend the model",
        )


def _columns(catalog: Catalog) -> frozenset[ColumnRef]:
    return frozenset(
        ColumnRef(relation.name, column.name)
        for relation in catalog.relations.values()
        for column in relation.columns
    )
