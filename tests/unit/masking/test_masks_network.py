"""Hardware addresses, URLs and user agents: what stays, what goes, and what nobody can have."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.masking.mask import DoesNotFit, MaskContext, Uniqueness
from dbtool.masking.masks import MASKS
from dbtool.masking.user_agents import list_user_agents

MaskValues = Any  # the fixture of conftest.py, which test files cannot import


def context_of(base: str, length: int | None = None) -> MaskContext:
    return MaskContext(ColumnType(base, base, length=length), ProjectKey(b"k" * 32).digest_for("d"))


SPELLINGS = [
    "08:00:2b:01:02:0c",
    "08-00-2B-01-02-0C",
    "0800.2b01.020c",
    "08002b:01020c",
    "08002B01020C",
]


@pytest.mark.parametrize("space", ["private", "same_format"])
def test_an_address_is_one_however_it_is_written(mask_values: MaskValues, space: str) -> None:
    outputs = mask_values("mac", SPELLINGS, "text", {"space": space})
    bare = {"".join(letter for letter in output.lower() if letter.isalnum()) for output in outputs}
    assert len(bare) == 1
    for value, output in zip(SPELLINGS, outputs, strict=True):
        assert [place for place, letter in enumerate(value) if letter in ":-."] == [
            place for place, letter in enumerate(output) if letter in ":-."
        ]
        assert output == (output.upper() if "B" in value else output.lower())


@pytest.mark.parametrize(("base", "count"), [("macaddr", 6), ("macaddr8", 8)])
def test_a_private_address_is_local_and_one_devices(mask_values: MaskValues, base: str, count: int) -> None:
    values = [":".join(f"{(row * 7 + place) % 256:02x}" for place in range(count)) for row in range(500)]
    outputs = mask_values("mac", values, base)
    assert {int(output[:2], 16) & 3 for output in outputs} == {2}
    assert {len(output) for output in outputs} == {3 * count - 1}
    assert {output[1] for output in outputs} == set("26ae")


@pytest.mark.parametrize(("base", "count"), [("macaddr", 6), ("macaddr8", 8)])
def test_permuted_addresses_never_meet(mask_values: MaskValues, base: str, count: int) -> None:
    numbers = (row * 256**count // 5000 for row in range(5000))
    digits = [f"{number:0{2 * count}x}" for number in numbers]
    values = [":".join(text[place : place + 2] for place in range(0, 2 * count, 2)) for text in digits]
    outputs = mask_values("mac", values, base, {"space": "same_format"})
    assert len(set(outputs)) == len(values)
    assert {output[0] for output in outputs} == set("0123456789abcdef")
    mask = MASKS["mac"]
    promise = mask.promise(mask.options.model_validate({"space": "same_format"}), context_of(base))
    assert promise.uniqueness is Uniqueness.INJECTIVE


def test_an_address_has_one_stand_in_as_text_and_as_macaddr(mask_values: MaskValues) -> None:
    assert mask_values("mac", SPELLINGS[:1], "macaddr") == mask_values("mac", SPELLINGS[:1], "varchar(17)")


def test_blanks_around_an_address_are_no_part_of_it(mask_values: MaskValues) -> None:
    outputs = mask_values("mac", [SPELLINGS[0], f" {SPELLINGS[0]}\n"])
    assert outputs[0] == outputs[1]


def test_a_narrow_column_gets_addresses_without_separators(mask_values: MaskValues) -> None:
    outputs = mask_values("mac", ["n/a", "08002b01020c"], "varchar(12)")
    assert [len(output) for output in outputs] == [12, 12]


def test_a_column_too_narrow_for_an_address_is_refused() -> None:
    mask = MASKS["mac"]
    with pytest.raises(DoesNotFit) as refusal:
        mask.bind(mask.options(), context_of("varchar", 11))
    assert "macaddr" in refusal.value.alternative


def test_the_same_host_stays_one_host_under_a_reserved_domain(mask_values: MaskValues) -> None:
    one, other, third = mask_values(
        "url", ["https://acme.org/a", "http://ACME.org/b?c=1", "https://acme.net/a"]
    )
    host = one.removeprefix("https://").split("/")[0]
    assert other.startswith(f"http://{host}/")
    assert host not in third
    assert all(".example.com/" in output for output in (one, other, third))


def test_nothing_of_a_url_is_left_but_its_scheme(mask_values: MaskValues) -> None:
    value = "https://ada:secret@lovelace.org:8443/ada?mail=ada@lovelace.org#ada"
    for options in ({}, {"keep_path": True}):
        (output,) = mask_values("url", [value], "text", options)
        assert "secret" not in output
        assert "lovelace" not in output
        assert "8443" not in output
    assert "ada" not in mask_values("url", [value])[0]


def test_a_kept_path_stays_and_what_follows_it_does_not(mask_values: MaskValues) -> None:
    options = {"keep_path": True}
    plain, query = mask_values(
        "url", ["https://a.org/shop/cart", "https://a.org/shop/cart?who=ada"], "text", options
    )
    assert plain.endswith(".example.com/shop/cart")
    assert query.startswith(f"{plain}?")
    assert "ada" not in query


def test_a_path_too_long_for_its_column_becomes_a_token(mask_values: MaskValues) -> None:
    values = ["https://a.org/" + "x" * 40, "https://a.org/x"]
    long, short = mask_values("url", values, "varchar(60)", {"keep_path": True})
    assert len(long) == 53
    assert short.endswith("/x")


@pytest.mark.parametrize("options", [{}, {"keep_path": True}])
def test_urls_that_differ_in_anything_stay_apart(mask_values: MaskValues, options: dict[str, bool]) -> None:
    values = [
        *(
            "https://a.org",
            "https://a.org/",
            "https://A.org/",
            "HTTPS://a.org",
            "http://a.org",
            "https://a.org?",
        ),
        *("https://a.org/x", "https://a.org/X", "https://a.org/x?y", "https://a.org/x#y", "https://b.org/x"),
        *("a.org", "//a.org", "mailto:a@a.org", "https://u@a.org", "https://a.org:443"),
    ]
    assert len(set(mask_values("url", values, "text", options))) == len(values)


def test_only_a_reserved_host_is_nobodys() -> None:
    in_space = MASKS["url"].in_space
    assert in_space is not None
    nobodys = [
        "https://example.com",
        "http://x.example.org/a",
        "https://shop.test:80/",
        "ftp://u@example.net?x",
    ]
    somebodys = [
        "https://example.com.evil.org",
        "https://myexample.com",
        "https://a.org/example.com",
        "example.com",
    ]
    assert in_space(pl.Series(nobodys)).all()
    assert not in_space(pl.Series(somebodys)).any()


def test_user_agents_are_many_different_and_fit_the_usual_column(mask_values: MaskValues) -> None:
    agents = list_user_agents()
    assert len(agents) == len(set(agents)) > 200
    assert max(map(len, agents)) < 160
    outputs = mask_values("user_agent", [f"Agent/{row}" for row in range(5000)], "varchar(255)")
    assert set(outputs) == set(agents)
