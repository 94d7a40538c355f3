"""Relations and subsets, as the schema of a rule file has them."""

from __future__ import annotations

from dbtool.rules.schema_words import (
    COUNT,
    TEXT,
    JsonSchema,
    described,
    mapping_of,
    mapping_to,
    one_or_more,
    ref,
    words_of,
)
from dbtool.rules.subset import EVERYTHING

_COLUMNS = described(one_or_more(TEXT), "schema.table.column, or a list of such of one table")


def relation_schemas() -> dict[str, JsonSchema]:
    types = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"anyOf": [one_or_more(TEXT), {"type": "null"}]},
        "description": "the type column's text, and the column that it leads to; null: to nothing that is here",
    }
    by = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": types,
        "description": "the column that says which table is meant",
    }
    relation = mapping_of({"from": _COLUMNS, "to": _COLUMNS, "by": by}, required=["from"])
    return {"relation": {**relation, "oneOf": [{"required": ["to"]}, {"required": ["by"]}]}}


def subset_schemas() -> dict[str, JsonSchema]:
    policies = words_of(
        all="every row, and what these refer to", empty="the table without rows", skip="no such table"
    )
    referenced = words_of(nullify="it becomes NULL where the row stays out", pull="the row comes along")
    parts = mapping_of(
        {
            "roots": described(
                {"type": "array", "items": ref("root"), "minItems": 1},
                "the rows that the subset begins with",
            ),
            "referencing": mapping_of({"default": ref("follow"), "edges": mapping_to(ref("follow"))})
            | {"description": "how many rows follow those that they refer to"},
            "referenced": described(mapping_to(referenced), "schema.table.column, and what of its reference"),
            "tables": described(mapping_to(policies), "tables that are settled as a whole"),
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
        "where": described(TEXT, "a condition in SQL on the table's columns"),
        "ids": {
            "type": "array",
            "minItems": 1,
            "items": {"anyOf": [value, {"type": "array", "items": value, "minItems": 1}]},
            "description": "the rows with these keys; lists where the key has several columns",
        },
        "limit": described(COUNT, "at most so many of them"),
    }
    root = mapping_of(
        {"table": described(TEXT, "schema.table"), **choosing, "order": _ORDER}, required=["table"]
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


_ORDER = described(
    one_or_more(TEXT), "which rows come first: columns, each with asc or desc, nulls first or last"
)


def _follow() -> JsonSchema:
    words = words_of(
        all="every row that refers to a followed one",
        none="none of them",
        always="those too that refer to a row that was only pulled in",
    )
    cap = mapping_of(
        {
            "max_per_row": described(COUNT, "how many rows may follow each"),
            "order": _ORDER,
            "always": {"type": "boolean", "description": "do rows follow any chosen row, followed or not?"},
        },
        required=["max_per_row"],
    )
    return {"anyOf": [words, cap]}
