"""Functions of the project's own on every type that they serve: what they are given, and what they may return."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.catalog.relations import ColumnType
from dbtool.masking.mask import DoesNotFit
from tests.unit.masking.python_cases import bind, failure, run, write_module

TYPES = {
    "numeric": ColumnType("numeric", "numeric"),
    "money": ColumnType("numeric(8,2)", "numeric", precision=8, scale=2),
    "float": ColumnType("double precision", "float8"),
    "bool": ColumnType("boolean", "bool"),
    "date": ColumnType("date", "date"),
    "timestamp": ColumnType("timestamp without time zone", "timestamp"),
    "timestamptz": ColumnType("timestamp with time zone", "timestamptz"),
    "uuid": ColumnType("uuid", "uuid"),
    "jsonb": ColumnType("jsonb", "jsonb"),
    "bytea": ColumnType("bytea", "bytea"),
}


@pytest.mark.parametrize(
    ("name", "value", "body", "stand_in"),
    [
        ("numeric", "12.50", "value * 2", "25.00"),
        ("money", "12.50", "value + decimal.Decimal('0.05')", "12.55"),
        ("float", "1.5", "value / 2", "0.75"),
        ("bool", "t", "not value", "f"),
        ("date", "2024-02-29", "value.replace(day=1)", "2024-02-01"),
        ("timestamp", "2024-02-29 10:00:00.5", "value.replace(hour=3)", "2024-02-29 03:00:00.500000"),
        ("timestamptz", "2024-02-29 10:00:00+00", "value.replace(hour=3)", "2024-02-29 03:00:00+00:00"),
        ("uuid", "00000000-0000-4000-8000-00000000000a", "uuid.UUID(int=value.int + 1)", "00000000-0000-4000-8000-00000000000b"),
        ("jsonb", '{"a": [1, "é"]}', "value['a'][::-1]", '["é", 1]'),
        ("bytea", r"\x00ff", "value[::-1]", r"\xff00"),
    ],
)  # fmt: skip
def test_python_has_values_of_its_own_where_that_is_asked(
    tmp_path: Path, name: str, value: str, body: str, stand_in: str
) -> None:
    write_module(tmp_path, f"import decimal, uuid\ndef f(value, seed):\n    return {body}\n")
    bound = bind(tmp_path, column=TYPES[name], takes="value")
    assert run(bound, value, None) == [stand_in, None]


@pytest.mark.parametrize("name", TYPES)
def test_without_it_every_type_comes_and_goes_as_text(tmp_path: Path, name: str) -> None:
    given = {"numeric": "NaN", "money": "-999999.99", "float": "1e-300", "bool": "f", "date": "0044-03-15 BC",
             "timestamp": "infinity", "timestamptz": "2024-01-01 10:00:00.123456+00", "jsonb": "{}",
             "uuid": "00000000-0000-4000-8000-00000000000a", "bytea": r"\x"}  # fmt: skip
    write_module(tmp_path, "def f(values, seed):\n    assert values.dtype == pl.String\n    return values\n")
    assert run(bind(tmp_path, column=TYPES[name]), given[name]) == [given[name]]


@pytest.mark.parametrize(
    ("name", "returned"),
    [
        ("numeric", "1,5"), ("numeric", ""), ("numeric", "1e200000"), ("money", "1000000"), ("money", "999999.995"),
        ("money", "Infinity"), ("money", "1e6"), ("float", "1e400"), ("float", "1e-400"), ("float", "x"), ("bool", "2"),
        ("date", "2023-02-29"), ("date", "29.2.2024"), ("date", "9999999-01-01"), ("timestamp", "2024-01-01 25:00"),
        ("timestamp", "294277-01-01"), ("timestamptz", "2024-01-01 10:00:00+77"), ("uuid", "00000000"),
        ("jsonb", "{"), ("jsonb", "NaN"), ("jsonb", r'"\u0000"'), ("jsonb", r'"\ud800"'), ("bytea", r"\x0"), ("bytea", "ab"),
    ],
)  # fmt: skip
def test_what_is_none_of_the_columns_type_is_refused(tmp_path: Path, name: str, returned: str) -> None:
    write_module(
        tmp_path,
        f"def f(values, seed):\n    return values.clear().extend_constant({returned!r}, len(values))\n",
    )
    told = failure(bind(tmp_path, column=TYPES[name]), "t")
    assert told == f"returned what is no value of {TYPES[name].sql}"


@pytest.mark.parametrize(
    ("name", "value", "body", "told"),
    [
        ("numeric", "1", "1.5", "returned float, and not Decimal"),
        ("numeric", "1", "True", "returned bool, and not Decimal"),
        ("float", "1", "'1'", "returned str, and not float"),
        ("bool", "t", "1", "returned int, and not bool"),
        ("date", "2024-01-01", "None", "returned None, and not date"),
        ("date", "2024-01-01", "datetime.datetime.now()", "returned datetime, and not date"),
        ("timestamp", "2024-01-01 00:00:00", "datetime.datetime.now(datetime.timezone.utc)", "returned datetime, and not datetime without a time zone"),
        ("timestamptz", "2024-01-01 00:00:00+00", "value.replace(tzinfo=None)", "returned datetime, and not datetime with a time zone"),
        ("jsonb", "{}", "{1, 2}", "returned set, and not a value that json writes"),
        ("jsonb", "{}", "float('nan')", "returned float, and not a value that json writes"),
        ("bytea", r"\x00", "'00'", "returned str, and not bytes"),
        ("date", "infinity", "value", "cannot be given every value of date: Python has none for some, such as infinity or a year before 1. With `takes: text` it is given texts"),
        ("money", "1", "decimal.Decimal('1e6')", "returned what is no value of numeric(8,2)"),
    ],
)  # fmt: skip
def test_python_values_of_another_type_are_refused(
    tmp_path: Path, name: str, value: str, body: str, told: str
) -> None:
    write_module(tmp_path, f"import datetime, decimal\ndef f(value, seed):\n    return {body}\n")
    assert failure(bind(tmp_path, column=TYPES[name], takes="value"), value) == told


def test_a_type_that_is_not_served_is_refused_when_planning(tmp_path: Path) -> None:
    write_module(tmp_path, "def f(value, seed):\n    return value\n")
    with pytest.raises(DoesNotFit) as refused:
        bind(tmp_path, column=ColumnType("point", "point"))
    assert "the column is point" in str(refused.value)
