from __future__ import annotations

import pytest

from dbtool.clones.server import CloneServer
from dbtool.postgres.parameters import resolve_parameters


def test_what_our_environment_asks_of_other_servers_is_not_asked_of_a_clone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    server = CloneServer("embedded", "127.0.0.1", 4711, "postgres", "p@ss/word")
    found = resolve_parameters(server.url("Odd name?"))
    assert (found["sslmode"], found["dbname"], found["password"]) == ("disable", "Odd name?", "p@ss/word")
