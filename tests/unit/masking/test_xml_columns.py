"""Columns that are decided by paths of XML: which may be, and what their values become."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dbtool.catalog.relations import ColumnType
from dbtool.masking.coverage import same_decision
from dbtool.masking.fates import UndecidedPath
from dbtool.masking.masks import MASKS
from dbtool.rules.model import DocumentPaths, Keep, MaskUse
from tests.unit.masking.compile_cases import AT, KEEP, TEXT, compile_one, errors, only, run, use

XML = ColumnType("xml", "xml")


def paths(namespaces: dict[str, str] | None = None, **decisions: Keep | MaskUse) -> DocumentPaths:
    return DocumentPaths(
        {f"//{name}": one for name, one in decisions.items()}, "error", AT, "xml", namespaces or {}
    )


DECIDED = paths(mail=use("email"), theme=KEEP)


@pytest.mark.parametrize(
    "column",
    [XML, TEXT, ColumnType("character varying", "varchar"), ColumnType("public.doc", "xml", domains=("public.doc",))],
    ids=lambda column: str(column.sql),
)  # fmt: skip
def test_a_document_is_masked_by_path(column: ColumnType) -> None:
    (stand_in,) = run(only(compile_one(TEXT, use("email"))), "a@b.de")
    masked = only(compile_one(column, DECIDED))
    assert run(masked, "<u><mail>a@b.de</mail><theme>dark</theme></u>", "<u><mail/></u>", "", None) == [
        f"<u><mail>{stand_in}</mail><theme>dark</theme></u>",
        "<u><mail/></u>",
        "",
        None,
    ]


@pytest.mark.parametrize(
    ("column", "spelt"),
    [
        (ColumnType("character varying(200)", "varchar", length=200), "character varying(200)"),
        (ColumnType("xml[]", "xml", is_array=True), "xml[]"),
        (ColumnType("jsonb", "jsonb"), "jsonb"),
    ],
)
def test_other_columns_are_refused(column: ColumnType, spelt: str) -> None:
    (told,) = errors(compile_one(column, DECIDED))
    assert told.endswith(f"is decided by path of XML, but its type is {spelt}")


def test_a_path_that_is_none_is_refused_with_its_place() -> None:
    wrong = DocumentPaths({"/a[1]": KEEP, "//s:a": KEEP}, "error", AT, "xml")
    told = errors(compile_one(XML, wrong))
    assert told == [
        "a path of public.users.c at rules.yaml:1:1 does not fit: /a[1] is no path",
        "a path of public.users.c at rules.yaml:1:1 does not fit: //s:a has the prefix s, which stands for no namespace",
    ]


def test_a_mask_within_is_refused_as_in_any_document() -> None:
    (told,) = errors(compile_one(XML, paths(mail=use("sql", expression="1"))))
    assert "does not fit //mail: the source evaluates it in place of a whole column" in told


def test_namespaces_are_the_rules_own() -> None:
    column = only(compile_one(XML, paths({"": "urn:shop"}, mail=KEEP)))
    document = '<mail xmlns="urn:shop">x</mail>'
    assert run(column, document) == [document]
    with pytest.raises(UndecidedPath, match="/mail/@xmlns"):
        run(column, '<mail xmlns="urn:other">x</mail>')


def test_decisions_are_the_same_where_they_decide_alike() -> None:
    other = replace(DECIDED, paths=dict(reversed([*DECIDED.paths.items()])))
    assert same_decision(DECIDED, paths(mail=use("email"), theme=KEEP), MASKS)
    assert not same_decision(DECIDED, other, MASKS)  # the first of equals decides
    assert not same_decision(DECIDED, replace(DECIDED, namespaces={"s": "urn:s"}), MASKS)
    assert not same_decision(DECIDED, replace(DECIDED, writing="json"), MASKS)
    assert not same_decision(DECIDED, replace(DECIDED, unknown="drop"), MASKS)


def test_what_to_do_instead_of_a_mask_that_does_not_fit() -> None:
    (finding,) = compile_one(XML, use("email")).errors
    assert 'use {xml: {"//name": …}, unknown: error}, mask: null' in finding.remedy
