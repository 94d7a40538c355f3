"""``when`` and ``otherwise`` are a choice per row and nothing else: whatever the blocks, whatever the two decisions."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from dbtool import copytext
from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.digest import ProjectKey
from dbtool.masking.block import Tallies, mask_block
from dbtool.masking.compile import MaskingPlan, RelationMasks, plan_masking
from dbtool.masking.masks import MASKS
from dbtool.rules.model import (
    Choice,
    ColumnRule,
    DocumentPaths,
    Keep,
    MaskUse,
    RuleSet,
    TableRules,
)
from dbtool.rules.position import Position
from dbtool.rules.subset_model import SqlText

_AT = Position("rules.yaml", 1, 1)
_USERS = RelationName("public", "users")
_KEY = ProjectKey(b"k" * 32)
_KEEP = Keep("a reason", _AT)
_CONDITION = "a = b"
_HOLDS = "((\na = b\n) IS TRUE)"
_TEXT, _JSON = ColumnType("text", "text"), ColumnType("jsonb", "jsonb")


def use(mask: str, **options: object) -> MaskUse:
    return MaskUse(mask, mask, _AT, options)


_Plain = Keep | MaskUse | DocumentPaths  # without a condition of its own
_OF_TEXT: list[_Plain] = [
    _KEEP,
    use("redact"),
    use("email"),
    use("token"),
    use("city"),
    use("permute_format"),
    use("constant", value="C\\ \t"),
    use("null"),
    use("sql", expression="upper(c)"),
    MaskUse("shift_date", "shift_date", _AT, {}, None, ("other",)),
]
_OF_JSON: list[_Plain] = [
    _KEEP,
    use("null"),
    DocumentPaths({"$.a": use("token")}, "drop", _AT),
    DocumentPaths({"$.a": Keep("", _AT)}, "keep", _AT),
]
_values = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6))
_dates = st.dates().map(str)
_documents = st.one_of(
    st.none(), st.sampled_from(['{"a": "x", "b": 1}', '{"a": null}', "{}", '{"a": "\\t"}'])
)
_brief = settings(max_examples=50, deadline=None)


def plan(decision: _Plain | Choice, type_: ColumnType) -> MaskingPlan:
    columns = (Column("id", _TEXT), Column("c", type_), Column("other", _TEXT))
    catalog = build_catalog(180000, [Relation(_USERS, RelationKind.TABLE, columns, rows=10)])
    decisions = {"id": _KEEP, "c": decision, "other": _KEEP}
    rules = TableRules(_USERS, tuple(ColumnRule((name,), one, _AT) for name, one in decisions.items()), _AT)
    made = plan_masking(catalog, RuleSet({_USERS: rules}), _KEY, MASKS)
    assert not made.errors
    return made


def sent(masks: RelationMasks, value: str | None, other: str, *, holds: bool) -> list[str | None]:
    """The row as the source would send it: what it is asked for is evaluated here."""

    def answer(text: str) -> str | None:
        if text == _HOLDS:
            return "t" if holds else "f"
        for condition, truth in ((_HOLDS, True), (f"(NOT {_HOLDS})", False)):
            if text.startswith(f"CASE WHEN {condition} THEN "):
                rest = text.removeprefix(f"CASE WHEN {condition} THEN ").removesuffix(" END")
                return answer(rest) if holds is truth else None
        return {"c": value, "NULL": None}[text] if text in {"c", "NULL"} else made_by(text, value)

    own = masks.narrowed.get(1, next((c.source_sql for c in masks.columns if c.rows is None), None) or "c")
    return [other[:1], answer(own), other, *(answer(one.sql) for one in masks.beside)]


def made_by(text: str, value: str | None) -> str | None:
    """Of the two that the source makes something of."""
    assert text.startswith("CASE WHEN c IS NOT NULL THEN ")
    if value is None:
        return None
    return "C\\ \t" if "upper(c)" not in text else value.upper()


def masked(made: MaskingPlan, rows: list[tuple[str | None, str, bool]], cut: int) -> list[str | None]:
    """The column ``c`` after its masks, in blocks of ``cut`` rows."""
    masks = made.relations[_USERS]
    found: list[str | None] = []
    tallies: Tallies = {}
    for start in range(0, len(rows), cut):
        lines = [sent(masks, value, other, holds=holds) for value, other, holds in rows[start : start + cut]]
        names = copytext.column_names(3 + len(masks.beside))
        frame = pl.DataFrame(lines, schema=dict.fromkeys(names, pl.String), orient="row")
        block = copytext.render_block(frame.select(copytext.encode(one) for one in frame.get_columns()))
        content, count = mask_block(masks, block, tallies, 7)
        outputs = copytext.parse_block(content, 3)
        assert count == outputs.height == len(lines)
        found += copytext.decode(outputs.to_series(1)).to_list()
        assert copytext.decode(outputs.to_series(2)).to_list() == [line[2] for line in lines]
    return found


def check(
    decisions: tuple[_Plain, _Plain],
    type_: ColumnType,
    rows: list[tuple[str | None, str, bool]],
    cut: int,
) -> None:
    chosen, otherwise = decisions
    if isinstance(chosen, Keep):
        return
    one, other = (masked(plan(each, type_), rows, len(rows) + 1) for each in decisions)
    choice = Choice(SqlText(_CONDITION, _AT), chosen, otherwise, _AT)
    wanted = [
        first if holds else second for first, second, (_, _, holds) in zip(one, other, rows, strict=True)
    ]
    assert masked(plan(choice, type_), rows, cut) == wanted


def pairs(decisions: list[_Plain]) -> st.SearchStrategy[tuple[_Plain, _Plain]]:
    return st.tuples(st.sampled_from(decisions[1:]), st.sampled_from(decisions))


def rows_of(values: st.SearchStrategy[str | None]) -> st.SearchStrategy[list[tuple[str | None, str, bool]]]:
    return st.lists(st.tuples(values, st.sampled_from(["x", "y"]), st.booleans()), max_size=8)


@_brief
@given(pairs(_OF_TEXT), rows_of(_values), st.integers(1, 9))
def test_a_row_of_text_gets_what_its_decision_gives_all_rows(
    decisions: tuple[_Plain, _Plain], rows: list[tuple[str | None, str, bool]], cut: int
) -> None:
    check(decisions, _TEXT, rows, cut)


@_brief
@given(pairs(_OF_JSON), rows_of(_documents), st.integers(1, 9))
def test_a_document_gets_what_its_decision_gives_all_rows(
    decisions: tuple[_Plain, _Plain], rows: list[tuple[str | None, str, bool]], cut: int
) -> None:
    check(decisions, _JSON, rows, cut)


@_brief
@given(rows_of(st.one_of(st.none(), _dates)), st.integers(1, 9))
def test_a_row_moves_by_the_columns_beside_it(rows: list[tuple[str | None, str, bool]], cut: int) -> None:
    moved = MaskUse("shift_date", "shift_date", _AT, {"days": 30}, None, ("other",))
    check((moved, use("birth_date")), ColumnType("date", "date"), rows, cut)
