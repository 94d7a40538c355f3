from dbtool.postgres.databases import DatabaseEntry, Stamp, outdated_previous, parse_stamp
from dbtool.postgres.rename import Rename
from dbtool.refresh.swap import SwapPlan, plan_swap

MADE_AT = "20260102030405678"
PREVIOUS = f"shop_dbtool_previous_{MADE_AT}"


def live(comment: str | None) -> DatabaseEntry:
    return DatabaseEntry("shop", "owner", comment, -1, "UTF8", 0)


def test_without_a_live_database_the_candidate_takes_the_name_and_loses_its_stamp() -> None:
    assert plan_swap(None, "shop", "candidate", MADE_AT) == SwapPlan(
        (Rename("candidate", "shop"),), (("shop", None),)
    )


def test_live_becomes_previous_before_the_candidate_becomes_live() -> None:
    plan = plan_swap(live("the staging shop"), "shop", "candidate", MADE_AT)
    assert plan.renames == (Rename("shop", PREVIOUS), Rename("candidate", "shop"))


def test_live_s_comment_goes_over_and_is_kept_in_previous_s_stamp() -> None:
    comments = dict(plan_swap(live("the staging shop"), "shop", "candidate", MADE_AT).comments)
    assert comments["shop"] == "the staging shop"
    assert parse_stamp(comments[PREVIOUS]) == Stamp("previous", "shop", MADE_AT, "the staging shop")


def test_a_previous_made_live_again_by_hand_passes_on_its_comment_and_not_its_stamp() -> None:
    """With the stamp, the new live database would count as an outdated previous one, and be dropped."""
    restored = live(Stamp("previous", "shop", "20240101000000000", "the staging shop").render())
    comments = dict(plan_swap(restored, "shop", "candidate", MADE_AT).comments)
    assert comments["shop"] == "the staging shop"
    assert parse_stamp(comments[PREVIOUS]) == Stamp("previous", "shop", MADE_AT, "the staging shop")
    after = tuple(DatabaseEntry(name, "owner", text, -1, "UTF8", 0) for name, text in comments.items())
    assert outdated_previous(after, "shop", 1) == ()
