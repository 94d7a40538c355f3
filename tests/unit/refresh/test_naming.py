from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from dbtool.errors import ServerUnreachable, UrlInvalid
from dbtool.refresh import ends
from dbtool.refresh.ends import look_at_source, look_at_target, naming, reaching_again
from dbtool.targets import Target, Tier


def target(url: str) -> Target:
    return Target("staging", Tier.STAGING, lambda: url)


@pytest.mark.parametrize(
    "url", ["STAGING_URL", "mysql://u@h/d", "postgresql://u:a@b@h/d", "postgresql://u@h"]
)
def test_a_wrong_url_is_named_by_its_environment_with_the_state(url: str) -> None:
    with pytest.raises(UrlInvalid, match=r"\Astaging: the URL .*; nothing was done\Z"):
        look_at_target(target(url))


def test_so_is_a_source_s() -> None:
    with pytest.raises(UrlInvalid, match=r"\Astaging: the URL cannot be read.*; nothing was done\Z"):
        look_at_source(target("STAGING_URL"))


def test_an_end_that_cannot_be_reached_is_named_with_what_to_check() -> None:
    with pytest.raises(ServerUnreachable) as refused, naming(target("postgresql://u@h/d")):
        raise ServerUnreachable("cannot connect to h:5432/d")
    assert str(refused.value) == (
        "staging: cannot connect to h:5432/d; nothing was done. Check its URL and that it is running."
    )


def test_one_session_serves_question_after_question_and_none_is_made_for_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Target] = []

    @contextmanager
    def reach(end: Target) -> Iterator[object]:
        made.append(end)
        yield SimpleNamespace(closed=False, info=SimpleNamespace(transaction_status=0))

    monkeypatch.setattr(ends, "reaching", reach)
    with reaching_again(target("STAGING_URL")):
        pass
    assert made == []
    with reaching_again(target("STAGING_URL")) as lend:
        with lend() as first:
            pass
        with lend() as second:
            assert second is first
    assert len(made) == 1
