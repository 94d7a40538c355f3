"""Which mask serves which type → docs/types.md."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby

from dbtool.report.type_families import Part
from dbtool.report.type_matrix import Served, build_matrix, read_example

_INTRODUCTION = """\
# Types and masks

<!-- Written from the masks themselves by: python -m dbtool.report.types > docs/types.md -->

Every [mask](masks.md) on every type that a column can have: the pair works, or it is refused before anything is copied, with
what to do instead. A test loads all pairs that work into a real server, from PostgreSQL 15 to 18, and sees the others refused.

{everywhere} serve every type of column. They are left out below. Elements of arrays are masked by `each`, values within
documents, of JSON or XML, by path and within hstore by key ([rules](rules.md)). What is behind a mask's name is the option that
it needs there.
A mask is there for a limited type where nothing that it makes is longer; with options such as `max_length` or `name: false` more
of them fit. Where a domain has a CHECK the mask must satisfy it, and the ones listed are those for the example
`{check}`; what is not simple is tried on a sample of the rows ([rules](rules.md#checks)).
"""
Spelt = dict[str, str]  # masks by name, each with the options that it needs
_MANY = 20  # masks, from which on a list is told by how it differs from that of text


def render_types_page(matrix: Sequence[Served]) -> str:
    """The whole of docs/types.md."""
    everywhere = _serving_all(matrix)
    check = next(one.family.type.domain_checks[0] for one in matrix if one.family.type.domain_checks)
    introduction = _INTRODUCTION.replace("{everywhere}", _listed(f"`{name}`" for name in everywhere))
    rows = _render_rows(list(_rows(matrix, set(everywhere))))
    return "\n".join([introduction.replace("{check}", check), "| column | masks |", "|---|---|", *rows, ""])


def _serving_all(matrix: Sequence[Served]) -> list[str]:
    refused = {one.mask.name for one in matrix if one.options is None and one.family.part is Part.WHOLE}
    return sorted({one.mask.name for one in matrix} - refused)


def _rows(matrix: Sequence[Served], everywhere: set[str]) -> Iterator[tuple[str, Spelt]]:
    """Label, and the masks as they are spelt there."""
    for label, group in groupby(matrix, key=lambda one: one.family.label):
        yield (
            label,
            {
                one.mask.name: _spell(one)
                for one in group
                if one.options is not None
                and (one.family.part is not Part.WHOLE or one.mask.name not in everywhere)
            },
        )


def _spell(served: Served) -> str:
    """With the option that its example does without."""
    more = (served.options or {}).keys() - read_example(served.mask).keys()
    return f"{served.mask.name} (`{'`, `'.join(sorted(more))}`)" if more else served.mask.name


def _render_rows(rows: Sequence[tuple[str, Spelt]]) -> Iterator[str]:
    """Types with the same masks share a row; the first is that of text."""
    texts = rows[0][1]
    for served, group in groupby(rows, key=lambda row: row[1]):
        labels = ", ".join(_spell_label(label) for label, _ in group)
        told = (
            ", ".join(served.values()) if len(served) <= _MANY or served is texts else _differ(served, texts)
        )
        yield f"| {labels} | {told or 'none of them'} |"


def _spell_label(label: str) -> str:
    return label if label.startswith(("a ", "an ", "each ")) else f"`{label}`"


def _differ(served: Spelt, texts: Spelt) -> str:
    less = [mask for mask in texts if mask not in served]
    more = [spelt for mask, spelt in served.items() if texts.get(mask) != spelt]
    told = "as `text`"
    if less:
        told += f", but for {', '.join(less)}"
    return f"{told}; and {', '.join(more)}" if more else told


def _listed(names: Iterator[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}"


if __name__ == "__main__":
    sys.stdout.write(render_types_page(build_matrix()))
