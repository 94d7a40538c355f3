"""The JSON Schema (draft 2020-12) of a rule file, for editors: completion, descriptions, and most of what is wrong.

What a schema cannot say, such as which domain a name means or that a reason is no blank, is left to the reader. ``if`` and
``then`` stand where ``oneOf`` would do, since editors then complain of the option, and not of every mask that it is no use of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dbtool.rules.decisions import CANONICAL_STEPS
from dbtool.rules.loader import DEFAULT_LOCALE, LOCALE
from dbtool.rules.subset import EVERYTHING

JsonSchema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DEFINED = "#/$defs/"


@dataclass(frozen=True, slots=True)
class MaskShape:
    """``options`` is the JSON Schema of the options' model."""

    summary: str
    options: Mapping[str, Any]


def build_schema(masks: Mapping[str, MaskShape]) -> JsonSchema:
    return {
        "$schema": DIALECT,
        "title": "dbtool masking rules",
        **_object(
            {
                "version": _described({"const": 1}, "the version of rule files; this dbtool reads 1"),
                "include": _described(_one_or_more(_TEXT), "further rule files, relative to this one"),
                "defaults": _object({"locale": _locale()}),
                "domains": _described(
                    _mapping(_ref("domain")),
                    "columns that mean the same share their stand-ins: a mask with its options, for all of them",
                ),
                "relations": _described(
                    {"type": "array", "items": _ref("relation")},
                    "references that the catalog cannot see",
                ),
                "subset": _ref("subset"),
                "tables": _described(
                    _mapping(_described(_mapping(_ref("decision")), "columns, each with its decision")),
                    "schema.table, as SQL spells it, with the decision of each of its columns",
                ),
                "profiles": _described(
                    _mapping(_object({"subset": _ref("subset")}, required=["subset"])),
                    "subsets by name, each changing what subset says",
                ),
            },
            required=["version"],
        ),
        "$defs": {
            **_decisions(masks),
            **_relations(),
            **_subset(),
            **{f"mask {name}": _mask_use(name, shape) for name, shape in masks.items()},
            **_option_types(masks.values()),
        },
    }


# ── Words ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_TEXT: JsonSchema = {
    "type": ["string", "number", "boolean"],
    "minLength": 1,
}  # YAML's 2024 is a text to the reader
_COUNT: JsonSchema = {"type": "integer", "minimum": 1}


def _ref(name: str) -> JsonSchema:
    return {"$ref": _DEFINED + name.replace(" ", "%20")}


def _described(schema: Mapping[str, Any], description: str) -> JsonSchema:
    return {**schema, "description": description}


def _object(properties: Mapping[str, Any], required: Iterable[str] = ()) -> JsonSchema:
    made = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**made, "required": list(required)} if required else made


def _mapping(values: Mapping[str, Any]) -> JsonSchema:
    return {"type": "object", "additionalProperties": dict(values)}


def _one_or_more(schema: Mapping[str, Any]) -> JsonSchema:
    return {"anyOf": [dict(schema), {"type": "array", "items": dict(schema), "minItems": 1}]}


def _words(**meanings: str) -> JsonSchema:
    return {"oneOf": [{"const": word, "description": meaning} for word, meaning in meanings.items()]}


def _locale() -> JsonSchema:
    said = f"Faker's name of the locale of invented names, streets and postcodes; {DEFAULT_LOCALE} without it"
    return {
        "type": "string",
        "pattern": f"^{LOCALE.pattern.removesuffix(chr(92) + 'Z')}$",
        "description": said,
    }


# ── Decisions ─────────────────────────────────────────────────────────────────────────────────────────────────────

_REASON = _described(_TEXT, "copied as it is; the reason is for whoever reviews this file")
_CANONICAL = _described(
    _one_or_more({"enum": list(CANONICAL_STEPS)}) | {"default": []},
    "what is done to a value before its stand-in is chosen, so that one person with two spellings stays one",
)
_CANONICAL["anyOf"][1].pop("minItems")  # canonical: [] says that none is done
_BY = _described(_one_or_more(_TEXT), "columns whose values the mask reads beside its own")
_DOMAIN = _described(_TEXT, "columns of one domain share their stand-ins; without it, the mask's own name")


