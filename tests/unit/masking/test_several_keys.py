"""Columns that refer to one of several tables, or by several columns: what masks make of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind
from dbtool.findings import Severity
from dbtool.masking.unused_rules import find_unused
from dbtool.rules.loader import load_rules
from tests.unit.masking.coverage_cases import INT8, checks, cover, key, name, ref, spell, table

INT4 = ColumnType("integer", "int4")
BLOG = build_catalog(
    180000, [table("posts", "id"), table("photos", "id"), table("comments", "id target_id target_type")]
)
TO_EITHER = "{from: public.comments.target_id, by: {public.comments.target_type: {post: public.posts.id, photo: public.photos.id, legacy: null}}}"


def rules(posts: str, photos: str, target_type: str = "{keep: r}", more: str = "") -> str:
    return f"""version: 1
relations:
  - {TO_EITHER}
tables:
  public.posts: {{id: {posts}}}
  public.photos: {{id: {photos}}}
  public.comments: {{id: {{keep: r}}, target_type: {target_type}{more}}}
"""


def with_types(posts: ColumnType, photos: ColumnType) -> Catalog:
    keys = {"posts": posts, "photos": photos}
    made = [
        Relation(name(one), RelationKind.TABLE, (Column("id", of_type),)) for one, of_type in keys.items()
    ]
    return build_catalog(180000, [*made, table("comments", "id target_id target_type")])


@pytest.mark.parametrize(("rule", "found"), [("{mask: permute}", "permute"), ("{keep: r}", "keep")])
def test_a_polymorphic_column_has_the_rule_that_all_its_tables_share(
    tmp_path: Path, rule: str, found: str
) -> None:
    coverage = cover(tmp_path, BLOG, rules(rule, rule))
    assert (coverage.findings, coverage.missing) == ((), ())
    assert spell(coverage, "comments.target_id") == found
    assert coverage.decisions[ref("comments.target_id")].inherited_from == ref("photos.id")


def test_the_tables_of_a_polymorphic_column_must_agree(tmp_path: Path) -> None:
    (finding,) = cover(tmp_path, BLOG, rules("{keep: r}", "{mask: permute}")).findings
    assert (finding.check, finding.where) == ("keys-disagree", "public.comments.target_id")
    assert finding.message.replace(f"{tmp_path}/", "") == (
        "public.comments.target_id refers to public.photos.id, which is masked by permute at rules.yaml:6:23, and to "
        "public.posts.id, which is kept at rules.yaml:5:23: it cannot follow both"
    )
    assert finding.remedy == "give public.photos.id and public.posts.id the same rule"


def test_a_polymorphic_columns_own_rule_must_agree_with_every_table(tmp_path: Path) -> None:
    coverage = cover(
        tmp_path, BLOG, rules("{mask: permute}", "{mask: permute}", more=", target_id: {mask: email}")
    )
    assert checks(coverage.findings) == ["rule-contradicts-key", "rule-contradicts-key"]


def test_a_polymorphic_column_asks_for_the_rules_of_its_tables_and_not_for_its_own(tmp_path: Path) -> None:
    text = f"version: 1\nrelations:\n  - {TO_EITHER}\ntables:\n  public.comments: {{id: {{keep: r}}, target_type: {{keep: r}}}}\n"
    coverage = cover(tmp_path, BLOG, text)
    assert [rule.column for rule in coverage.missing] == [ref("photos.id"), ref("posts.id")]


def test_a_column_whose_every_type_refers_to_nothing_has_a_rule_of_its_own(tmp_path: Path) -> None:
    text = """version: 1
relations:
  - {from: public.comments.target_id, by: {public.comments.target_type: {legacy: null}}}
tables:
  public.posts: {id: {keep: r}}
  public.photos: {id: {keep: r}}
  public.comments: {id: {keep: r}, target_type: {keep: r}}
