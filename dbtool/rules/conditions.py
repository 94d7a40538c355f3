"""``when`` and ``otherwise``: the condition on the source's row, in SQL, and where the two may not stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from dbtool.rules.fields import Entry, is_empty, shape_of
from dbtool.rules.nodes import Node, Problems, Scalar
from dbtool.rules.subset_model import SqlText

WHEN, OTHERWISE = "when", "otherwise"
Within = Literal["path", "key", "each", "otherwise"]  # what a decision may be a part of

_ELSEWHERE: Mapping[Within, str] = {
    "path": "a condition is of the whole row; write when and otherwise beside json or xml",
    "key": "a condition is of the whole row; write when and otherwise beside hstore",
    "each": "a condition is of the whole row; write when and otherwise beside each",
    "otherwise": "it is for all rows that the first condition is not true of",
}


def refuse_conditions(
    fields: Mapping[str, Entry], what: str, within: Within | None, problems: Problems
) -> bool:
    """Whether there is one where it cannot be, after naming the problem."""
    if within is None:
        return False
    found = [key for key in (WHEN, OTHERWISE) if key in fields]
    for key in found:
        problems.add(fields[key].at, f"{what} cannot have {key}: {_ELSEWHERE[within]}")
    return bool(found)


def read_condition(
    when: Entry | None, otherwise: Entry | None, what: str, problems: Problems
) -> SqlText | None:
    """None after naming the problem: one of the two is missing, or no condition is written."""
    if when is None:
        if otherwise is not None:
            message = f"{what} has otherwise and no when; write for which rows the rest is, as in when: \"country = 'US'\""
            problems.add(otherwise.at, message)
        return None
    if otherwise is None:
        message = (
            f"{what} has when and no otherwise; write what becomes of all other rows, as in otherwise: redact"
        )
        problems.add(when.at, message)
    return read_sql_condition(when.value, f"when of {what}", problems)


def read_sql_condition(node: Node, what: str, problems: Problems) -> SqlText | None:
    """None after naming the problem. Whether it is SQL is the source's to say."""
    if not isinstance(node, Scalar):
        problems.add(node.at, f"{what} must be a condition in SQL, not {shape_of(node)}")
    elif is_empty(node) or not node.text.strip():
        problems.add(
            node.at, f"{what} is empty; write a condition in SQL, or leave {what.split(maxsplit=1)[0]} out"
        )
    else:
        return SqlText(node.text.strip(), node.text_at or node.at)
    return None
