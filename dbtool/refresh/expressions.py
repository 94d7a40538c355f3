"""SQL that the rules bring, in a column's place or to tell rows apart: parsed by the source, alone, before anything is
copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from dbtool.catalog.relations import RelationName
from dbtool.errors import RulesInvalid
from dbtool.masking.compile import MaskingPlan, RelationMasks
from dbtool.postgres.fragments import check_condition, check_expression, check_steady
from dbtool.postgres.session import Connection
from dbtool.postgres.side_effects import check_harmless
from dbtool.refresh.ends import Lend
from dbtool.rules.subset_model import SqlText


def check_expressions(lend: Lend, plan: MaskingPlan) -> None:
    """In one relation of each kind whose rows they are of: partitions with the same columns are read alike.

    :raises RulesInvalid: with everything that PostgreSQL cannot read, and its place in the rule file.
    """
    checks = tuple(_checks(plan))
    if not checks:
        return
    problems: dict[str, None] = {}
    with lend() as connection:
        for check in checks:
            try:
                check(connection)
            except RulesInvalid as error:
                problems.update(dict.fromkeys(error.problems))
    if problems:
        raise RulesInvalid(tuple(problems))


def _checks(plan: MaskingPlan) -> Iterator[Callable[[Connection], None]]:
    seen: set[tuple[object, ...]] = set()
    for masks in plan.relations.values():
        shape = (
            masks.relation.ruled_by,
            *((one.name, one.type.sql, one.collation) for one in masks.relation.columns),
        )
        if shape not in seen:
            seen.add(shape)
            yield from _checks_of(masks)


def _checks_of(masks: RelationMasks) -> Iterator[Callable[[Connection], None]]:
    relation, called = masks.relation.name, masks.relation.ruled_by.name
    for condition in masks.conditions:
        yield partial(_check_condition, table=relation, condition=condition, called=called)
    for column in masks.columns:
        if column.expression is not None:
            yield partial(
                _check_expression,
                relation=relation,
                column=column.column,
                expression=column.expression,
                called=called,
            )


def _check_condition(connection: Connection, table: RelationName, condition: SqlText, called: str) -> None:
    """Rows are read again where originals were too many to remember: each must be of the same branch then."""
    check_condition(connection, table, condition, called=called)
    check_steady(connection, table, condition, called=called)


def _check_expression(
    connection: Connection, relation: RelationName, column: str, expression: SqlText, called: str
) -> None:
    check_expression(connection, relation, column, expression, called=called)
    check_harmless(connection, relation, expression, called=called)
