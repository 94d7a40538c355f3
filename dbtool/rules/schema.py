"""The JSON Schema (draft 2020-12) of a rule file, for editors: completion, descriptions, and most of what is wrong.

What a schema cannot say, such as which domain a name means or that a reason is no blank, is left to the reader. ``if`` and
``then`` stand where ``oneOf`` would do, since editors then complain of the option, and not of every mask that it is no use of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dbtool.rules.conditions import OTHERWISE, WHEN
from dbtool.rules.loader import DEFAULT_LOCALE, LOCALE
from dbtool.rules.mask_uses import CANONICAL_STEPS
from dbtool.rules.schema_subset import relation_schemas, subset_schemas
from dbtool.rules.schema_words import (
    TEXT,
    JsonSchema,
    described,
    mapping_of,
    mapping_to,
    one_or_more,
    ref,
    words_of,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class MaskShape:
    """``options`` is the JSON Schema of the options' model."""

    summary: str
    options: Mapping[str, Any]


def build_schema(masks: Mapping[str, MaskShape]) -> JsonSchema:
    return {
        "$schema": DIALECT,
        "title": "dbtool masking rules",
        **mapping_of(
            {
                "version": described({"const": 1}, "the version of rule files; this dbtool reads 1"),
                "include": described(one_or_more(TEXT), "further rule files, relative to this one"),
                "defaults": mapping_of({"locale": _locale()}),
                "domains": described(
                    mapping_to(ref("domain")),
                    "columns that mean the same share their stand-ins: a mask with its options, for all of them",
                ),
                "relations": described(
                    {"type": "array", "items": ref("relation")},
                    "references that the catalog cannot see",
                ),
                "subset": ref("subset"),
                "tables": described(
                    mapping_to(described(mapping_to(ref("decision")), "columns, each with its decision")),
                    "schema.table, as SQL spells it, with the decision of each of its columns",
                ),
                "profiles": described(
                    mapping_to(mapping_of({"subset": ref("subset")}, required=["subset"])),
                    "subsets by name, each changing what subset says",
                ),
            },
            required=["version"],
        ),
        "$defs": {
            **_decisions(masks),
            **relation_schemas(),
            **subset_schemas(),
            **{f"mask {name}": _mask_use(name, shape) for name, shape in masks.items()},
            **_option_types(masks.values()),
        },
    }


def _locale() -> JsonSchema:
    said = f"Faker's name of the locale of invented names, streets and postcodes; {DEFAULT_LOCALE} without it"
    return {
        "type": "string",
        "pattern": f"^{LOCALE.pattern.removesuffix(chr(92) + 'Z')}$",
        "description": said,
    }


_REASON = described(TEXT, "copied as it is; the reason is for whoever reviews this file")
_CANONICAL = described(
    one_or_more({"enum": list(CANONICAL_STEPS)}) | {"default": []},
    "what is done to a value before its stand-in is chosen, so that one person with two spellings stays one",
)
_CANONICAL["anyOf"][1].pop("minItems")  # canonical: [] says that none is done
_BY = described(one_or_more(TEXT), "columns whose values the mask reads beside its own")
_CONDITION = {
    WHEN: described(TEXT, "SQL over the source's row: the rows of which it is true take this decision"),
    OTHERWISE: described(ref("otherwise"), "what all other rows take, those too for which it is NULL"),
}
_WITHOUT_CONDITION = {"not": {"type": "object", "anyOf": [{"required": [key]} for key in _CONDITION]}}
_DOMAIN = described(TEXT, "columns of one domain share their stand-ins; without it, the mask's own name")


def _decisions(masks: Mapping[str, MaskShape]) -> dict[str, JsonSchema]:
    uses = [_when({"mask": _constant(name)}, ref(f"mask {name}")) for name in masks]
    named: JsonSchema = {
        "type": "object",
        "properties": {"mask": _mask_name(masks)},
        "required": ["mask"],
        "allOf": uses,
    }
    by_domain = _conditional({"domain": _DOMAIN, "by": _BY}, required=["domain"])
    kinds = {
        "keep": mapping_of({"keep": _REASON}),
        "json": ref("documents"),
        "hstore": ref("hstores"),
        "xml": ref("xml documents"),
        "each": _conditional(
            {"each": described(ref("element"), "what becomes of every element of an array")}
        ),
        "mask": ref("mask use"),
    }
    return {
        "mask use": named,
        "domain": {
            **ref("mask use"),
            "not": {"anyOf": [{"required": [key]} for key in ("domain", "by", *_CONDITION)]},
        },
        "documents": _within("json", 'decisions by path, such as "$.contacts[*].phone"', {"pattern": r"^\$"}),
        "xml documents": _within(
            "xml",
            "decisions by path, such as /customer/email, //customer/@id or //comment()",
            {"pattern": "^/"},
            {"namespaces": described(mapping_to(TEXT), "prefixes of the paths, each with its namespace")},
        ),
        "hstores": _within("hstore", "decisions by key; * is every key that is not named", True),
        "path": {
            "anyOf": [{"const": "keep"}, {"type": "object"}],
            **_choosing({**kinds, "json": False, "hstore": False, "xml": False, "each": False}, by_domain),
            **_WITHOUT_CONDITION,
        },
        "element": {
            "type": "object",
            **_choosing({"mask": ref("mask use")}, by_domain),
            **_WITHOUT_CONDITION,
        },
        "otherwise": _otherwise(masks),
        "decision": {"type": "object", **_choosing(kinds, by_domain)},
    }


def _otherwise(masks: Mapping[str, MaskShape]) -> JsonSchema:
    """A mask's name, or a decision of any kind."""
    decision = {"allOf": [ref("decision"), _WITHOUT_CONDITION]}
    return {"if": {"type": "object"}, "then": decision, "else": _mask_name(masks)}


def _conditional(properties: Mapping[str, Any], required: Iterable[str] = ()) -> JsonSchema:
    """A decision that some rows may take, and others not."""
    both = {WHEN: [OTHERWISE], OTHERWISE: [WHEN]}
    return mapping_of({**properties, **_CONDITION}, required=list(required)) | {"dependentRequired": both}


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
    return {"oneOf": [described(_constant(name), shape.summary) for name, shape in masks.items()]}


def _when(properties: JsonSchema, then: JsonSchema) -> JsonSchema:
    return {"if": {"properties": properties, "required": list(properties)}, "then": then}


def _mask_use(name: str, shape: MaskShape) -> JsonSchema:
    """The mask's own options beside those that every use has; ``canonical`` and options are a domain's, where it is defined."""
    beside = {"mask": _constant(name), "domain": _DOMAIN, "canonical": _CANONICAL, "by": _BY}
    options = {key: _tidy(one) for key, one in shape.options.get("properties", {}).items()}
    use = described(_conditional({**beside, **options}, required=["mask"]), shape.summary)
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


def _within(
    word: str, description: str, names: JsonSchema | bool, more: Mapping[str, JsonSchema] | None = None
) -> JsonSchema:
    unknown = words_of(
        error="a value without a decision stops the run", drop="it is left out", keep="it is copied"
    )
    decisions = {
        "type": "object",
        "propertyNames": names,
        "additionalProperties": ref("path"),
        "description": description,
    }
    return _conditional(
        {
            word: decisions,
            "unknown": described(unknown, "what a value without a decision means"),
            **(more or {}),
        }
    )
