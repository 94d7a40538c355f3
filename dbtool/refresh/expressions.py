"""SQL that the rules bring in a column's place: parsed by the source, alone, before anything is copied."""

from __future__ import annotations

from dbtool.errors import RulesInvalid
from dbtool.masking.compile import MaskingPlan
from dbtool.postgres.fragments import check_expression
from dbtool.postgres.session import connect
from dbtool.refresh.ends import naming
from dbtool.targets import Target


def check_expressions(source: Target, plan: MaskingPlan) -> None:
    """In every relation whose rows they replace: a partition's columns have other numbers than its root's.

    :raises RulesInvalid: with everything that PostgreSQL cannot read, and its place in the rule file.
    """
    found = [
        (relation, column.column, column.expression)
        for relation, masks in plan.relations.items()
        for column in masks.columns
        if column.expression is not None
    ]
    if not found:
        return
    with naming(source):
        connection = connect(source.url(), application_name="dbtool preflight", read_only=True)
    problems: dict[str, None] = {}
    with connection:
        for relation, column, expression in found:
            try:
                check_expression(connection, relation, column, expression)
            except RulesInvalid as error:
                problems.update(dict.fromkeys(error.problems))
    if problems:
        raise RulesInvalid(tuple(problems))
