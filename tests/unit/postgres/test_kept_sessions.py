from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dbtool.postgres.kept_sessions import KeptSessions


class Server:
    """Counts its sessions."""

    def __init__(self) -> None:
        self.made = 0
        self.living: set[int] = set()

    @contextmanager
    def session(self) -> Iterator[int]:
        self.made += 1
        number = self.made
        self.living.add(number)
        try:
            yield number
        finally:
            self.living.remove(number)


def test_one_after_the_other_uses_one_session_and_none_is_left() -> None:
    server = Server()
    with KeptSessions(server.session) as kept:
        for _ in range(3):
            with kept.lend() as session:
                assert session == 1
        assert server.living == {1}
    assert server.living == set()


def test_two_at_a_time_have_one_each() -> None:
    server = Server()
    with KeptSessions(server.session) as kept:
        with kept.lend() as first, kept.lend() as second:
            assert (first, second) == (1, 2)
        assert server.living == {1, 2}
    assert server.living == set()


def test_what_failed_is_not_lent_again_nor_are_those_that_were_free() -> None:
    server = Server()
    with KeptSessions(server.session) as kept:
        with kept.lend(), kept.lend():
            pass
        with pytest.raises(ZeroDivisionError), kept.lend():
            1 / 0  # noqa: B018  any failure of the work
        assert server.living == set()
        with kept.lend() as fresh:
            assert fresh == 3


@contextmanager
def refusing_to_end(server: Server, *numbers: int) -> Iterator[int]:
    """As a session whose server has ended it does where it is to say goodbye."""
    with server.session() as number:
        yield number
        if number in numbers:
            raise ConnectionError


def test_a_session_that_died_while_it_was_free_fails_nobody_and_the_others_end() -> None:
    server = Server()
    with KeptSessions(lambda: refusing_to_end(server, 2)) as kept, kept.lend(), kept.lend(), kept.lend():
        pass
    assert server.made == 3
    assert server.living == set()


def test_a_failure_is_told_as_it_was_though_the_free_sessions_are_dead_too() -> None:
    server = Server()
    with KeptSessions(lambda: refusing_to_end(server, 1, 2, 3)) as kept:
        with kept.lend(), kept.lend(), kept.lend():
            pass
        with pytest.raises(ZeroDivisionError), kept.lend():
            1 / 0  # noqa: B018  any failure of the work
    assert server.living == set()


def test_one_that_cannot_be_made_is_the_borrower_s_failure() -> None:
    @contextmanager
    def unreachable() -> Iterator[int]:
        raise ConnectionError
        yield 0

    with KeptSessions(unreachable) as kept, pytest.raises(ConnectionError), kept.lend():
        pass


def test_threads_never_share_one() -> None:
    server, lent, twice = Server(), set[int](), list[int]()
    lock = threading.Lock()

    def work(kept: KeptSessions[int]) -> None:
        for _ in range(300):
            with kept.lend() as session:
                with lock:
                    twice.extend({session} & lent)
                    lent.add(session)
                with lock:
                    lent.remove(session)

    with KeptSessions(server.session) as kept:
        threads = [threading.Thread(target=work, args=(kept,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.made <= 4
    assert not twice
    assert not server.living


def test_one_that_is_not_fit_when_it_comes_back_is_not_lent_again() -> None:
    """Whose work bore with the failure that its session died of."""
    server = Server()
    with KeptSessions(server.session, lambda session: session != 1) as kept:
        lent = []
        for _ in range(3):
            with kept.lend() as session:
                lent.append(session)
        assert lent == [1, 2, 2]
        assert server.living == {2}
    assert server.living == set()
