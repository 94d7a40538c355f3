"""Which psql reads the target's rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dbtool.refresh.preflight import Preflight


def psql_for(psql: Any, *, target_has_tls: bool) -> Any:
    target = SimpleNamespace(facts=SimpleNamespace(has_tls=target_has_tls))
    checked: dict[str, Any] = {"source": None, "target": target, "tools": SimpleNamespace(psql=psql)}
    return Preflight(**checked, inputs=cast("Any", None), plan=cast("Any", None), findings=()).target_psql


@pytest.mark.parametrize(
    ("psql_has_tls", "target_has_tls", "is_taken"),
    [(True, True, True), (True, False, True), (False, False, True), (False, True, False)],
)
def test_a_psql_without_tls_is_not_sent_where_the_target_asked_for_it(
    *, psql_has_tls: bool, target_has_tls: bool, is_taken: bool
) -> None:
    psql = SimpleNamespace(has_tls=psql_has_tls)
    assert (psql_for(psql, target_has_tls=target_has_tls) is psql) == is_taken


def test_where_there_is_no_psql_there_is_none() -> None:
    assert psql_for(None, target_has_tls=True) is None
    assert psql_for(None, target_has_tls=False) is None