def _decisions(masks: Mapping[str, MaskShape]) -> dict[str, JsonSchema]:
    uses = [_when({"mask": _constant(name)}, _ref(f"mask {name}")) for name in masks]
    named: JsonSchema = {
        "type": "object",
        "properties": {"mask": _mask_name(masks)},
        "required": ["mask"],
        "allOf": uses,
    }
    by_domain = _object({"domain": _DOMAIN, "by": _BY}, required=["domain"])
    kinds = {
        "keep": _object({"keep": _REASON}),
        "json": _ref("documents"),
        "hstore": _ref("hstores"),
        "each": _object({"each": _described(_ref("element"), "what becomes of every element of an array")}),
        "mask": _ref("mask use"),
    }
    return {
        "mask use": named,
        "domain": {**_ref("mask use"), "not": {"anyOf": [{"required": [key]} for key in ("domain", "by")]}},
        "documents": _within("json", 'decisions by path, such as "$.contacts[*].phone"', {"pattern": r"^\$"}),
        "hstores": _within("hstore", "decisions by key; * is every key that is not named", True),
        "path": {
            "anyOf": [{"const": "keep"}, {"type": "object"}],
            **_choosing({**kinds, "json": False, "hstore": False, "each": False}, by_domain),
        },
        "element": {"type": "object", **_choosing({"mask": _ref("mask use")}, by_domain)},
        "decision": {"type": "object", **_choosing(kinds, by_domain)},
    }


def _choosing(kinds: Mapping[str, Any], by_domain: JsonSchema) -> JsonSchema:
    """What stands there says what else may."""
    rules = [{"if": {"type": "object", "required": [kind]}, "then": schema} for kind, schema in kinds.items()]
    domain_alone = {"type": "object", "required": ["domain"], "not": {"required": ["mask"]}}
    known = {"type": "object", "not": {"anyOf": [{"required": [kind]} for kind in (*kinds, "domain")]}}
    return {
        "properties": {
            **{kind: True for kind in kinds if kinds[kind] is not False},
            "domain": _DOMAIN,
        },
        "allOf": [*rules, {"if": domain_alone, "then": by_domain}, {"not": known}],
    }


def _constant(name: str) -> JsonSchema:
    """A bare null is the mask of that name: YAML has another word for it than JSON."""
    return {"enum": [name, None]} if name == "null" else {"const": name}


def _mask_name(masks: Mapping[str, MaskShape]) -> JsonSchema:
    return {"oneOf": [_described(_constant(name), shape.summary) for name, shape in masks.items()]}


def _when(properties: JsonSchema, then: JsonSchema) -> JsonSchema:
    return {"if": {"properties": properties, "required": list(properties)}, "then": then}


def _mask_use(name: str, shape: MaskShape) -> JsonSchema:
    """The mask's own options beside those that every use has; ``canonical`` and options are a domain's, where it is defined."""
    beside = {"mask": _constant(name), "domain": _DOMAIN, "canonical": _CANONICAL, "by": _BY}
    options = {key: _tidy(one) for key, one in shape.options.get("properties", {}).items()}
    use = _described(_object({**beside, **options}, required=["mask"]), shape.summary)
    return use | _needing(shape.options.get("required", ()))


def _needing(options: Iterable[str]) -> JsonSchema:
    """In a domain that is defined elsewhere the options stand there."""
    names = list(options)
    return {"if": {"not": {"required": ["domain"]}}, "then": {"required": names}} if names else {}


def _tidy(schema: Any) -> Any:
    """Without the titles that pydantic makes of Python's names."""
    if isinstance(schema, Mapping):
        return {key: _tidy(value) for key, value in schema.items() if not _is_title(key, value)}
    return [_tidy(one) for one in schema] if isinstance(schema, list) else schema


