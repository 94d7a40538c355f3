"""Functions of the project's own: which may be called, from where, and what is said of those that go wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dbtool.catalog.relations import ColumnType
from dbtool.masking.mask import DoesNotFit, MaskContext, Uniqueness
from dbtool.masking.pools import pools_digest
from dbtool.rules.model import PythonModules
from tests.unit.masking.python_cases import DIGEST, MASK, SECRET, TEXT, bind, failure, run, write_module

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str, name: str = "m3_masks.py") -> None:
        write_module(tmp_path, text, name)

    return written


def refusal(folder: Path, function: str = "m3_masks:f", **options: Any) -> str:
    with pytest.raises(DoesNotFit) as refused:
        bind(folder, function, **options)
    assert refused.value.alternative
    return refused.value.reason


def test_a_function_of_columns_is_given_texts_and_a_seed_for_each(tmp_path: Path, write: Write) -> None:
    write("def f(values, *, seed):\n    return values.str.to_uppercase() + (seed % 10).cast(pl.String)\n")
    outputs = run(bind(tmp_path), "ada", None, "", "bob", "ada")
    assert outputs[1:3] == [None, ""]
    assert outputs[0] == outputs[4]
    assert [output[:3] for output in outputs if output] == ["ADA", "BOB", "ADA"]


def test_a_function_of_one_value_is_given_a_str_and_an_int(tmp_path: Path, write: Write) -> None:
    write("def f(value, seed):\n    return f'{type(value).__name__} {type(seed).__name__} {value} {seed}'\n")
    outputs = run(bind(tmp_path, takes="text"), "ada", None, "ada", "bob")
    assert outputs[0] == outputs[2] != outputs[3]
    assert str(outputs[0]).startswith("str int ada ")


def test_many_repeated_values_are_asked_for_once(tmp_path: Path, write: Write) -> None:
    write("asked = []\ndef f(value, seed):\n    asked.append(value)\n    return value\n")
    assert len(run(bind(tmp_path, takes="text"), *(["ada", "bob"] * 2000))) == 4000
    assert len(sys.modules["m3_masks"].asked) == 4  # and once more, to see whether they stay the same


def test_a_module_may_lie_in_packages_and_import_its_neighbours(tmp_path: Path, write: Write) -> None:
    write("from .words import WORD\ndef f(value, seed):\n    return WORD\n", "m3_shop/inner/masks.py")
    write("", "m3_shop/__init__.py")
    write("", "m3_shop/inner/__init__.py")
    write("WORD = 'shop'\n", "m3_shop/inner/words.py")
    assert run(bind(tmp_path, "m3_shop.inner.masks:f", takes="text"), "ada") == ["shop"]


def test_nothing_is_added_to_where_modules_are_looked_for(tmp_path: Path, write: Write) -> None:
    write("def f(value, seed):\n    return 'x'\n")
    before = list(sys.path)
    run(bind(tmp_path, takes="text"), "ada")
    assert sys.path == before


def test_a_module_that_dbtool_toml_does_not_name_is_not_even_loaded(tmp_path: Path, write: Write) -> None:
    write("raise SystemExit('it was loaded')\n", "m3_masked.py")
    context = MaskContext(TEXT, DIGEST, modules=PythonModules(tmp_path, ("m3_masks",)))
    with pytest.raises(DoesNotFit) as refused:
        MASK.bind(MASK.options.model_validate({"function": "m3_masked:f"}), context)
    assert refused.value.reason == "dbtool.toml does not allow module m3_masked; did you mean m3_masks?"
    assert 'python_masks = ["m3_masked"]' in refused.value.alternative


@pytest.mark.parametrize("name", ["json", "polars", "dbtool", "pip"])
def test_a_name_that_is_another_modules_is_refused(tmp_path: Path, write: Write, name: str) -> None:
    write("def f(value, seed):\n    return 'x'\n", f"{name}.py")
    told = f"another module is installed under the name {name} of {name}.py"
    before = sys.modules.get(name)
    assert refusal(tmp_path, f"{name}:f") == told
    assert sys.modules.get(name) is before


def test_an_installed_module_is_none_of_the_projects(tmp_path: Path) -> None:
    assert refusal(tmp_path, "os:getcwd") == f"there is no module os in {tmp_path}"
    assert refusal(tmp_path, "m3_none.at.all:f") == f"there is no module m3_none in {tmp_path}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def g(:\n", "cannot be loaded: SyntaxError: "),
        ("import m3_missing\n", "cannot be loaded: ModuleNotFoundError: No module named 'm3_missing'"),
        ("raise SystemExit(3)\n", "cannot be loaded: SystemExit: 3"),
        ("1 / 0\n", "cannot be loaded: ZeroDivisionError: division by zero"),
        ("def ff(): pass\n", "has no function f"),
        ("f = 7\n", "has no function f"),
    ],
)
def test_a_module_without_the_function_is_refused(tmp_path: Path, write: Write, text: str, told: str) -> None:
    write(text)
    assert refusal(tmp_path).startswith(f"module m3_masks {told}")


@pytest.mark.parametrize("signature", ["()", "(value)", "(value, other, seed)", "(*, seed)"])
def test_a_function_that_cannot_be_called_so_is_refused(tmp_path: Path, write: Write, signature: str) -> None:
    write(f"def f{signature}:\n    return 'x'\n")
    assert refusal(tmp_path).startswith("m3_masks:f cannot be called with what masks are given: ")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise ValueError(list(values))", "raised ValueError in m3_masks.py, line 4"),
        ("return values.str.to_integer()", "raised ComputeError in m3_masks.py, line 4"),
        ("return 7", "returned int, and not a Series of String"),
        ("return None", "returned None, and not a Series of String"),
        ("return list(values)", "returned list, and not a Series of String"),
        ("return seed", "returned a Series of UInt64, and not a Series of String"),
        ("return values.head(1)", "returned 1 stand-ins for 2 values"),
        ("return values.shift(1)", "returned NULL for a value"),
        ("return values + '\\0'", "returned a text with NUL, which PostgreSQL does not hold"),
        (
            "return pl.Series([str(random.random()) for _ in values])",
            "gave a value another stand-in the second time; it must depend on the value and on `seed` alone",
        ),
        (
            "return values.sort()",
            "gave a value another stand-in the second time; it must depend on the value and on `seed` alone",
        ),
    ],
)
def test_what_goes_wrong_is_told_without_a_value(tmp_path: Path, write: Write, body: str, told: str) -> None:
    write(f"def f(values, seed):\n    {body}\n")
    values = (SECRET, "other") if "sort" not in body else ("z" + SECRET, "other")
    assert failure(bind(tmp_path), *values) == told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise KeyError(value)", "raised KeyError in m3_masks.py, line 4"),
        ("return None", "returned None, and not str"),
        ("return 7", "returned int, and not str"),
        ("return value.encode()", "returned bytes, and not str"),
        ("return value + '\\0'", "returned a text with NUL, which PostgreSQL does not hold"),
        ("yield value", "returned generator, and not str"),
    ],
)
def test_so_it_is_for_one_value_at_a_time(tmp_path: Path, write: Write, body: str, told: str) -> None:
    write(f"def f(value, seed):\n    {body}\n")
    assert failure(bind(tmp_path, takes="text")) == told


@pytest.mark.parametrize(
    ("column", "returned", "told"),
    [
        (
            ColumnType("varchar(4)", "varchar", length=4),
            "12345",
            "returned a text of 5 characters, and varchar(4) holds 4",
        ),
        (ColumnType("smallint", "int2"), "40000", "returned what is no value of smallint"),
        (ColumnType("bigint", "int8"), "9999999999999999999", "returned what is no value of bigint"),
        (ColumnType("integer", "int4"), "x", "returned what is no value of integer"),
    ],
)
def test_what_the_column_does_not_hold_is_refused_and_not_cut(
    tmp_path: Path, write: Write, column: ColumnType, returned: str, told: str
) -> None:
    write(f"def f(value, seed):\n    return {returned!r}\n")
    assert failure(bind(tmp_path, column=column, takes="text")) == told
    write("def f(value, seed):\n    return '-12'\n", "m3_fitting.py")
    assert run(bind(tmp_path, "m3_fitting:f", column=column, takes="text"), "7") == ["-12"]


def test_only_its_author_knows_whether_it_is_unique() -> None:
    options = MASK.options.model_validate({"function": "m:f", "unique": True})
    assert MASK.promise(options, MaskContext(TEXT, DIGEST)).uniqueness is Uniqueness.INJECTIVE
    assert MASK.uniqueness is Uniqueness.LOSSY


def test_a_module_that_has_changed_shows_as_drift(tmp_path: Path, write: Write) -> None:
    write("def f(value, seed):\n    return 'x'\n")
    bind(tmp_path)
    before = pools_digest()
    write("def f(value, seed):\n    return 'y'\n", "more/m3_masks.py")
    bind(tmp_path / "more")
    assert pools_digest() != before


@pytest.mark.parametrize(
    "function", ["", "f", "m3_masks", "m3_masks:", ":f", "m3-masks:f", "a/b:f", "m:f()", "m:f.g", 7]
)
def test_what_names_no_function_is_a_wrong_option(function: object) -> None:
    with pytest.raises(ValidationError, match="function"):
        MASK.options.model_validate({"function": function})
