"""What every mask promises, held for all of them by one suite: a mask without a case here fails it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.masking.mask import BoundMask, DoesNotFit, Mask, MaskContext, Overlap, Space, Uniqueness
from dbtool.masking.masks import MASKS
from dbtool.rules.model import PythonModules
from tests.examples import examples

KEY = ProjectKey(b"a key of the laws, 32 bytes long")
OTHER_KEY = ProjectKey(b"another key of the laws, 32 long")
NO_COLUMNS = pl.DataFrame()
FILES = Path(__file__).parent / "files"  # of masks that read some
MODULES = PythonModules(FILES, ("law_masks",))

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
integers = st.integers(-(2**63), 2**63 - 1).map(str)
dates = st.one_of(
    st.dates().map(str),
    st.datetimes().map(lambda moment: f"{moment:%Y-%m-%d %H:%M:%S.%f}".zfill(26) + "+05:30"),
    st.dates().map(lambda day: f"{day} BC"),
    st.integers(10_000, 200_000).map(lambda year: f"{year}-02-28"),
    st.sampled_from(["infinity", "-infinity"]),
)
hardware = (
    st.integers(0, 2**48 - 1)
    .map(lambda number: f"{number:012x}")
    .map(lambda digits: ":".join(digits[place : place + 2] for place in range(0, 12, 2)))
)
websites = st.tuples(
    st.sampled_from(["https://", "HTTP://", "ftp://", "", "mailto:"]),
    texts,
    st.sampled_from(["", "/", "?", "#"]),
    texts,
).map("".join)
addresses = st.one_of(st.ip_addresses().map(str), st.ip_addresses(v=4).map(lambda address: f"{address}/24"))


@dataclass(frozen=True)
class Case:
    """One way to use a mask; ``space`` matches every stand-in of a value that is not ''.

    ``is_keyed`` is false where the output does not depend on the digest (texts that are no dates are blanked).
    """

    mask: str
    space: str
    options: Mapping[str, Any] = field(default_factory=dict)
    base: str = "text"
    values: st.SearchStrategy[str] = texts
    is_keyed: bool = True

    @property
    def name(self) -> str:
        return "-".join([self.mask, *(str(value) for value in self.options.values())])


HEX = "[0-9a-f]"
CASES = [
    Case("account", r"(?s).*"),
    Case("account", r"9\d{8}", {"part": "bank"}),
    Case("account", r"9\d{7}", {"part": "bank", "country": "de"}),
    Case("account", r"(?s).*", {"part": "bank", "locale": "en_GB"}),
    Case("amount_noise", r"-?\d+\.\d\d", {}, "numeric", st.decimals(-(10**9), 10**9, places=2).map(str)),
    Case(
        "amount_noise",
        r"-?\$\d+\.\d\d",
        {},
        "money",
        st.integers(0, 10**9).map(lambda cents: f"${cents / 100:,.2f}"),
    ),
    Case("address", r"\d{1,3} [^\n]+, [^\n]+ \d{5}"),
    Case("address", r"(?s)\S.* \d{1,3}(, |\n)\d{5} \S.*", {"locale": "de_DE", "keep_lines": True}),
    Case("birth_date", r"\d{4,}-\d\d-\d\d( .*)?( BC)?|-?infinity", {}, "timestamptz", dates),
    Case("birth_date", r"\d{4,}-\d\d-\d\d( .*)?( BC)?|-?infinity", {"years": 3}, "timestamptz", dates),
    Case("birth_date", r"[^1-9]*|\d{4,}-\d\d-\d\d.*", is_keyed=False),
    Case("bucket", r"-?\d*0", {"size": 10}, "int4", st.integers(-(2**30), 2**30).map(str), is_keyed=False),
    Case(
        "bucket",
        r"-?\d+(\.\d+)?(e[+-]?\d+)?|nan|inf|-inf",
        {"edges": [1, 2.5]},
        "float8",
        st.floats().map(repr),
        is_keyed=False,
    ),
    Case(
        "bucket",
        r"\d{4,}-\d\d-01( 00:00:00.*)?( BC)?|4714-11-24 BC|-?infinity",
        {"unit": "month"},
        "timestamptz",
        dates,
        is_keyed=False,
    ),
    Case("bucket", r"(?s).*", {"unit": "hour"}, values=dates | texts, is_keyed=False),
    Case("card", r"424242\d{10}"),
    Case("card", r"378282\d{9}", {"brand": "amex"}),
    Case("card", r"(?s).*", {"space": "same_format"}),
    Case("category", r"[abcdefgh]", {"values": list("abcdefgh")}),
    Case("city", r"\S.*"),
    Case("city", r"\S.{0,14}", {"locale": "de_DE", "max_length": 15}),
    Case("company", r"\S.*"),
    Case("constant", r"gone", {"value": "gone"}, is_keyed=False),
    Case("dictionary", r"[a-z]{3,6}", {"file": "colours.txt"}),
    Case("dictionary", r"[a-z]{4,7}", {"file": "regions.txt", "weights": True}),
    Case("email", rf"[a-z]{{3,12}}\.{HEX}{{16}}@example\.(com|org|net)"),
    Case("email", rf"{HEX}{{16}}@corp\.test", {"name": False, "domains": ["corp.test"]}),
    Case("empty", r"", is_keyed=False),
    Case("faker", r"\S[\S ]*", {"provider": "job"}),
    Case(
        "faker",
        r"[A-Za-z]{2}-\d{3}",
        {"provider": "bothify", "arguments": {"text": "??-###"}, "locale": "de_DE"},
    ),
    Case("file", r"|data:,", is_keyed=False),
    Case("file", r"R0lGOD.*", {"type": "gif"}, is_keyed=False),
    Case(
        "file",
        r"\\x([0-9a-f]{2})*",
        {},
        "bytea",
        st.binary(max_size=40).map(lambda data: "\\x" + data.hex()),
        is_keyed=False,
    ),
    Case("first_name", r"\w[\w .'-]*"),
    Case("full_name", r"\w[\w.'-]* \w[\w .'-]*"),
    Case("full_name", r"\w+ \w+", {"locale": "ja_JP"}),
    Case("iban", r"DE\d\d9{8}\d{10}"),
    Case("iban", r"FR\d\d9{5}\d{18}", {"country": "FR"}),
    Case("iban", r"MT\d\dZZZZ\d{5}[0-9A-F]{18}", {"country": "MT"}),
    Case(
        "ip",
        r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}|2001:db8(:[0-9a-f]{1,4}){6}",
        {},
        "inet",
        addresses,
    ),
    Case(
        "ip",
        r"\d+\.\d+\.\d+\.\d+(/24)?|2001:db8(:[0-9a-f]{1,4}){6}",
        {"space": "same_format"},
        "inet",
        addresses,
    ),
    Case("ip", r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}|2001:db8(:[0-9a-f]{1,4}){6}"),
    Case("last_name", r"\w[\w .'-]*"),
    Case("lorem", r"(?s).{0,40}"),
    Case("mac", r"[0-9a-f][26ae](:[0-9a-f]{2}){5}", {}, "macaddr", hardware),
    Case("mac", r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", {"space": "same_format"}, "macaddr", hardware),
    Case("mac", rf"{HEX}[26ae](:{HEX}{{2}}){{5}}"),
    Case("mac", rf"{HEX}{{16}}", {"space": "same_format"}),
    Case("noise", r"-?\d+", {}, "int8", integers),
    Case(
        "noise",
        r"-?(\d+(\.\d+)?(e[+-]?\d+)?|nan|inf)",
        {"amount": 3, "lowest": -(10**6)},
        "float8",
        st.floats().map(repr),
    ),
    Case("noise", r"(?s).*", {"ratio": 0.5}, values=integers | texts, is_keyed=False),
    Case("national_id", r"(000|666)(\d{6}|-\d\d-\d{4})"),
    Case("national_id", r"[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]", {"country": "gb"}),
    Case("national_id", r"0\d ?\d{3} ?\d{3} ?\d{3}", {"country": "de"}),
    Case("national_id", r"(?s).*", {"country": "es"}),
    Case("national_id", r"(?s).*", {"country": "us", "space": "same_format"}),
    Case("national_id", r"(?s).*", {"country": "it"}),
    Case("national_id", r"\d{11}", {"country": "pl"}, values=st.integers(0, 10**11 - 1).map("{:011}".format)),
    Case("null", r"never", is_keyed=False),
    Case("permute_digits", r"(?s).*"),
    Case("permute_format", r"(?s).*"),
    Case("permute_integer", r"-?\d+", {}, "int8", integers),
    Case("permute_integer", r"-?\d+", {"within": "type"}, "int8", integers),
    Case("permute_integer", r"-?\d+", {"within": [-5, 40000]}, "int8", integers),
    Case("permute_integer", r"(?s).*", values=integers | texts),
    Case("permute_integer", r"-?\d+\.\d\d", {}, "numeric", st.decimals(-(10**20), 10**20, places=2).map(str)),
    Case("phone", r"\+1\d{3}55501\d\d"),
    Case("phone", r"0[\d ]+", {"locale": "en_GB", "style": "national"}),
    Case("phone", r"(?s).*", {"space": "same_format"}),
    Case("postcode", r"\d{5}"),
    Case("python", r"B-\d{6}", {"function": "law_masks:badge"}),
    Case("python", r"(?s).*", {"function": "law_masks:shuffled", "takes": "text"}),
    Case("redact", r"[^1-9A-WYZa-wyz]*", is_keyed=False),
    Case(
        "redact",
        r"\\x0*",
        {},
        "bytea",
        st.binary(max_size=40).map(lambda data: "\\x" + data.hex()),
        is_keyed=False,
    ),
    Case("shift_date", r"\d{4,}-\d\d-\d\d( .*)?( BC)?|-?infinity", {}, "timestamptz", dates),
    Case("shift_date", r"[^1-9]*|\d{4,}-\d\d-\d\d.*", {"days": 3}, is_keyed=False),
    Case("sql", r"", {"expression": "'made by the source'"}, is_keyed=False),
    Case("street", r"\d{1,3} \S.*"),
    Case("street", r"\S.* \d{1,3}", {"locale": "de_DE"}),
    Case("template", r"user-\d{6}@[a-z]{3,12}\.example", {"template": "user-{digits:6}@{pool:slug}.example"}),
    Case("template", r"[A-Z]\w[\w .'-]* [1-9]", {"template": "{pool: first_name} {number:1-9}"}),
    Case(
        "template",
        rf"[a-z]{{20}}-\d{{25}}template\{{{HEX}{{40}}\}}",
        {"template": "{letters:20}-{digits:25}{domain}{{{hex:40}}}"},
    ),
    Case("token", rf"{HEX}{{32}}"),
    Case("token", rf"t_{HEX}{{40}}", {"prefix": "t_", "length": 40}),
    Case("url", rf"(https?|ftp)://{HEX}{{16}}\.example\.com(|/|/{HEX}{{16}})", values=websites),
    Case(
        "url",
        rf"(?s)(https?|ftp)://{HEX}{{16}}\.example\.com(/.*)?(\?{HEX}{{16}})?",
        {"keep_path": True},
        values=websites,
    ),
    Case("user_agent", r"Mozilla/5\.0 \(.*\).* (Firefox|Safari|Edg|EdgA)/[\d.]+"),
    Case("username", rf"[a-z]{{3,12}}_{HEX}{{16}}"),
    Case("username", rf"u{HEX}{{16}}", {"name": False}),
    Case("uuid", rf"{HEX}{{8}}-{HEX}{{4}}-4{HEX}{{3}}-[89ab]{HEX}{{3}}-{HEX}{{12}}"),
    Case("word", r"(?s).{0,40}"),
    Case("word", r"(?s).{0,40}", {"locale": "ru_RU"}),
]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
brief = examples(20)


def context_of(case: Case, key: ProjectKey = KEY, domain: str | None = None) -> MaskContext:
    return MaskContext(
        ColumnType(case.base, case.base), key.digest_for(domain or case.mask), folder=FILES, modules=MODULES
    )


def bind(case: Case, key: ProjectKey = KEY, domain: str | None = None) -> BoundMask:
    mask = MASKS[case.mask]
    return mask.bind(mask.options.model_validate(case.options), context_of(case, key, domain))


def run(bound: BoundMask, values: list[str | None]) -> list[str | None]:
    return bound(pl.Series("v", values, dtype=pl.String), NO_COLUMNS).to_list()


def promise_of(case: Case) -> tuple[Mask, Uniqueness, Overlap, Space]:
    mask = MASKS[case.mask]
    promise = mask.promise(mask.options.model_validate(case.options), context_of(case))
    return mask, promise.uniqueness, promise.overlap, promise.space


def draw_many(case: Case, count: int) -> list[str]:
    """``count`` values of the kind the case masks, the same in every run."""
    draw = random.Random(7)
    makers: dict[str, Callable[[], str]] = {
        "int8": lambda: str(draw.randrange(-(2**63), 2**63)),
        "timestamptz": lambda: (
            f"{draw.randrange(1000, 3000)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"
        ),
        "macaddr": lambda: ":".join(f"{draw.randrange(256):02x}" for _ in range(6)),
        "inet": lambda: ".".join(str(draw.randrange(256)) for _ in range(4)),
        "numeric": lambda: f"{draw.randrange(10**9) / 100:.2f}",
        "money": lambda: f"${draw.randrange(10**9) / 100:,.2f}",
        "float8": lambda: repr(draw.uniform(-1e6, 1e6)),
        "int4": lambda: str(draw.randrange(-(2**31), 2**31)),
        "bytea": lambda: "\\x" + draw.randbytes(8).hex(),
        "text": lambda: "".join(draw.choices("abcdefghij 0123456789", k=24)),
    }
    return [makers[case.base]() for _ in range(count)]


def test_every_mask_has_a_case() -> None:
    assert {case.mask for case in CASES} == set(MASKS)


@every_case
@brief
@given(data=st.data())
def test_a_value_has_one_stand_in_whatever_its_block_and_neighbours(case: Case, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | case.values, min_size=1, max_size=30))
    outputs = run(bind(case), values)
    column = pl.Series("v", values, dtype=pl.String)
    bind(case)(column, NO_COLUMNS)
    assert column.to_list() == values
    cut = data.draw(st.integers(0, len(values)))
    assert run(bind(case), values[:cut]) + run(bind(case), values[cut:]) == outputs
    assert run(bind(case), values[::-1]) == outputs[::-1]
    repeated = run(bind(case), values * (3000 // len(values)))
    assert repeated == outputs * (3000 // len(values))


@every_case
@brief
@given(data=st.data())
def test_null_stays_null_and_nothing_else_becomes_null(case: Case, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | case.values, max_size=30))
    outputs = run(bind(case), values)
    assert len(outputs) == len(values)
    if not MASKS[case.mask].makes_null:
        assert [value is None for value in values] == [output is None for output in outputs]
    else:
        assert outputs == [None] * len(values)


@every_case
@brief
@given(data=st.data())
def test_stand_ins_lie_in_the_space_the_mask_declares(case: Case, data: st.DataObject) -> None:
    values = [value for value in data.draw(st.lists(case.values, max_size=30)) if value]
    outputs = [output for output in run(bind(case), list(values)) if output is not None]
    assert [output for output in outputs if not re.fullmatch(case.space, output)] == []
    mask, _, overlap, space = promise_of(case)
    if overlap is Overlap.DISJOINT and space is Space.RESERVED:
        assert mask.in_space is not None
        assert mask.in_space(pl.Series(outputs, dtype=pl.String)).all()


@every_case
@brief
@given(data=st.data())
def test_a_disjoint_mask_lets_no_value_through(case: Case, data: st.DataObject) -> None:
    mask, _, overlap, _ = promise_of(case)
    if overlap is not Overlap.DISJOINT:
        return
    values = pl.Series(
        [value for value in data.draw(st.lists(case.values, max_size=30)) if value], dtype=pl.String
    )
    if mask.in_space is not None:
        values = values.filter(~mask.in_space(values))
    assert not (bind(case)(values, NO_COLUMNS) == values).any()


@pytest.mark.parametrize("case", [case for case in CASES if case.is_keyed], ids=lambda case: case.name)
def test_another_key_and_another_domain_give_other_stand_ins(case: Case) -> None:
    values: list[str | None] = list(draw_many(case, 300))
    outputs = run(bind(case), values)
    for other in (bind(case, OTHER_KEY), bind(case, domain="elsewhere")):
        same = sum(a == b for a, b in zip(outputs, run(other, values), strict=True))
        assert same < len(values) / 5


@every_case
def test_no_two_values_collide_where_the_mask_says_so(case: Case) -> None:
    _, uniqueness, _, _ = promise_of(case)
    values: list[str | None] = list(dict.fromkeys(draw_many(case, 20_000)))
    if uniqueness is not Uniqueness.LOSSY:
        assert len(set(run(bind(case), values))) == len(values)


@every_case
def test_a_lossy_mask_has_no_more_stand_ins_than_its_capacity(case: Case) -> None:
    mask = MASKS[case.mask]
    capacity = mask.capacity(mask.options.model_validate(case.options), context_of(case))
    if capacity is not None and capacity < 100_000:
        outputs = set(run(bind(case), list(draw_many(case, 50_000)))) - {None}
        assert capacity / 2 < len(outputs) <= capacity or case.mask == "null"


@pytest.mark.parametrize("length", [1, 8, 17, 20, 33, 60])
@every_case
def test_a_stand_in_is_never_longer_than_its_column(case: Case, length: int) -> None:
    if case.base != "text":
        return
    mask = MASKS[case.mask]
    if mask.is_opaque:
        return  # it is looked at when it is made
    column = ColumnType(f"varchar({length})", "varchar", length=length)
    context = replace(context_of(case), type=column)
    remedies: list[str] = []
    try:
        bound = mask.bind(mask.options.model_validate(case.options), context)
    except DoesNotFit as refusal:
        remedies.append(refusal.alternative)
    assert all(remedies)
    if remedies:
        return
    values = [value[:length] for value in draw_many(case, 2000)]
    assert max(map(len, filter(None, run(bound, list(values)))), default=0) <= length
