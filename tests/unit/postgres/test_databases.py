import pytest

from dbtool.postgres.databases import (
    DatabaseEntry,
    Stamp,
    leftovers,
    name_beside,
    outdated_previous,
    parse_stamp,
    previous_databases,
)

MADE_AT = "20260102030405678"
LONG = "customer_portal_of_the_northern_region_staging"  # 46 bytes: no room for what stands behind it


def entry(name: str, comment: str | None = None) -> DatabaseEntry:
    return DatabaseEntry(name, "owner", comment, -1, "UTF8", 0)


def stamped(name: str, role: str, made_at: str = MADE_AT, live: str = "shop") -> DatabaseEntry:
    return entry(name, Stamp(role, live, made_at).render())


def test_a_stamp_is_read_back_as_it_was_written() -> None:
    stamp = Stamp("previous", 'a "shop"', MADE_AT, "Bob's dbtool:{}\n notes")
    assert parse_stamp(stamp.render()) == stamp


@pytest.mark.parametrize(
    "comment",
    [
        None,
        "",
        "the shop's staging",
        "dbtool",
        "dbtool: ask Operations",
        "dbtool:[]",
        "dbtool:7",
        "dbtool:null",
        "dbtool:{}",
        'dbtool:{"role":"candidate"}',
        'dbtool:{"role":"candidate","target":"shop","made_at":1,"comment":null}',
        'dbtool:{"role":"candidate","target":["shop"],"made_at":"1","comment":null}',
        'dbtool:{"role":"candidate","target":"shop","made_at":"1","comment":2}',
        'dbtool:{"role":"candidate","target":"shop","made_at":"1","comment":null,"more":1}',
        'dbtool:{"role":"candidate"',
    ],
)
def test_a_comment_that_is_not_ours_is_no_stamp(comment: str | None) -> None:
    assert parse_stamp(comment) is None


def test_a_name_beside_live_says_what_it_is() -> None:
    assert name_beside("shop", "candidate", MADE_AT) == f"shop_dbtool_candidate_{MADE_AT}"


@pytest.mark.parametrize("live", ["x" * 63, "ä" * 31, "😀" * 15, LONG, "shop"])
@pytest.mark.parametrize("role", ["candidate", "previous"])
def test_a_name_beside_live_fits_63_bytes_and_is_cut_between_characters(live: str, role: str) -> None:
    name = name_beside(live, role, MADE_AT)
    assert len(name.encode()) <= 63
    assert name.endswith(f"_dbtool_{role}_{MADE_AT}")
    assert live[0] == name[0]


def test_two_long_names_that_begin_alike_get_different_names_beside_them() -> None:
    assert name_beside(LONG + "_a", "candidate", MADE_AT) != name_beside(LONG + "_b", "candidate", MADE_AT)


def test_a_dead_run_s_candidate_is_a_leftover() -> None:
    name = name_beside("shop", "candidate", MADE_AT)
    assert leftovers((entry("shop"), stamped(name, "candidate")), "shop") == (name,)


@pytest.mark.parametrize("live", ["shop", "ä" * 31, LONG])
def test_a_candidate_killed_before_its_stamp_is_known_by_its_name(live: str) -> None:
    name = name_beside(live, "candidate", MADE_AT)
    assert leftovers((entry(live), entry(name)), live) == (name,)


def test_a_renamed_candidate_is_known_by_its_stamp() -> None:
    assert leftovers((stamped("anything", "candidate"),), "shop") == ("anything",)


@pytest.mark.parametrize(
    "other",
    [
        entry("shop"),
        entry("shop_dbtool_candidate_backup"),  # somebody's own
        entry("shop_dbtool_candidate_"),
        entry(f"shop_dbtool_candidate_{MADE_AT}", "Bob keeps this one"),
        entry(f"shop_dbtool_previous_{MADE_AT}"),
        entry(f"shop2_dbtool_candidate_{MADE_AT}"),
        entry(name_beside(LONG + "_b", "candidate", MADE_AT)),
        stamped(f"shop_dbtool_previous_{MADE_AT}", "previous"),
        stamped(f"shop_dbtool_candidate_{MADE_AT}", "candidate", live="shop2"),
        stamped("shop", "candidate"),  # made live by hand
    ],
)
@pytest.mark.parametrize("live", ["shop", LONG + "_a"])
def test_nothing_else_is_a_leftover(other: DatabaseEntry, live: str) -> None:
    assert leftovers((other,), live) == ()


def test_previous_databases_are_newest_first_and_of_one_live_alone() -> None:
    entries = (
        entry("shop"),
        stamped("a", "previous", "20250101000000000"),
        stamped("b", "previous", "20260101000000000"),
        stamped("c", "previous", "20240101000000000"),
        stamped("d", "previous", live="shop2"),
        stamped("e", "candidate"),
    )
    assert [each.name for each in previous_databases(entries, "shop")] == ["b", "a", "c"]
    assert outdated_previous(entries, "shop", 2) == ("c",)
    assert outdated_previous(entries, "shop", 0) == ("b", "a", "c")
    assert outdated_previous(entries, "shop", 3) == ()


def test_a_previous_database_made_live_again_by_hand_is_never_outdated() -> None:
    entries = (stamped("shop", "previous", "20240101000000000"), stamped("a", "previous"))
    assert outdated_previous(entries, "shop", 0) == ("a",)
    assert [each.name for each in previous_databases(entries, "shop")] == ["a"]
