"""Of every history: what is applied and what is pending are all of it, and nothing comes before what it stands on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dbtool.migrate.revisions.history import History, Revision


@st.composite
def _histories(draw: st.DrawFn) -> History:
    made: list[Revision] = []
    for number in range(draw(st.integers(0, 12))):
        earlier = [one.id for one in made]
        some = st.lists(st.sampled_from(earlier), unique=True, max_size=3) if earlier else st.just([])
        down, needs = draw(some), draw(some)
        made.append(
            Revision(
                f"r{number}", tuple(down), tuple(needs), (), f"r{number}.py", "", "", has_downgrade=False
            )
        )
    stood_on = {each for one in made for each in one.down}
    return History(tuple(made), "", tuple(one.id for one in made if one.id not in stood_on))


_CASES = _histories().flatmap(
    lambda history: st.tuples(
        st.just(history),
        st.sets(st.sampled_from([one.id for one in history.revisions] + ["unknown"]), max_size=4),
    )
)


@given(_CASES)
def test_applied_and_pending_are_all_and_have_nothing_in_common(case: tuple[History, set[str]]) -> None:
    history, current = case
    applied, pending = history.ancestors(current), {one.id for one in history.pending(current)}
    assert applied | pending == {one.id for one in history.revisions}
    assert not applied & pending
    assert current - {"unknown"} <= applied


@given(_CASES)
def test_nothing_pending_comes_before_what_it_stands_on(case: tuple[History, set[str]]) -> None:
    history, current = case
    there = set(history.ancestors(current))
    for one in history.pending(current):
        assert there.issuperset((*one.down, *one.needs))
        there.add(one.id)


@given(_CASES)
def test_what_is_applied_stands_on_what_is_applied(case: tuple[History, set[str]]) -> None:
    history, current = case
    applied = history.ancestors(current)
    assert all(applied.issuperset((*history.get(one).down, *history.get(one).needs)) for one in applied)


@given(_histories())
def test_a_database_at_the_heads_lacks_nothing(history: History) -> None:
    assert history.pending(history.heads) == ()
