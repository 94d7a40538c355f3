"""Every mask on every type: by which options it serves it, or why it is refused. The same planning as a run's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import Column, ColumnRef, Relation, RelationKind, RelationName
from dbtool.digest import ProjectKey
from dbtool.findings import Finding
from dbtool.masking.bind import quote_literal
from dbtool.masking.compile import plan_masking
from dbtool.masking.mask import Mask, Options
from dbtool.masking.masks import MASKS
from dbtool.report.type_families import FAMILIES, Family, Part
from dbtool.rules.model import (
    ColumnRule,
    Decision,
    DocumentPaths,
    MaskUse,
    PythonModules,
    RuleSet,
    TableRules,
    Writing,
)
from dbtool.rules.nodes import Fields, Problems, parse_document, plain_value
from dbtool.rules.position import Position

_KEY = ProjectKey(b"a key to plan with, of 32 letters")
_TABLE = RelationName("public", "t")
_BY = "b"  # of the masks that cannot do without, every option left as it is
Choice = Mapping[str, Any]
_WITHIN: Mapping[Part, tuple[str, Writing]] = {
    Part.PATH: ("$.v", "json"),
    Part.KEY: ("v", "hstore"),
    Part.XML: ("//v", "xml"),
}


@dataclass(frozen=True, slots=True)
class Served:
    """``options`` are the first of those tried by which the mask serves the type; ``refusals`` those of its example, where
    none does.
    """

    mask: Mask
    family: Family
    options: Choice | None
    refusals: tuple[Finding, ...] = ()


def read_example(mask: Mask) -> dict[str, Any]:
    """The options in an example's one line, less the mask's name."""
    node = parse_document(mask.example.rule, "the example", Problems())
    if not isinstance(node, Fields):
        raise TypeError(f"an example is one rule, and not {mask.example.rule}")
    options: dict[str, Any] = plain_value(node.pairs[0][1])
    return {name: value for name, value in options.items() if name != "mask"}


@cache
def choices(options: type[Options]) -> tuple[tuple[str, str], ...]:
    """Each option that is one of a list of words, with each of the words."""
    return tuple(
        (name, value)
        for name, schema in options.model_json_schema().get("properties", {}).items()
        for choice in (schema, *schema.get("anyOf", ()))
        for value in choice.get("enum", ())
    )


def options_to_try(mask: Mask, family: Family) -> Iterator[Choice]:
    """The example's, none, and each choice alone; where a mask is told what to put, a value of the type."""
    if mask.name == "constant":
        yield {"value": "a" if family.part in _WITHIN else _sample_of(family)}
    elif mask.expression is not None:
        yield {"expression": f"{quote_literal(family.sample)}::text::{family.sql}"}
    else:
        yield _example_of(mask.name)
        yield {}
        yield from ({name: value} for name, value in choices(mask.options))


def _sample_of(family: Family) -> str:
    return family.sample.strip('{"}') if family.part is Part.ELEMENT else family.sample


@cache
def _example_of(mask_name: str) -> Choice:
    return {name: value for name, value in read_example(MASKS[mask_name]).items() if name != "by"}


def decide_by(mask: Mask, family: Family, options: Choice, at: Position) -> Decision:
    by = (_BY,) if mask.needs_by else ()
    use = MaskUse(mask.name, mask.name, at, options, by=by, each=family.part is Part.ELEMENT)
    if family.part is Part.WHOLE or use.each:
        return use
    path, writing = _WITHIN[family.part]
    return DocumentPaths({path: use}, "keep", at, writing)


@contextmanager
def project_of_examples() -> Iterator[tuple[Position, PythonModules]]:
    """A folder with the files that the masks' examples name."""
    with TemporaryDirectory() as folder:
        files = {name: text for mask in MASKS.values() for name, text in mask.example.files.items()}
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        modules = tuple(Path(name).stem for name in files if name.endswith(".py"))
        yield Position(str(Path(folder) / "rules.yaml"), 1, 1), PythonModules(Path(folder), modules)


def build_matrix() -> tuple[Served, ...]:
    """All masks on all families."""
    with project_of_examples() as (at, modules):
        return tuple(one for family in FAMILIES for one in _serve(family, at, modules))


def _serve(family: Family, at: Position, modules: PythonModules) -> Iterator[Served]:
    """One column for each way to use a mask, all planned at once. Each rule has a line of its own, which tells it apart."""
    tried = [(mask, options) for mask in MASKS.values() for options in options_to_try(mask, family)]
    decisions = {
        f"c{number}": decide_by(mask, family, options, Position(at.file, number + 1, 1))
        for number, (mask, options) in enumerate(tried)
    }
    refusals = _refusals(family, decisions, modules)
    for mask in MASKS.values():
        own = [
            (options, refusals[f"c{number}"]) for number, (one, options) in enumerate(tried) if one is mask
        ]
        fitting = next((options for options, refused in own if not refused), None)
        yield Served(mask, family, fitting, () if fitting is not None else own[0][1])


def _refusals(
    family: Family, decisions: Mapping[str, Decision], modules: PythonModules
) -> dict[str, tuple[Finding, ...]]:
    relation = Relation(_TABLE, RelationKind.TABLE, tuple(Column(name, family.type) for name in decisions))
    rules = tuple(ColumnRule((name,), decision, decision.at) for name, decision in decisions.items())
    table = TableRules(_TABLE, rules, rules[0].at)
    plan = plan_masking(
        build_catalog(180000, [relation]), RuleSet({_TABLE: table}, modules=modules), _KEY, MASKS
    )
    by_place: dict[str, list[Finding]] = defaultdict(list)
    for finding in plan.errors:
        by_place[finding.where].append(finding)
    return {
        name: (*by_place[str(ColumnRef(_TABLE, name))], *by_place[str(decision.at)])
        for name, decision in decisions.items()
    }