def _is_title(key: str, value: Any) -> bool:
    return key == "title" and isinstance(value, str)


def _option_types(shapes: Iterable[MaskShape]) -> dict[str, Any]:
    return {name: _tidy(one) for shape in shapes for name, one in shape.options.get("$defs", {}).items()}


def _within(word: str, description: str, names: JsonSchema | bool) -> JsonSchema:
    unknown = _words(
        error="a value without a decision stops the run", drop="it is left out", keep="it is copied"
    )
    decisions = {
        "type": "object",
        "propertyNames": names,
        "additionalProperties": _ref("path"),
        "description": description,
    }
    return _object({word: decisions, "unknown": _described(unknown, "what a value without a decision means")})


# ── Relations and subsets ─────────────────────────────────────────────────────────────────────────────────────────

_COLUMNS = _described(_one_or_more(_TEXT), "schema.table.column, or a list of such of one table")


def _relations() -> dict[str, JsonSchema]:
    types = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"anyOf": [_one_or_more(_TEXT), {"type": "null"}]},
        "description": "the type column's text, and the column that it leads to; null: to nothing that is here",
    }
    by = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": types,
        "description": "the column that says which table is meant",
    }
    relation = _object({"from": _COLUMNS, "to": _COLUMNS, "by": by}, required=["from"])
    return {"relation": {**relation, "oneOf": [{"required": ["to"]}, {"required": ["by"]}]}}


def _subset() -> dict[str, JsonSchema]:
    policies = _words(
        all="every row, and what these refer to", empty="the table without rows", skip="no such table"
    )
    referenced = _words(nullify="it becomes NULL where the row stays out", pull="the row comes along")
    parts = _object(
        {
            "roots": _described(
                {"type": "array", "items": _ref("root"), "minItems": 1},
                "the rows that the subset begins with",
            ),
            "referencing": _object({"default": _ref("follow"), "edges": _mapping(_ref("follow"))})
            | {"description": "how many rows follow those that they refer to"},
            "referenced": _described(_mapping(referenced), "schema.table.column, and what of its reference"),
            "tables": _described(_mapping(policies), "tables that are settled as a whole"),
        }
    )
    whole = {"const": EVERYTHING, "description": "every row of every table"}
    return {"subset": {"anyOf": [parts, whole]}, "root": _root(), "follow": _follow()}


def _root() -> JsonSchema:
    value = {"type": ["string", "number", "boolean"]}
    choosing = {
        "percent": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 100,
            "description": "about so many of them",
        },
        "where": _described(_TEXT, "a condition in SQL on the table's columns"),
        "ids": {
            "type": "array",
            "minItems": 1,
            "items": {"anyOf": [value, {"type": "array", "items": value, "minItems": 1}]},
            "description": "the rows with these keys; lists where the key has several columns",
        },
        "limit": _described(_COUNT, "at most so many of them"),
    }
    root = _object(
        {"table": _described(_TEXT, "schema.table"), **choosing, "order": _ORDER}, required=["table"]
    )
    beside_ids = [{"required": [key]} for key in ("percent", "where", "limit", "order")]
    return {
        **root,
        "anyOf": [{"required": [key]} for key in choosing],
        "dependentRequired": {"order": ["limit"]},
        "dependentSchemas": {
            "ids": {"not": {"anyOf": beside_ids}},
            "percent": {"not": {"required": ["order"]}},
        },
    }


_ORDER = _described(
    _one_or_more(_TEXT), "which rows come first: columns, each with asc or desc, nulls first or last"
)


def _follow() -> JsonSchema:
    words = _words(
        all="every row that refers to a followed one",
        none="none of them",
        always="those too that refer to a row that was only pulled in",
    )
    cap = _object(
        {
            "max_per_row": _described(_COUNT, "how many rows may follow each"),
            "order": _ORDER,
            "always": {"type": "boolean", "description": "do rows follow any chosen row, followed or not?"},
        },
        required=["max_per_row"],
    )
    return {"anyOf": [words, cap]}
