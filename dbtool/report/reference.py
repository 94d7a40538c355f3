"""The masks' metadata → docs/masks.md."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from pydantic import TypeAdapter

from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.masking.mask import Mask, MaskContext, Options
from dbtool.masking.masks import MASKS
from dbtool.report.type_matrix import choices, read_example
from dbtool.rules.model import PythonModules

_DOCUMENTATION_KEY = ProjectKey(b"the key of the documentation, no more")
_INTRODUCTION = """\
# Masks

<!-- Written from the masks themselves by: python -m dbtool.report.reference > docs/masks.md -->

A mask turns a column's values into stand-ins. The same value gets the same stand-in in every table of its
domain, every night, in every database masked with the same key. Without `domain:` a column is in the domain
named after its mask. NULL stays NULL, and an empty text stays empty: nobody is in it.

**Unique** says whether two different values can meet in one stand-in. *injective*: never. *collision-free in
practice*: the stand-in holds at least 64 bits of digest, so a million values collide with odds of 1 in 37
million. *lossy*: they do; such a mask is refused under a unique index. **Overlap** says whether a stand-in can
be somebody's real value. *disjoint*: no, and verification tolerates not one. *chance*: yes, and verification
judges how often. *not read*: the value never leaves the source.

The examples' words are from Faker {faker}; another version may have others.
"""


def render_masks_reference() -> str:
    """The whole of docs/masks.md."""
    introduction = _INTRODUCTION.replace("{faker}", version("faker"))
    sections = [introduction, _render_overview(), *(_render_mask(mask) for mask in MASKS.values())]
    return "\n".join(sections)


def _render_overview() -> str:
    head = ["| mask | makes | unique | overlap |", "|---|---|---|---|"]
    rows = (
        f"| [{mask.name}](#{mask.name}) | {mask.summary.partition('.')[0].partition(':')[0]} "
        f"| {mask.uniqueness} | {mask.overlap} |"
        for mask in MASKS.values()
    )
    return "\n".join([*head, *rows, ""])


def _render_mask(mask: Mask) -> str:
    return "\n".join(
        [f"## {mask.name}", "", mask.summary, "", *_render_facts(mask), "", *_render_example(mask)]
    )


def _render_facts(mask: Mask) -> Iterator[str]:
    yield f"- **Types:** {', '.join(sorted(mask.types)) or 'every type'}"
    yield f"- **Unique:** {mask.uniqueness}{_note(mask, 'uniqueness')}"
    yield f"- **Overlap:** {mask.overlap}{_note(mask, 'overlap')}"
    if mask.canonical:
        yield f"- **Canonical:** {', '.join(mask.canonical)}, unless the domain says otherwise"
    if mask.makes_null:
        yield "- **Not for** columns that are NOT NULL"
    for name, described in _describe_options(mask.options).items():
        yield f"- **`{name}`** ({described['type']}; default {described['default']}): {described['description']}"


def _note(mask: Mask, fact: str) -> str:
    """What options make of a promise, found by asking for each that has a choice of values."""
    found = []
    fields = mask.options.model_fields
    required = {
        name: value
        for name, value in read_example(mask).items()
        if name in fields and fields[name].is_required()
    }
    for option, value in choices(mask.options):
        promise = mask.promise(
            mask.options.model_validate({**required, option: value}),
            _context(mask.example.column_type, mask),
        )
        if (changed := getattr(promise, fact)) != getattr(mask, fact):
            found.append(f"`{option}: {value}` {changed}")
    return f"; {', '.join(found)}" if found else ""


def _describe_options(options: type[Options]) -> dict[str, dict[str, str]]:
    properties = options.model_json_schema().get("properties", {})
    return {name: _describe_option(schema) for name, schema in properties.items()}


def _describe_option(schema: Mapping[str, Any]) -> dict[str, str]:
    default = "none, it is required" if "default" not in schema else _spell(schema["default"])
    kinds = [_describe_type(kind) for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    return {"type": " or ".join(kinds), "default": default, "description": schema["description"]}


def _describe_type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(schema["enum"])
    if schema["type"] != "array":
        return _bounded(
            {"string": "text", "boolean": "true or false", "object": "mapping"}.get(
                schema["type"], schema["type"]
            ),
            schema,
        )
    return "two integers" if "prefixItems" in schema else f"list of {schema['items']['type']}"


def _bounded(kind: str, schema: Mapping[str, Any]) -> str:
    lowest, highest = schema.get("minimum"), schema.get("maximum")
    if lowest is None:
        return kind
    return f"{kind} from {lowest} to {highest}" if highest is not None else f"{kind} from {lowest}"


def _spell(value: Any) -> str:
    if value is None or value == "":
        return "none"
    return f"`{TypeAdapter(Any).dump_json(value).decode().strip(chr(34))}`"


def _render_example(mask: Mask) -> Iterator[str]:
    yield from ("```yaml", mask.example.rule, "```", "")
    for name, text in mask.example.files.items():
        yield from (f"With `{name}` beside the rule file:", "", "```", *text.splitlines(), "```", "")
    if mask.expression is not None:
        yield from ("The source evaluates it, and the original stays there.", "")
        return
    yield from (
        f"In a column of type {mask.example.column_type}:",
        "",
    )
    yield from ("| value | stand-in |", "|---|---|")
    for value, output in zip(mask.example.inputs, run_example(mask), strict=True):
        yield f"| {_show(value)} | {_show(output)} |"
    yield ""


def _show(value: str | None) -> str:
    return "NULL" if value is None else f"`{value}`"


def run_example(mask: Mask) -> list[str | None]:
    """The stand-ins of the example's inputs, under a key that is no secret."""
    rule = read_example(mask)
    by = tuple(filter(None, [rule.pop("by", None)]))
    with TemporaryDirectory() as folder:
        for name, text in mask.example.files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        modules = PythonModules(Path(folder), tuple(Path(name).stem for name in mask.example.files))
        context = replace(_context(mask.example.column_type, mask, by), folder=Path(folder), modules=modules)
        bound = mask.bind(mask.options.model_validate(rule), context)
    frame = pl.DataFrame({name: ["1"] * len(mask.example.inputs) for name in by})
    outputs: list[str | None] = bound(
        pl.Series("value", mask.example.inputs, dtype=pl.String), frame
    ).to_list()
    return outputs


def _context(column_type: str, mask: Mask, by: tuple[str, ...] = ()) -> MaskContext:
    match = re.fullmatch(r"(\w+)(?:\((\d+)\))?", column_type)
    base, length = match.groups() if match else (column_type, None)
    column = ColumnType(column_type, base, length=int(length) if length else None)
    return MaskContext(column, _DOCUMENTATION_KEY.digest_for(mask.name), by=by)


if __name__ == "__main__":
    sys.stdout.write(render_masks_reference())
