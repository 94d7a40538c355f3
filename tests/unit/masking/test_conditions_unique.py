"""Unique indexes over columns whose rows choose between two decisions."""

from __future__ import annotations

import pytest

from dbtool.catalog.constraints import UniqueIndex
from dbtool.findings import Severity
from dbtool.rules.model import Choice, DocumentPaths, Keep, MaskUse
from dbtool.rules.subset_model import SqlText
from tests.unit.masking.test_uniqueness import AT, errors, index, prove

_KEEP = Keep("a reason", AT)


def use(mask: str, domain: str = "") -> MaskUse:
    return MaskUse(mask, domain or mask, AT)


def choice(chosen: str | MaskUse, otherwise: str | MaskUse | Keep | DocumentPaths) -> Choice:
    return Choice(
        SqlText("city = 'x'", AT),
        use(chosen) if isinstance(chosen, str) else chosen,
        use(otherwise) if isinstance(otherwise, str) else otherwise,
        AT,
    )


_FOLDED = index(None, expressions=("lower(email)",), mentioned=("email",))


@pytest.mark.parametrize(
    ("proved", "decision"),
    [
        (index("email"), choice("token", "folding")),
        (index("email"), choice("token", _KEEP)),
        (index("email", is_primary=True), choice("token", _KEEP)),
        (index("email", "city", is_exclusion=True), choice("token", use("token", "other"))),
        (index("login"), choice("token", _KEEP)),
        (_FOLDED, choice("token", _KEEP)),
        (index("email"), choice("permute", "permute")),
        (index("email"), choice("permute", "null")),
        (index("email"), choice("null", "permute")),
        (index("email"), choice("null", _KEEP)),
        (index("login"), choice("null", _KEEP)),
        (_FOLDED, choice("null", _KEEP)),
        (index("email"), choice("null", use("null", "other"))),
        (index("email", predicate="(email IS NOT NULL)"), choice("null", "token")),
        (index("email", predicate="(deleted_at IS NULL)"), choice("token", _KEEP)),
        (index("tenant", "email"), choice("token", "null")),
    ],
)
def test_holds(proved: UniqueIndex, decision: Choice) -> None:
    found = prove(proved, login=decision) if "login" in proved.columns else prove(proved, email=decision)
    assert errors(found) == []


@pytest.mark.parametrize(
    ("refused", "decision"),
    [
        (index("email"), choice("permute", use("permute", "other"))),
        (index("email"), choice("permute", _KEEP)),
        (index("email"), choice("permute", "token")),
        (index("email"), choice("token", "pool")),
        (index("email"), choice("pool", _KEEP)),
        (index("email"), choice("pool", "null")),
        (index("email"), choice("token", DocumentPaths({}, "keep", AT))),
        (index("email"), choice("narrow", "token")),
        (index("email", is_primary=True), choice("token", "null")),
        (index("email", nulls_not_distinct=True), choice("null", _KEEP)),
        (index("email", predicate="(email IS NULL)"), choice("null", "token")),
        (index("tenant", predicate="(email IS NULL)"), choice("token", "null")),
        (index("tenant", predicate="(email IS NULL)"), choice("null", _KEEP)),
        (index(None, expressions=("md5(email)",), mentioned=("email",)), choice("null", _KEEP)),
        (index("tenant", predicate="(email <> ''::text)"), choice("token", _KEEP)),
        (_FOLDED, choice("permute", _KEEP)),
        (index(None, expressions=("md5(email)",), mentioned=("email",)), choice("token", _KEEP)),
    ],
)
def test_is_refused(refused: UniqueIndex, decision: Choice) -> None:
    assert len(errors(prove(refused, email=decision))) == 1


def test_overlapping_ranges_and_nets_are_refused_whatever_the_branches() -> None:
    assert errors(prove(index("net", is_exclusion=True), net=choice("token", _KEEP)))


def test_a_column_that_is_null_in_some_rows_holds_no_other() -> None:
    """(email, city) hold if email does; not where some rows lose it."""
    indexes = index("email", name="one"), index("email", "city", name="both")
    assert errors(prove(*indexes, email=choice("token", _KEEP), city="pool")) == []
    assert len(errors(prove(*indexes, email=choice("token", "null"), city="pool"))) == 1


def test_says_what_would_hold() -> None:
    (finding,) = prove(index("email", name="k"), email=choice("permute", _KEEP))
    assert finding.message == (
        "unique index k would not hold: public.users.email is masked by permute or kept by its condition, which may give two "
        "originals one stand-in"
    )
    assert finding.remedy == "decide all its rows alike, or use these in both cases: mask: token"


def test_the_odds_are_those_of_the_smaller_space() -> None:
    told = prove(index("email"), email=choice("token", "folding"))
    assert [finding.check for finding in told] == ["uniqueness-by-odds", "canonical-may-merge"]
    assert told[0].severity is Severity.INFO
    assert "odds of 2.7e-10" in told[0].message
    assert "trim, casefold" in told[1].message
