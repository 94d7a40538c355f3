from collections.abc import Mapping
from typing import Any

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.database import DatabaseFacts
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.refresh.capacity import has_room_beside, judge_capacity
from dbtool.refresh.ends import SourceSeen, TargetSeen
from dbtool.targets import Target, Tier

PRODUCTION = Target("production", Tier.PRODUCTION, lambda: "postgresql://h/shop")
STAGING = Target("staging", Tier.STAGING, lambda: "postgresql://h/staging")
LOG = RelationName("public", "log")
COLUMNS = (Column("day", ColumnType("integer", "int4")),)


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
        "current_user": "ada",
        "is_superuser": False,
        "can_createdb": True,
        "can_end_sessions": True,
        "bytes": 0,
        "has_tls": False,
        "comment": None,
        "marks_columns": False,
    }
    return DatabaseFacts(**{**known, **changed})


def judged(
    source: DatabaseFacts, target: DatabaseFacts, *, partitions: int = 0, jobs: int = 2
) -> list[tuple[str, str]]:
    leaves = [
        Relation(RelationName("public", f"log_{n}"), RelationKind.TABLE, COLUMNS, partition_root=LOG)
        for n in range(partitions)
    ]
    root = Relation(LOG, RelationKind.PARTITIONED_TABLE, COLUMNS)
    source_seen = SourceSeen(source, build_catalog(180001, [root, *leaves]), None, (), 0, ())
    target_seen = TargetSeen(
        target, "staging", None, may_rename=True, made_by_dbtool=False, holds_tables=False
    )
    found = judge_capacity(PRODUCTION, source_seen, STAGING, target_seen, jobs)
    return [(finding.check, finding.where) for finding in found]


@pytest.mark.parametrize(("jobs", "source", "target"), [(1, 3, 4), (2, 3, 4), (3, 4, 4), (8, 9, 9)])
def test_there_must_be_a_connection_for_each_worker_and_for_who_holds_the_rest(
    jobs: int, source: int, target: int
) -> None:
    assert judged(facts(connections=source), facts(connections=target), jobs=jobs) == []
    assert judged(facts(connections=source - 1), facts(connections=target - 1), jobs=jobs) == [
        ("connections-few", "production"),
        ("connections-few", "staging"),
    ]


@pytest.mark.parametrize(("jobs", "enough"), [(1, 6), (2, 8), (8, 20)])
def test_reading_beside_the_restore_takes_as_many_connections_again(jobs: int, enough: int) -> None:
    assert has_room_beside(facts(connections=enough), jobs)
    assert not has_room_beside(facts(connections=enough - 1), jobs)
    assert has_room_beside(facts(), jobs)


def test_more_partitions_than_the_target_has_locks_for_are_told_before_the_restore() -> None:
    assert judged(facts(lock_slots=1), facts(lock_slots=100), partitions=50) == []
    assert judged(facts(lock_slots=1), facts(lock_slots=99), partitions=50) == [("locks-few", "staging")]


def test_what_nobody_has_asked_is_no_finding() -> None:
    assert judged(facts(), facts(), partitions=1000) == []
