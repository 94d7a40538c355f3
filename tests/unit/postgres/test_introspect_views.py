"""The order of refreshing materialised views."""

from dbtool.postgres.introspect_views import decide_refresh_order
from dbtool.postgres.sql import Row


def _relations(**populated: bool) -> dict[int, Row]:
    return {
        oid: {"kind": "m", "name": name, "populated": flag}
        for oid, (name, flag) in enumerate(populated.items(), start=1)
    }


def _reads(object_: int, read: int, catalog: str = "pg_class", read_catalog: str = "pg_class") -> Row:
    return {"catalog": catalog, "object": object_, "read_catalog": read_catalog, "read_object": read}


def test_what_is_read_comes_first_whatever_the_names() -> None:
    views = _relations(a=True, b=True, c=True)
    assert decide_refresh_order(views, [_reads(1, 3), _reads(3, 2)]) == (2, 3, 1)


def test_views_and_functions_in_between_are_followed() -> None:
    views = _relations(a=True, b=True)
    through = [
        _reads(1, 50),
        _reads(50, 2, read_catalog="pg_proc"),
        _reads(2, 2, catalog="pg_proc"),
    ]
    assert decide_refresh_order(views, through) == (2, 1)


def test_a_function_whose_oid_is_a_views_is_not_that_view() -> None:
    views = _relations(a=True, b=False)
    assert decide_refresh_order(views, [_reads(1, 2, read_catalog="pg_proc")]) == (1,)


def test_a_view_that_was_never_populated_holds_back_those_that_read_it() -> None:
    views = _relations(a=True, never=False, c=True, d=True)
    assert decide_refresh_order(views, [_reads(1, 3), _reads(3, 2)]) == (4,)


def test_functions_that_call_each_other_do_not_hang_it() -> None:
    views = _relations(a=True)
    circle = [
        _reads(1, 8, read_catalog="pg_proc"),
        _reads(8, 9, "pg_proc", "pg_proc"),
        _reads(9, 8, "pg_proc", "pg_proc"),
    ]
    assert decide_refresh_order(views, circle) == (1,)


def test_a_long_chain_is_no_recursion_and_takes_no_time() -> None:
    count = 5000
    views = {oid: {"kind": "m", "populated": True} for oid in range(1, count + 1)}
    chain = [_reads(oid, oid + 1) for oid in range(1, count)]
    assert decide_refresh_order(views, chain) == tuple(range(count, 0, -1))
