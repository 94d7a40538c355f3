"""A clone within the test's own process, of databases that the fixtures made."""

from __future__ import annotations

from typing import Any

from dbtool.migrate.clone.make import Clone, CloneRequest
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from dbtool.targets import Target, Tier


def request_for(target: str, staging: str | None = None, **options: Any) -> CloneRequest:
    return CloneRequest(
        target=Target("production", Tier.PRODUCTION, lambda: target),
        data="schema" if staging is None else "staging",
        staging=Target("staging", Tier.STAGING, lambda: staging) if staging else None,
        **options,
    )


def compare_catalogs(url: str, clone: Clone) -> None:
    with connect(url) as connection:
        expected = read_catalog(connection)
    assert set(clone.catalog_before.description()) == set(expected.description())
    assert clone.catalog_before.fingerprint() == expected.fingerprint()
