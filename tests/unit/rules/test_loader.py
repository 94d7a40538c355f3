"""Rule files that are right: what they mean, alone and together."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest

from dbtool.catalog.relations import RelationName
from dbtool.errors import RulesInvalid
from dbtool.rules.loader import load_rules
from dbtool.rules.model import Decision, DocumentPaths, Keep, MaskUse, RuleSet
from dbtool.rules.position import Position

USERS = RelationName("public", "users")


def load(folder: Path, text: str) -> RuleSet:
    file = folder / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    return load_rules(file)


def decide(folder: Path, rule: str, *, domains: str = "{}") -> Decision:
    """The decision of one column, written as ``rule``."""
    text = f"version: 1\ndomains: {domains}\ntables:\n  public.users:\n    c: {rule}\n"
    return load(folder, text).tables[USERS].columns[0].decision


def use(folder: Path, rule: str, *, domains: str = "{}") -> MaskUse:
    decision = decide(folder, rule, domains=domains)
    assert isinstance(decision, MaskUse)
    return decision


def problems(path: Path) -> list[str]:
    with pytest.raises(RulesInvalid) as caught:
        load_rules(path)
    return [problem.replace(f"{path}/", "") for problem in caught.value.problems]


def test_keep_carries_its_reason_and_place(tmp_path: Path) -> None:
    kept = decide(tmp_path, "{keep: surrogate key}")
    assert kept == Keep("surrogate key", Position(str(tmp_path / "rules.yaml"), 5, 9))


def test_a_mask_is_its_own_domain(tmp_path: Path) -> None:
    masked = use(tmp_path, "{mask: email}")
    assert (masked.mask, masked.domain, dict(masked.options), masked.canonical) == (
        "email",
        "email",
        {},
        None,
    )


def test_a_mask_named_null_is_a_name(tmp_path: Path) -> None:
    assert use(tmp_path, "{mask: null}").mask == "null"
    assert use(tmp_path, "{mask: 'null'}").mask == "null"


def test_a_domain_brings_its_mask_options_and_steps(tmp_path: Path) -> None:
    masked = use(
        tmp_path,
        "{domain: person}",
        domains="{person: {mask: email, canonical: [trim, nfc], space: private}}",
    )
    assert (masked.mask, masked.domain) == ("email", "person")
    assert (masked.canonical, dict(masked.options)) == (("trim", "nfc"), {"space": "private"})


def test_a_domain_named_after_the_mask_is_what_the_mask_uses(tmp_path: Path) -> None:
    masked = use(tmp_path, "{mask: email}", domains="{email: {mask: email, canonical: trim}}")
    assert masked.canonical == ("trim",)


def test_a_mask_may_name_a_domain_nobody_defined(tmp_path: Path) -> None:
    masked = use(tmp_path, "{mask: permute_digits, domain: card_last4}")
    assert (masked.mask, masked.domain) == ("permute_digits", "card_last4")


def test_options_are_read_as_yaml_1_2_reads_them(tmp_path: Path) -> None:
    rule = "{mask: m, a: 30, b: 1.5, c: true, d: no, e: '30', f: 2024-01-31, g: 12:30, h: 010, i: [1, x], j: ~, k: {l: 0}}"
    assert dict(use(tmp_path, rule).options) == {
        "a": 30,
        "b": 1.5,
        "c": True,
        "d": "no",
        "e": "30",
        "f": "2024-01-31",
        "g": "12:30",
        "h": "010",
        "i": [1, "x"],
        "j": None,
        "k": {"l": 0},
    }


def test_by_names_columns_and_is_no_option(tmp_path: Path) -> None:
    masked = use(tmp_path, "{mask: shift_date, by: [id, tenant_id], days: 30}")
    assert (masked.by, dict(masked.options)) == (("id", "tenant_id"), {"days": 30})


def test_canonical_may_be_empty(tmp_path: Path) -> None:
    assert use(tmp_path, "{mask: email, canonical: []}").canonical == ()


def test_several_columns_share_a_rule(tmp_path: Path) -> None:
    rules = load(
        tmp_path,
        "version: 1\ntables:\n  public.users:\n    [starts_on, ends_on]: {mask: shift_date, by: id}\n",
    )
    (rule,) = rules.tables[USERS].columns
    assert rule.columns == ("starts_on", "ends_on")


def test_json_paths_may_be_kept_without_a_reason(tmp_path: Path) -> None:
    rule = '{json: {"$.theme": keep, "$.a": {keep: public}, "$.phone": {mask: phone}}, unknown: drop}'
    decision = decide(tmp_path, rule)
    assert isinstance(decision, DocumentPaths)
    assert decision.unknown == "drop"
    reasons = {path: one.reason for path, one in decision.paths.items() if isinstance(one, Keep)}
    assert reasons == {"$.theme": "", "$.a": "public"}
    at = Position(str(tmp_path / "rules.yaml"), 5, len("    c: ") + rule.index("{mask") + 1)
    assert decision.paths["$.phone"] == MaskUse("phone", "phone", at)


def test_an_unknown_json_path_is_an_error_by_default(tmp_path: Path) -> None:
    decision = decide(tmp_path, '{json: {"$.theme": keep}}')
    assert isinstance(decision, DocumentPaths)
    assert decision.unknown == "error"


def test_xml_has_paths_and_the_namespaces_of_their_prefixes(tmp_path: Path) -> None:
    rule = '{xml: {"/s:a/@id": keep, "//b": {mask: phone}}, namespaces: {s: "urn:shop", "": "urn:none"}}'
    decision = decide(tmp_path, rule)
    assert isinstance(decision, DocumentPaths)
    assert (decision.writing, decision.unknown) == ("xml", "error")
    assert [*decision.paths] == ["/s:a/@id", "//b"]
    assert decision.namespaces == {"s": "urn:shop", "": "urn:none"}


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("id", "id"),
        ("CustomerID", "CustomerID"),
        ('"Order Date"', "Order Date"),
        ("'\"Order Date\"'", "Order Date"),
        ("on", "on"),
        ("null", "null"),
        ("1", "1"),
        ("'say \"hi\"'", 'say "hi"'),
        ("ключ", "ключ"),
    ],
)
def test_a_columns_key_is_its_exact_name(tmp_path: Path, key: str, column: str) -> None:
    rules = load(tmp_path, f"version: 1\ntables:\n  public.users:\n    {key}: {{mask: m}}\n")
    assert rules.tables[USERS].columns[0].columns == (column,)


def test_virtual_references(tmp_path: Path) -> None:
    text = 'version: 1\nrelations:\n  - {from: public.events.user_id, to: public."User Accounts"."ID"}\n'
    (reference,) = load(tmp_path, text).virtual_references
    assert (str(reference.relation), reference.column) == ("public.events", "user_id")
    assert (reference.referenced, reference.referenced_column) == (
        RelationName("public", "User Accounts"),
        "ID",
    )
    assert reference.at.line == 3


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text("version: 1\ntables: {public.b: {id: {domain: person}}}\n")
    (tmp_path / "a.yaml").write_text("version: 1\ndefaults: {locale: en_GB}\ntables: {public.a: {}}\n")
    (tmp_path / "c.yaml").write_text("version: 1\ndomains: {person: {mask: email}}\n")
    (tmp_path / "notes.txt").write_text("nothing of ours")
    rules = load_rules(tmp_path)
    assert [Path(name).name for name in rules.files] == ["a.yaml", "b.yml", "c.yaml"]
    assert [str(name) for name in rules.tables] == ["public.a", "public.b"]
    assert rules.locale == "en_GB"


def test_the_digest_is_that_of_the_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("version: 1\n# b\n")
    (tmp_path / "a.yaml").write_text("version: 1\n# a\n")
    expected = hashlib.sha256(b"version: 1\n# a\nversion: 1\n# b\n").hexdigest()
    assert load_rules(tmp_path).digest == expected


def test_included_files_are_read_once_whoever_names_them(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "people.yaml").write_text(
        "version: 1\ninclude: ../main.yaml\ndomains: {person: {mask: email}}\n"
    )
    (tmp_path / "main.yaml").write_text(
        "version: 1\ninclude: [shared/people.yaml, shared]\ntables: {public.users: {c: {domain: person}}}\n"
    )
    rules = load_rules(tmp_path / "main.yaml")
    assert len(rules.files) == 2
    assert rules.tables[USERS].columns


def test_a_file_is_called_by_the_shortest_way_to_it(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "main.yaml").write_text("version: 1\ninclude: ../more.yaml\n")
    (tmp_path / "more.yaml").write_text("version: 1\ntables: {public.users: {id: {keep: a key}}}\n")
    rules = load_rules(tmp_path / "rules")
    assert rules.files == (str(tmp_path / "rules" / "main.yaml"), str(tmp_path / "more.yaml"))
    (tmp_path / "elsewhere" / "rules").mkdir(parents=True)
    (tmp_path / "elsewhere" / "more.yaml").write_text("version: 1\n")
    (tmp_path / "linked").symlink_to(tmp_path / "elsewhere" / "rules")
    (tmp_path / "linked" / "main.yaml").write_text("version: 1\ninclude: ../more.yaml\n")
    linked = load_rules(tmp_path / "linked" / "main.yaml")
    assert linked.files[1] == str(tmp_path / "linked" / ".." / "more.yaml")


def test_what_two_files_say_twice_is_named_with_both_places(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "version: 1\ndefaults: {locale: en_GB}\ndomains: {person: {mask: email}}\ntables: {public.users: {}}\n"
    )
    (tmp_path / "b.yaml").write_text(
        "version: 1\ndefaults: {locale: de_DE}\ndomains: {person: {mask: email}}\ntables: {public.users: {}}\n"
    )
    assert problems(tmp_path) == [
        "b.yaml:2:20: locale de_DE differs from en_GB at a.yaml:2:20",
        "b.yaml:3:11: domain person is already defined at a.yaml:3:19",
        "b.yaml:4:10: public.users already has its rules at a.yaml:4:10; write them in one place",
    ]


def test_problems_come_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    (tmp_path / "z.yaml").write_text("version: 1\nsubset: {}\n")
    (tmp_path / "a.yaml").write_text("version: 1\ntables: {public.t: {c: keep}}\nprofiles: []\n")
    places = [":".join(problem.split(":")[:2]) for problem in problems(tmp_path)]
    assert places == ["a.yaml:2", "a.yaml:3", "z.yaml:2"]


def test_a_folder_without_rule_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulesInvalid, match="the folder holds no rule file"):
        load_rules(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        RulesInvalid, match=r"missing\.yaml: there is no such .*; make \S+/missing\.yaml with"
    ):
        load_rules(tmp_path / "missing.yaml")
    with pytest.raises(RulesInvalid, match=r"rules: there is no such .*; make \S+/rules/main\.yaml with"):
        load_rules(tmp_path / "rules")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_bytes(b"\xef\xbb\xbfversion: 1\n")
    assert load_rules(file).tables == {}


def test_ten_thousand_columns_are_read_within_two_seconds(tmp_path: Path) -> None:
    columns = "".join(f"    c{number}: {{keep: a reason}}\n" for number in range(100))
    tables = "".join(f"  public.t{number}:\n{columns}" for number in range(100))
    start = time.process_time()  # other tests run at the same time
    rules = load(tmp_path, f"version: 1\ntables:\n{tables}")
    assert len(rules.tables) == 100
    assert time.process_time() - start < 2


def test_options_know_where_they_stand_however_they_are_used(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "domains.yaml").write_text(
        "version: 1\ndomains:\n  branch: {mask: dictionary, file: 'x.txt'}\n"
    )
    main = tmp_path / "main.yaml"
    main.write_text("version: 1\ninclude: [more]\ntables:\n  public.t:\n    a: {domain: branch}\n")
    (rule,) = load_rules(main).tables[RelationName("public", "t")].columns
    assert isinstance(rule.decision, MaskUse)
    assert rule.decision.at == Position(str(main), 5, 8)
    place = rule.decision.places["file"]
    assert (Path(place.file).parent, place.line, place.column) == (tmp_path / "more", 3, 37)
