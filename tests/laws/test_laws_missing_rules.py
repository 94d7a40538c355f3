"""Whatever a database calls its columns, the YAML to paste names them exactly."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dbtool.catalog.relations import ColumnRef, RelationName
from dbtool.masking.guesses import Guess
from dbtool.masking.missing import MissingRule, render_missing_rules
from dbtool.rules.loader import load_rules

# What a PostgreSQL identifier may be: any text without NUL that UTF-8 can encode.
surrogates = [chr(code) for code in range(0xD800, 0xE000)]
identifiers = st.text(st.characters(min_codepoint=1, exclude_characters=surrogates), min_size=1, max_size=63)


@given(schema=identifiers, table=identifiers, column=identifiers)
@example(schema="public", table="\ufffe", column="\ufffe")
@example(schema="\ufeff", table="\u2028", column="\x85")
@example(schema="# x", table="a: b #c", column="- x")
@example(schema="public", table="'", column='"')
@example(schema="public", table='"', column='""')
@example(schema=" ", table=" ", column=" ")
def test_any_name_is_read_back_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, schema: str, table: str, column: str
) -> None:
    name = RelationName(schema, table)
    file = tmp_path_factory.mktemp("rules") / "rules.yaml"
    text = render_missing_rules([MissingRule(ColumnRef(name, column), "text", Guess("email"))])
    file.write_bytes(f"version: 1\n{text}\n".encode())
    rules = load_rules(file)
    assert list(rules.tables) == [name]
    assert rules.tables[name].columns[0].columns == (column,)
