"""Kept columns that are named like credentials."""

from __future__ import annotations

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import ColumnType
from dbtool.findings import Severity
from dbtool.masking.coverage import decide
from dbtool.masking.masks import MASKS
from dbtool.rules.model import Decision
from tests.unit.masking.compile_cases import INT8, KEEP, TEXT, rules, table, use


def told(name: str, kind: ColumnType, decision: Decision) -> list[tuple[str, Severity]]:
    catalog = build_catalog(180000, [table("users", **{name: kind})])
    findings = decide(catalog, rules(users={name: decision}), MASKS).findings
    return [(finding.check, finding.severity) for finding in findings]


@pytest.mark.parametrize(
    "name", ["api_key", "access_token", "client_secret", "password_hash", "refreshToken", "session_key"]
)
def test_a_kept_credential_is_warned_of(name: str) -> None:
    assert told(name, TEXT, KEEP) == [("credential-kept", Severity.WARNING)]


@pytest.mark.parametrize(
    ("name", "kind", "decision"),
    [
        ("api_key", TEXT, use("token")),
        ("password", TEXT, use("empty")),
        ("token_count", INT8, KEEP),
        ("secret_type", TEXT, KEEP),
        ("keyboard", TEXT, KEEP),
    ],
)
def test_nothing_is_said_of_what_is_masked_or_is_none(
    name: str, kind: ColumnType, decision: Decision
) -> None:
    assert told(name, kind, decision) == []