"""
    assert [rule.column for rule in cover(tmp_path, BLOG, text).missing] == [ref("comments.target_id")]


def test_a_type_column_that_is_masked_is_refused_with_its_place(tmp_path: Path) -> None:
    (finding,) = cover(tmp_path, BLOG, rules("{keep: r}", "{keep: r}", "{mask: email}")).findings
    assert (finding.check, finding.severity) == ("type-column-masked", Severity.ERROR)
    assert finding.where.replace(f"{tmp_path}/", "") == "rules.yaml:7:49"
    assert finding.message.replace(f"{tmp_path}/", "") == (
        "public.comments.target_type says by its value which table the relation at rules.yaml:3:5 leads to, and is masked "
        "by email at rules.yaml:7:49: nothing would find what it refers to"
    )
    assert finding.remedy == "keep public.comments.target_type with a reason"


def test_a_type_column_decided_by_path_is_refused(tmp_path: Path) -> None:
    (finding,) = cover(
        tmp_path, BLOG, rules("{keep: r}", "{keep: r}", '{json: {"$.a": {mask: email}}}')
    ).findings
    assert finding.check == "type-column-masked"


def test_a_type_column_that_inherits_a_mask_is_refused(tmp_path: Path) -> None:
    catalog = build_catalog(
        180000,
        [*BLOG.relations.values(), table("types", "code")],
        foreign_keys=(key("comments.target_type", "types.code"),),
    )
    text = rules("{keep: r}", "{keep: r}").replace(", target_type: {keep: r}", "")
    coverage = cover(tmp_path, catalog, f"{text}  public.types: {{code: {{mask: permute}}}}\n")
    assert checks(coverage.findings) == ["type-column-masked"]


def test_the_relation_of_a_partition_speaks_of_its_root(tmp_path: Path) -> None:
    catalog = build_catalog(
        180000,
        [
            table("posts", "id"),
            table("photos", "id"),
            table("events", "id target_id target_type", RelationKind.PARTITIONED_TABLE),
            table("comments", "id target_id target_type", root="events"),
        ],
    )
    text = rules("{mask: permute}", "{mask: permute}", "{mask: email}").replace(
        "public.comments: {", "public.events: {"
    )
    coverage = cover(tmp_path, catalog, text)
    assert checks(coverage.findings) == ["type-column-masked"]
    assert spell(coverage, "events.target_id") == "permute"


def test_keys_of_one_column_that_are_masked_have_one_type(tmp_path: Path) -> None:
    masked = rules("{mask: permute}", "{mask: permute}")
    (finding,) = cover(tmp_path, with_types(INT8, INT4), masked).findings
    assert (finding.check, finding.severity, finding.where) == (
        "keys-differ-in-type",
        Severity.ERROR,
        "public.comments.target_id",
    )
    assert finding.message.replace(f"{tmp_path}/", "") == (
        "public.comments.target_id refers to public.photos.id (integer) and to public.posts.id (bigint), and mask permute "
        "at rules.yaml:6:23 makes its stand-ins for the key's type: rows would no longer find each other"
    )
    assert finding.remedy == "give public.photos.id and public.posts.id one type, or keep both with a reason"
    assert checks(cover(tmp_path, with_types(INT4, INT8), masked).findings) == ["keys-differ-in-type"]


def test_keys_whose_rules_disagree_are_told_so_whatever_their_types(tmp_path: Path) -> None:
    apart = rules("{mask: permute}", "{mask: email}")
    assert checks(cover(tmp_path, with_types(INT8, INT4), apart).findings) == ["keys-disagree"]


@pytest.mark.parametrize(
    ("posts", "photos", "rule"),
    [
        (INT8, INT4, "{keep: r}"),
        (INT8, INT8, "{mask: permute}"),
        (ColumnType("text", "text"), ColumnType("character varying", "varchar"), "{mask: permute}"),
    ],
    ids=["kept", "alike", "spelt alike"],
)
def test_keys_of_one_column_may_have_types_that_make_no_difference(
    tmp_path: Path, posts: ColumnType, photos: ColumnType, rule: str
) -> None:
    assert cover(tmp_path, with_types(posts, photos), rules(rule, rule)).findings == ()


def test_a_composite_relation_inherits_column_by_column(tmp_path: Path) -> None:
    catalog = build_catalog(180000, [table("lines", "tenant number"), table("notes", "tenant line")])
    text = """version: 1
relations:
  - {from: [public.notes.tenant, public.notes.line], to: [public.lines.tenant, public.lines.number]}
tables:
  public.lines: {tenant: {mask: permute}, number: {keep: r}}
"""
    coverage = cover(tmp_path, catalog, text)
    assert (coverage.findings, coverage.missing) == ((), ())
    assert (spell(coverage, "notes.tenant"), spell(coverage, "notes.line")) == ("permute", "keep")


def test_names_in_a_relation_that_the_database_has_not_are_warnings_each_at_its_place(tmp_path: Path) -> None:
    text = f"""version: 1
relations:
  - {TO_EITHER.replace("target_type", "target_kind").replace("public.posts.id", "public.post.id").replace("public.photos.id", "public.photos.key")}
tables:
  public.posts: {{id: {{keep: r}}}}
  public.photos: {{id: {{keep: r}}}}
  public.comments: {{id: {{keep: r}}, target_id: {{keep: r}}, target_type: {{keep: r}}}}
"""
    coverage = cover(tmp_path, BLOG, text)
    assert {finding.severity for finding in coverage.findings} == {Severity.WARNING}
    assert [f"{one.where.rpartition('/')[2]}: {one.message}" for one in coverage.findings] == [
        "rules.yaml:3:5: public.comments has no column target_kind; did you mean target_id?",
        "rules.yaml:3:74: there is no table public.post in this database; did you mean public.posts?",
        "rules.yaml:3:96: public.photos has no column key",
    ]


@pytest.mark.parametrize(
    ("skipped", "found"),
    [
        (
            "comments",
            [
                "there is no table public.posts in this database",
                "there is no table public.photos in this database",
            ],
        ),
        (
            "posts",
            [
                "there is no table public.comments in this database",
                "there is no table public.photos in this database",
            ],
        ),
    ],
)
def test_a_relation_may_speak_of_tables_that_the_subset_skips(
    tmp_path: Path, skipped: str, found: list[str]
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(f"version: 1\nrelations: [{TO_EITHER}]\n")
    findings = find_unused(build_catalog(180000, []), load_rules(file), {name(skipped)})
    assert [finding.message for finding in findings] == found
