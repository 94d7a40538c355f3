"""Whatever is written into dbtool.toml or a rule file: an answer with its exit code, and never a bug."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.cli.boundary import run_bounded
from dbtool.cli.root import dbtool
from dbtool.digest import ProjectKey
from dbtool.errors import ConfigurationInvalid, DbtoolError, RulesInvalid
from dbtool.masking.compile import plan_masking
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import OptionNames
from dbtool.rules.loader import load_rules
from dbtool.settings import load_settings
from tests.examples import examples

_OPTIONS = OptionNames(MASKS)
_TYPES = {
    "id": ColumnType("bigint", "int8"),
    "email": ColumnType("character varying(40)", "varchar", length=40),
    "note": ColumnType("text", "text"),
    "prefs": ColumnType("jsonb", "jsonb"),
    "tags": ColumnType("text[]", "text", is_array=True),
    "born": ColumnType("date", "date"),
    "amount": ColumnType("numeric(10,2)", "numeric", precision=10, scale=2),
}
_CATALOG = build_catalog(
    180000,
    [
        Relation(
            RelationName("public", "users"),
            RelationKind.TABLE,
            tuple(Column(name, kind) for name, kind in _TYPES.items()),
        ),
        Relation(RelationName("public", "orders"), RelationKind.TABLE, (Column("user_id", _TYPES["id"]),)),
    ],
)
_RULES: dict[str, Any] = {
    "version": 1,
    "defaults": {"locale": "en_GB"},
    "domains": {"person_email": {"mask": "email", "canonical": ["trim", "casefold"]}},
    "relations": [{"from": "public.orders.user_id", "to": "public.users.id"}],
    "subset": {
        "roots": [{"table": "public.users", "percent": 5, "where": "id > 1", "order": "id desc"}],
        "referencing": {
            "default": "all",
            "edges": {"public.orders.user_id": {"max_per_row": 5, "order": "user_id"}},
        },
        "tables": {"public.orders": "all"},
    },
    "tables": {
        "public.users": {
            "id": {"mask": "permute_integer"},
            "email": {"domain": "person_email", "max_length": 40},
            "note": {"mask": "template", "template": "{digits:3}", "when": "id > 1", "otherwise": "redact"},
            "prefs": {"json": {"$.a[*].b": {"mask": "phone"}, "$.c": "keep"}, "unknown": "error"},
            "tags": {"each": {"mask": "word"}},
            "born": {"mask": "shift_date", "by": "id", "days": 30},
            "amount": {"mask": "bucket", "edges": [1, 2.5, 3]},
        }
    },
    "profiles": {"dev": {"subset": {"roots": [{"table": "public.users", "ids": [1, [2]]}]}}},
}
_SETTINGS: dict[str, Any] = {
    "project": {"rules": "rules.yaml", "key": {"env": "KEY"}, "python_masks": ["shop.masks"], "evidence_ttl": "3d"},
    "environments": {
        "production": {"tier": "production", "url": {"env": "PRODUCTION_URL"}},
        "staging": {
            "tier": "staging",
            "url": {"command": ["echo", "x"]},
            "keep_previous": 1,
            "roles": {"app": "staging_app"},
            "preserve": ["public.flags"],
            "after_load": ["a.sql"],
            "owner": "shop",
        },
    },
}  # fmt: skip
_ODD = [
    "", " ", "\0", "\x1b[31m", "é", "😀", "\ufeff", "a" * 5000, "9" * 5000, "1e400", "-1", "../x", "/dev/null", "/dev/zero",
    "public.users", "public.users.id", "id", "id; DROP TABLE x", "$", "$.a[*]", "$..", "{", "{column}", "(?P<", "%s", "null",
    "keep", "error", "email", "en_GB", "production", "postgresql://a:b@c/d",
]  # fmt: skip
_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(codec="utf-8"), max_size=6),
        st.sampled_from(_ODD),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from([*_ODD, "mask", "by"]), inner, max_size=2),
    ),
    max_leaves=5,
)
_characters = st.text(st.characters(codec="utf-8"), max_size=60)
_signs = st.text("{}[]:,#&*!|>'\"%@`-? \n\t=.0a1\0\\", max_size=60)
_anything = st.one_of(st.binary(max_size=60), st.one_of(_characters, _signs).map(str.encode))


def _places(document: Any) -> list[tuple[Any, ...]]:
    """Every way from the top to something within."""
    if not isinstance(document, dict | list):
        return []
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    return [path for key, value in inner for path in [(key,), *((key, *rest) for rest in _places(value))]]


@st.composite
def spoilt(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """One or two values, or keys, of the document are something else."""
    made: dict[str, Any] = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(_places(made)))
        there = made
        for key in path[:-1]:
            there = there[key]
        if isinstance(there, dict) and draw(st.booleans()):
            there[draw(st.sampled_from(_ODD))] = there.pop(path[-1])
        else:
            there[path[-1]] = draw(_values)
    return made


def as_toml(document: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(key)} = {_inline(value)}\n" for key, value in document.items())


def _inline(value: Any) -> str:
    """JSON's texts and numbers are TOML's, but for DEL and surrogates."""
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(key)} = {_inline(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_inline, value)) + "]"
        case None:
            return '""'
        case _:
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@given(_anything)
def test_any_bytes_are_a_rule_file_or_none(folder: Path, content: bytes) -> None:
    (folder / "any.yaml").write_bytes(content)
    with _only(RulesInvalid):
        load_rules(folder / "any.yaml", MASKS.keys(), _OPTIONS)


@given(_anything)
def test_any_bytes_are_a_dbtool_toml_or_none(folder: Path, content: bytes) -> None:
    (folder / "any.toml").write_bytes(content)
    with _only(ConfigurationInvalid):
        load_settings(folder / "any.toml", {})


@examples(200)
@given(spoilt(_RULES))
def test_rules_of_any_values_are_read_and_planned_or_refused(folder: Path, document: dict[str, Any]) -> None:
    (folder / "rules.yaml").write_text(json.dumps(document), encoding="utf-8")
    with _only(RulesInvalid, DbtoolError):
        rules = load_rules(folder / "rules.yaml", MASKS.keys(), _OPTIONS)
        plan = plan_masking(_CATALOG, rules, ProjectKey(b"k" * 32), MASKS)
        assert all(finding.message for finding in plan.errors)


@given(spoilt(_SETTINGS))
def test_settings_of_any_values_are_read_or_refused(folder: Path, document: dict[str, Any]) -> None:
    (folder / "odd.toml").write_text(as_toml(document), encoding="utf-8")
    with _only(DbtoolError):
        settings = load_settings(folder / "odd.toml", {"KEY": "k" * 32})
        settings.project_key()
        settings.warnings()
        for name in settings.environments:
            settings.target(name)


@contextmanager
def _only(*expected: type[DbtoolError]) -> Iterator[None]:
    """Nothing else is raised, and what is has a message."""
    try:
        yield
    except expected as error:
        told, code = str(error), error.exit_code
    else:
        return
    assert told.strip()
    assert code in range(1, 7)


_options = st.one_of(
    st.sampled_from(["--jobs", "--max-duration", "--format", "--profile", "--config", "--plan", "--yes", "-q", "-v"]),
    st.sampled_from(["production", "staging", "0", "-1", "1000", "1h30m", "9" * 400, "xml", "a" * 5000, "\udcff", "", "é"]),
    st.text(max_size=4),
)  # fmt: skip


@examples(60)
@given(st.lists(_options, max_size=5), spoilt(_SETTINGS), spoilt(_RULES))
def test_a_command_line_ends_with_an_exit_code_of_the_contract(
    folder: Path, options: list[str], settings: dict[str, Any], rules: dict[str, Any]
) -> None:
    """Nothing listens where the URLs lead."""
    (folder / "dbtool.toml").write_text(as_toml(settings), encoding="utf-8")
    (folder / "rules.yaml").write_text(json.dumps(rules), encoding="utf-8")
    environ = {
        "KEY": "k" * 32,
        "PRODUCTION_URL": "postgresql://127.0.0.1:1/a",
        "DBTOOL_STAGING_URL": "postgresql://127.0.0.1:1/b",
    }
    assert _run(folder, environ, ["refresh", "production", "staging", *options]) in {0, 1, 2, 3}
    assert _run(folder, environ, ["rules", "check", *options]) in {0, 1, 2, 3}


@contextmanager
def _standing_in(folder: Path, environ: dict[str, str]) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in environ.items():
            patch.setenv(name, value)
        yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _run(folder: Path, environ: dict[str, str], arguments: list[str]) -> object:
    with _standing_in(folder, environ), pytest.raises(SystemExit) as ended:
        run_bounded(dbtool, arguments)
    return ended.value.code
