"""The JSON Schema accepts what the reader does, and most of what the reader refuses it refuses as well."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dbtool.masking.masks import MASKS
from dbtool.masking.shapes import mask_shapes
from dbtool.rules.nodes import Fields, Items, Node, Problems, Scalar, parse_document
from dbtool.rules.schema import build_schema

_REPOSITORY = Path(__file__).parents[3]
_SCHEMA = build_schema(mask_shapes(MASKS))
_VALIDATOR = Draft202012Validator(_SCHEMA)
_RULE_FILES = [
    *(_REPOSITORY / "masking_rules").glob("*.yaml"),
    *(_REPOSITORY / "tests" / "acceptance" / "rules").glob("*.yaml"),
]
_BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))
# What only a reader of YAML, of other files, or of the rest of the file can tell.
_BEYOND_A_SCHEMA = {
    "duplicate_keys",  # JSON has none
    "include_missing",
    "latin_1",
    "relations_composite",  # lists of equal length
    "same_table_twice",
    "subset_contradictions",
    "subset_without_roots",  # a profile may have them from subset
    "table_names",  # how SQL spells names
}


def as_editors_see(text: str) -> Any:
    """JSON has no key but a text: editors write a list of columns as one."""
    node = parse_document(text, "rules.yaml", Problems())
    return None if node is None else _plain(node)


def _plain(node: Node) -> Any:
    match node:
        case Scalar():
            return node.value
        case Items(items=items):
            return [_plain(item) for item in items]
        case Fields(pairs=pairs):
            return {_key(key): _plain(value) for key, value in pairs}


def _key(node: Node) -> str:
    return node.text if isinstance(node, Scalar) else str(_plain(node))


def problems(text: str) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in _VALIDATOR.iter_errors(as_editors_see(text))]


def test_is_a_schema_of_its_dialect() -> None:
    Draft202012Validator.check_schema(_SCHEMA)
    assert _SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("file", _RULE_FILES, ids=lambda file: file.stem)
def test_accepts_the_rule_file(file: Path) -> None:
    assert problems(file.read_text(encoding="utf-8")) == []


def _documented() -> list[str]:
    page = (_REPOSITORY / "docs" / "rules.md").read_text(encoding="utf-8")
    found = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    return [one if one.startswith("version") else f"version: 1\n{one}" for one in found]


@pytest.mark.parametrize("example", _documented())
def test_accepts_the_documented_example(example: str) -> None:
    assert problems(example) == []


def in_a_table(rule: str) -> str:
    """An example names its column; one of several columns is a flow key."""
    return f"version: 1\ntables:\n  public.t:\n    {rule}\n"


@pytest.mark.parametrize("name", MASKS)
def test_accepts_the_masks_own_example(name: str) -> None:
    assert problems(in_a_table(MASKS[name].example.rule)) == []


@pytest.mark.parametrize("name", MASKS)
def test_knows_the_masks_options_and_no_other(name: str) -> None:
    use = _SCHEMA["$defs"][f"mask {name}"]
    beside = {"mask", "domain", "canonical", "by", "when", "otherwise"}
    assert use["properties"].keys() >= beside | MASKS[name].options.model_fields.keys()
    assert use["description"] == MASKS[name].summary
    own = use["properties"].keys() - beside
    assert all(use["properties"][option].get("description") for option in own)
    quoted = '"null"' if name == "null" else name
    assert problems(in_a_table(f"c: {{mask: {quoted}, domain: d, opption: 1}}")) != []


@pytest.mark.parametrize(
    "rule",
    [
        "c: {mask: null}",
        "c: {keep: a reason}",
        "c: {domain: d, by: id}",
        "c: {mask: email, domain: d, canonical: []}",
        "c: {mask: shift_date, domain: d, by: [id]}",
        "c: {each: {mask: shift_date, by: id, days: 3}}",
        "c: {each: {domain: d}}",
        "c: {mask: phone, when: country = 'US', otherwise: redact}",
        "c: {mask: phone, when: active, otherwise: null}",
        "c: {domain: d, by: id, when: active, otherwise: {keep: a reason}}",
        "c: {each: {mask: word}, when: active, otherwise: {each: {domain: d}}}",
        "c: {json: {$.a: keep}, unknown: drop, when: active, otherwise: {json: {$.b: {mask: word}}}}",
        'c: {hstore: {"*": {mask: word}, theme: keep}, unknown: drop}',
        'c: {xml: {"/a/@id": keep, "//s:b": {mask: word}}, unknown: drop, namespaces: {s: "urn:s", "": "urn:t"}}',
        'c: {json: {"$.a": keep, "$.b": {mask: email}, "$.c": {domain: d}}, unknown: drop}',
    ],
)
def test_accepts_the_decision(rule: str) -> None:
    assert problems(in_a_table(rule)) == []


@pytest.mark.parametrize(
    "rule",
    [
        "c: keep",
        "c: {}",
        'c: {keep: ""}',
        "c: {keep: a reason, mask: email}",
        "c: {mask: emial}",
        "c: {mask: email, name: often}",
        "c: {mask: email, canonical: [lower]}",
        "c: {domain: d, name: false}",
        "c: {json: {a: keep}}",
        'c: {json: {"$.a": {json: {}}}}',
        "c: {json: {}, unknown: warn}",
        "c: {xml: {a: keep}}",
        "c: {xml: {//a: {xml: {}}}}",
        "c: {xml: {}, namespaces: [a]}",
        "c: {json: {}, namespaces: {a: b}}",
        "c: {reason: none}",
        "c: {mask: phone, when: a}",
        "c: {mask: phone, otherwise: redact}",
        "c: {mask: phone, when: a, otherwise: keep}",
        "c: {mask: phone, when: a, otherwise: {mask: redact, when: b, otherwise: phone}}",
        "c: {keep: a reason, when: a, otherwise: redact}",
        "c: {each: {mask: word, when: a, otherwise: redact}}",
        "c: {json: {$.a: {mask: word, when: a, otherwise: redact}}}",
    ],
)
def test_refuses_the_decision(rule: str) -> None:
    assert problems(in_a_table(rule)) != []


def _subset(root: str, more: str = "") -> str:
    return f"version: 1\nsubset: {{roots: [{{table: public.t, {root}}}]{more}}}\n"


@pytest.mark.parametrize(
    "text",
    [
        _subset("percent: 5, limit: 3"),
        _subset("where: a > 1, limit: 3, order: [a desc, b]"),
        _subset("ids: [1, [2, x]]"),
        _subset("percent: 5", ", referencing: {default: {max_per_row: 5, order: a, always: true}}"),
        "version: 1\nsubset: everything\n",
    ],
)
def test_accepts_the_subset(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(
    "text",
    [
        _subset("order: a"),
        _subset("percent: 5, limit: 3, order: a"),
        _subset("percent: 0"),
        _subset("percent: 101"),
        _subset("ids: [1], limit: 3"),
        _subset("ids: []"),
        _subset("limit: 0"),
        _subset("percent: 5", ", referencing: {default: some}"),
        _subset("percent: 5", ", referencing: {default: {order: a}}"),
        _subset("percent: 5", ", tables: {public.t: none}"),
        "version: 1\nsubset: all\n",
        "version: 2\n",
        "subset: everything\n",
    ],
)
def test_refuses_the_subset(text: str) -> None:
    assert problems(text) != []


@pytest.mark.parametrize("file", _BROKEN, ids=lambda file: file.stem)
def test_refuses_most_broken_files(file: Path) -> None:
    """Those that are no YAML cannot even be asked about."""
    text = file.read_bytes().decode("utf-8", errors="replace")
    is_refused = problems(text) != []
    assert is_refused is (file.stem not in _BEYOND_A_SCHEMA)
