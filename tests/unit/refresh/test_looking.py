"""Both ends are looked at while the rest is loaded: once ahead, then anew."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, cast

import pytest

from dbtool.errors import ServerUnreachable
from dbtool.refresh import looking
from dbtool.refresh.looking import EndsSeen, looking_ahead
from dbtool.refresh.request import RefreshRequest

REQUEST = cast("RefreshRequest", "what is asked for")


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was asked for by each look; the second asks in vain."""
    asked: list[Any] = []

    def look(request: RefreshRequest) -> EndsSeen:
        asked.append(request)
        if str(request) == "what cannot be reached":
            raise ServerUnreachable("nobody answers")
        return cast("EndsSeen", f"seen {len(asked)}")

    monkeypatch.setattr(looking, "look_at_ends", look)
    return asked


def test_who_looks_first_is_given_what_was_seen_ahead_and_then_looks_anew(looks: list[Any]) -> None:
    with looking_ahead(REQUEST) as look:
        again = cast("RefreshRequest", "asked again")
        assert list(map(str, (look(again), look(again)))) == ["seen 1", "seen 2"]
    assert looks == [REQUEST, again]


def test_what_failed_ahead_is_told_to_who_asks_for_it(looks: list[Any]) -> None:
    with looking_ahead(cast("RefreshRequest", "what cannot be reached")) as look:
        with pytest.raises(ServerUnreachable):
            look(REQUEST)
        look(REQUEST)
    assert len(looks) == 2


def test_what_failed_ahead_is_nobodys_failure_where_nobody_asks(looks: list[Any]) -> None:
    with looking_ahead(cast("RefreshRequest", "what cannot be reached")):
        pass
    with pytest.raises(KeyError), looking_ahead(cast("RefreshRequest", "what cannot be reached")):
        raise KeyError
    assert len(looks) == 2


def test_nothing_that_takes_long_to_load_is_loaded_to_look() -> None:
    """With it the servers would be looked at no sooner than masks are ready."""
    loading = (
        "import sys, dbtool.refresh.looking, dbtool.cli.refresh, dbtool.rules.loader\n"
        "print([name for name in ('polars', 'numpy', 'faker', 'dbtool.masking.mask') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", loading], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
