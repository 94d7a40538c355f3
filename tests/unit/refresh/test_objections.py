from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.database import DatabaseFacts
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.digest import ProjectKey
from dbtool.errors import ConsentMissing, FindingsRefuse, TargetRefused
from dbtool.findings import Finding, Severity
from dbtool.postgres.databases import DatabaseEntry
from dbtool.postgres.stamp import RefreshStamp
from dbtool.refresh.ends import SourceSeen, TargetSeen, refuse_same_database
from dbtool.refresh.objections import judge_key, judge_source, judge_target
from dbtool.refresh.preflight import refuse_errors, require_consent
from dbtool.refresh.request import RefreshRequest
from dbtool.rules.model import RuleSet
from dbtool.targets import Target, Tier

USERS = RelationName("public", "users")
TABLE = Relation(USERS, RelationKind.TABLE, (Column("id", ColumnType("bigint", "int8")),))
PRODUCTION = Target("production", Tier.PRODUCTION, lambda: "postgresql://h/shop")
LIVE = DatabaseEntry("shop", "owner", None, -1, "UTF8", 0)


def facts(**changed: Any) -> DatabaseFacts:
    known: Mapping[str, Any] = {
        "name": "shop",
        "encoding": "UTF8",
        "collate": "C",
        "ctype": "C",
        "locale_provider": "c",
        "icu_locale": None,
        "icu_rules": None,
        "collation_version": None,
        "system_identifier": 1,
        "is_standby": False,
        "server_version": "18.1",
        "server_version_num": 180001,
        "block_size": 8192,
        "current_user": "o'hara",
        "is_superuser": False,
        "can_createdb": True,
        "can_end_sessions": True,
        "bytes": 0,
        "has_tls": False,
        "comment": None,
        "marks_columns": False,
    }
    return DatabaseFacts(**{**known, **changed})


def source(**changed: Any) -> SourceSeen:
    known: dict[str, Any] = {
        "facts": facts(),
        "catalog": build_catalog(180001, [TABLE]),
        "stamp": None,
        "hidden": (),
        "writable": 0,
        "schema_texts": (),
    }
    return SourceSeen(**{**known, **changed})


def target(**changed: Any) -> TargetSeen:
    known: dict[str, Any] = {
        "facts": facts(),
        "live_name": "shop",
        "live": LIVE,
        "may_rename": True,
        "made_by_dbtool": True,
        "holds_tables": True,
    }
    return TargetSeen(**{**known, **changed})


def staging(**changed: Any) -> Target:
    return Target("staging", Tier.STAGING, lambda: "postgresql://h/shop", **changed)


def request(**changed: Any) -> RefreshRequest:
    known: dict[str, Any] = {
        "source": PRODUCTION,
        "target": staging(),
        "rules": RuleSet({}),
        "key": ProjectKey(b"k" * 32),
        "state": Path("state"),
        "now": lambda: datetime(2026, 1, 2, tzinfo=UTC),
    }
    return RefreshRequest(**{**known, **changed})


def told(findings: Any) -> list[tuple[str, str, str]]:
    return [(finding.check, str(finding.severity), finding.where) for finding in findings]


def test_two_fit_ends_have_nothing_against_them() -> None:
    assert told(judge_source(PRODUCTION, source())) == []
    assert told(judge_target(staging(), target(), 18)) == []


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"hidden": (USERS,)}, ("rows-hidden", "error", "public.users")),
        ({"catalog": build_catalog(180001, [])}, ("source-empty", "error", "production")),
        (
            {"catalog": build_catalog(180001, [TABLE], not_copied=("1 foreign table",))},
            ("not-copied", "warning", "production"),
        ),
        ({"stamp": RefreshStamp("20260101", "production", "abc")}, ("already-masked", "error", "production")),
        ({"writable": 3}, ("source-writable", "info", "production")),
    ],
)
def test_what_speaks_against_a_source_is_found(seen: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert told(judge_source(PRODUCTION, source(**seen))) == [expected]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"facts": facts(server_version_num=170005)}, "target-older"),
        ({"facts": facts(can_createdb=False)}, "no-createdb"),
        ({"may_rename": False}, "not-owner"),
    ],
)
def test_what_speaks_against_a_target_is_found(seen: dict[str, Any], expected: str) -> None:
    assert told(judge_target(staging(), target(**seen), 18)) == [(expected, "error", "staging")]


def test_a_newer_target_and_a_superuser_are_fit() -> None:
    seen = target(facts=facts(can_createdb=False, is_superuser=True, server_version_num=180001))
    assert told(judge_target(staging(), seen, 15)) == []


def test_remedies_can_be_pasted_whatever_the_names() -> None:
    seen = target(facts=facts(can_createdb=False), may_rename=False, live_name="My Shop")
    remedies = [finding.remedy for finding in judge_target(staging(), seen, 18)]
    assert remedies == ['ALTER ROLE "o\'hara" CREATEDB', 'ALTER DATABASE "My Shop" OWNER TO "o\'hara"']


def test_errors_refuse_and_carry_everything() -> None:
    findings = tuple(Finding("c", severity, "w", "m") for severity in Severity)
    with pytest.raises(
        FindingsRefuse, match=r"^1 finding must be settled first; nothing was copied and staging"
    ):
        refuse_errors(request(), findings)
    with pytest.raises(FindingsRefuse, match=r"^2 findings must") as failure:
        refuse_errors(request(), (*findings, *findings))
    assert failure.value.findings == (*findings, *findings)
    refuse_errors(request(), findings[:2])


@pytest.mark.parametrize(
    "seen",
    [{"live": None}, {"made_by_dbtool": True}, {"made_by_dbtool": False, "holds_tables": False}],
)
def test_what_nobody_would_miss_needs_no_consent(seen: dict[str, Any]) -> None:
    require_consent(request(), target(**seen))


def test_tables_that_dbtool_never_made_need_consent_once() -> None:
    seen = target(made_by_dbtool=False)
    with pytest.raises(
        ConsentMissing, match=r"^staging holds tables .* dbtool refresh production staging --yes$"
    ):
        require_consent(request(), seen)
    require_consent(request(adopt=True), seen)


@pytest.mark.parametrize(
    ("same_server", "seen", "restored", "refusal"),
    [
        (False, {"facts": facts(is_standby=True)}, None, "is a standby server"),
        (True, {}, None, "are the same database"),
        (True, {"live_name": "other"}, None, None),
        (False, {}, None, "has the system identifier of production"),
        (False, {}, "a base backup", None),
        (False, {"live_name": "other"}, None, None),
        (False, {"facts": facts(system_identifier=2)}, None, None),
        (False, {"facts": facts(system_identifier=None)}, None, None),
    ],
)
def test_the_same_database_is_refused_however_it_is_reached(
    same_server: bool,
    seen: dict[str, Any],
    restored: str | None,
    refusal: str | None,
) -> None:
    asked = request(target=staging(restored_from_source=restored))
    if refusal is None:
        refuse_same_database(asked, source(), target(**seen), same_server=same_server)
    else:
        with pytest.raises(TargetRefused, match=refusal):
            refuse_same_database(asked, source(), target(**seen), same_server=same_server)


@pytest.mark.parametrize(("before", "warned"), [("aaaa", True), ("bbbb", False), (None, False)])
def test_another_key_than_the_last_refresh_s_is_told_of(before: str | None, *, warned: bool) -> None:
    found = list(judge_key(staging(), target(key_id=before), "bbbb"))
    assert [(one.check, one.severity) for one in found] == [("key-changed", Severity.WARNING)] * warned
