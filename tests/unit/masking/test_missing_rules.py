"""The YAML to paste: it names the columns exactly, guesses what is plain, and asks for the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.catalog.relations import Column, ColumnRef, ColumnType, RelationName, TypeKind
from dbtool.errors import RulesInvalid
from dbtool.masking.guesses import Guess
from dbtool.masking.masks import MASKS
from dbtool.masking.missing import MissingRule, render_missing_rules, suggest_rule
from dbtool.rules.loader import load_rules

TEXT = ColumnType("text", "text")
USERS = RelationName("public", "users")


def suggest(column: str, column_type: ColumnType = TEXT) -> str | None:
    guess = suggest_rule(ColumnRef(USERS, column), Column(column, column_type), MASKS).guess
    return guess.mask if guess else None


@pytest.mark.parametrize(
    ("column", "mask"),
    [
        ("email", "email"),
        ("billing_email", "email"),
        ("EMail", "email"),
        ("workEmailAddress", "email"),
        ("first_name", "first_name"),
        ("lastname", "last_name"),
        ("full_name", "full_name"),
        ("phone", "phone"),
        ("phone_number", "phone"),
        ("street", "street"),
        ("zip", "postcode"),
        ("access_token", "token"),
        ("password_hash", "token"),
        ("iban", "iban"),
        ("telephone", "phone"),
        ("mac_address", "mac"),
        ("last_ip_address", "ip"),
        ("reply_to", "email"),
        ("notification_sender_address", "email"),
        ("attendee_name", "full_name"),
        ("owner_display_name", "full_name"),
        ("secret_key", "token"),
        ("biography", "lorem"),
        ("task_display_name", None),
        ("email_subject", None),
        ("secret_type", None),
        ("recipient_config_json", None),
        ("server_address", None),
        ("id", None),
        ("status", None),
        ("female", None),
        ("streetlight", None),
        ("has_phoned", None),
        ("capacity", None),
    ],
)
def test_guesses_by_whole_words_of_the_name(column: str, mask: str | None) -> None:
    assert suggest(column) == mask


@pytest.mark.parametrize(
    "column_type",
    [
        ColumnType("boolean", "bool"),
        ColumnType("date[]", "date", is_array=True),
        ColumnType("public.email", "email", kind=TypeKind.ENUM, type_schema="public"),
    ],
    ids=["boolean", "array", "enum"],
)
def test_guesses_no_mask_that_does_not_serve_the_type(column_type: ColumnType) -> None:
    assert suggest("email", column_type) is None


def test_tables_and_columns_keep_their_order() -> None:
    orders = RelationName("public", "Order Details")
    missing = [
        MissingRule(ColumnRef(USERS, "email"), "text", Guess("email")),
        MissingRule(ColumnRef(USERS, "a"), "text"),
        MissingRule(ColumnRef(orders, "Unit Price"), "numeric"),
    ]
    expected = """tables:
  public.users:
    email: {mask: email}
    a: {keep: ""}
  public."Order Details":
    Unit Price: {keep: ""}"""
    assert render_missing_rules(missing) == expected


def test_nothing_missing_is_nothing_to_paste() -> None:
    assert render_missing_rules([]) == ""


def test_what_was_not_guessed_is_not_accepted_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("version: 1\n" + render_missing_rules([MissingRule(ColumnRef(USERS, "id"), "int8")]))
    with pytest.raises(RulesInvalid, match="keep needs a reason"):
        load_rules(file)


@pytest.mark.parametrize("column", ["email", "emails", "work_emails"])
def test_the_rule_of_an_array_is_for_each_of_its_elements(column: str, tmp_path: Path) -> None:
    array = Column(column, ColumnType("text[]", "text", is_array=True))
    text = render_missing_rules([suggest_rule(ColumnRef(USERS, column), array, MASKS)])
    assert text.endswith(f"    {column}: {{each: {{mask: email}}}}")
    file = tmp_path / "rules.yaml"
    file.write_text(f"version: 1\n{text}\n")
    load_rules(file, MASKS)


def test_a_plural_names_nothing_where_there_is_one_value() -> None:
    assert suggest("emails") is None


@pytest.mark.parametrize(
    ("column", "length", "rule"),
    [
        ("city", 12, "{mask: city, max_length: 12}"),
        ("city", 100, "{mask: city}"),
        ("token", 64, "{mask: token}"),
        ("token", 16, "{mask: permute_format}"),
        ("zip", 4, "{mask: redact}"),
    ],
)
def test_a_mask_that_the_column_is_too_short_for_is_shortened_or_another(
    column: str, length: int, rule: str
) -> None:
    short = ColumnType(f"character varying({length})", "varchar", length=length)
    text = render_missing_rules([suggest_rule(ColumnRef(USERS, column), Column(column, short), MASKS)])
    assert text.endswith(f"    {column}: {rule}")
