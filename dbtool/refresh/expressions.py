"""SQL that the rules bring, in a column's place or to tell rows apart: parsed by the source, alone, before anything is
copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from dbtool.catalog.relations import RelationName
from dbtool.errors import RulesInvalid
from dbtool.masking.compile import MaskingPlan
from dbtool.postgres.fragments import check_condition, check_expression, check_steady
from dbtool.postgres.session import Connection
from dbtool.refresh.ends import reaching
from dbtool.rules.subset_model import SqlText
from dbtool.targets import Target


def check_expressions(source: Target, plan: MaskingPlan) -> None:
    """In every relation whose rows they are of: a partition's columns have other numbers than its root's.

    :raises RulesInvalid: with everything that PostgreSQL cannot read, and its place in the rule file.
    """
    checks = tuple(_checks(plan))
    if not checks:
        return
    problems: dict[str, None] = {}
    with reaching(source) as connection:
        for check in checks:
            try:
                check(connection)
            except RulesInvalid as error:
                problems.update(dict.fromkeys(error.problems))
    if problems:
        raise RulesInvalid(tuple(problems))


def _checks(plan: MaskingPlan) -> Iterator[Callable[[Connection], None]]:
    for relation, masks in plan.relations.items():
        called = masks.relation.ruled_by.name
        for condition in masks.conditions:
            yield partial(_check_condition, table=relation, condition=condition, called=called)
        for column in masks.columns:
            if column.expression is not None:
                yield partial(
                    check_expression,
                    relation=relation,
                    column=column.column,
                    expression=column.expression,
                    called=called,
                )


def _check_condition(connection: Connection, table: RelationName, condition: SqlText, called: str) -> None:
    """Rows are read again where originals were too many to remember: each must be of the same branch then."""
    check_condition(connection, table, condition, called=called)
    check_steady(connection, table, condition, called=called)
