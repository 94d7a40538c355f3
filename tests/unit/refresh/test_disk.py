from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import Relation, RelationKind, RelationName
from dbtool.refresh.disk import DiskSeen, find_free, judge_disk
from dbtool.targets import Target, Tier

KEPT = RelationName("public", "kept")


def source(*, size: int, is_subset: bool = False, preserved: frozenset[RelationName] = frozenset()) -> Any:
    catalog = build_catalog(180000, [Relation(KEPT, RelationKind.TABLE, (), bytes=30_000_000)])
    return SimpleNamespace(
        facts=SimpleNamespace(bytes=size),
        catalog=catalog,
        left_out=frozenset(),
        preserved=preserved,
        is_subset=is_subset,
    )


def staging(limit: int | None = None) -> Target:
    return Target("staging", Tier.STAGING, lambda: "", disk_limit=limit)


def messages(target: Target, disk: DiskSeen, **of_source: Any) -> list[str]:
    return [one.message for one in judge_disk(target, source(**of_source), disk)]


def test_what_fits_is_not_spoken_of_and_where_nothing_is_known_nothing_is_said() -> None:
    assert messages(staging(), DiskSeen(10**9), size=10**12) == []
    assert messages(staging(10**9), DiskSeen(500_000_000, free=500_000_000), size=500_000_000) == []


def test_what_all_databases_take_counts_against_the_limit() -> None:
    (told,) = messages(staging(10**9), DiskSeen(500_000_000), size=500_000_001)
    assert "up to 500 MB beside what is there" in told
    assert "500 MB are left of the 1,000 MB that dbtool.toml gives staging (disk_limit)" in told


def test_what_is_free_on_this_machine_counts() -> None:
    (told,) = messages(staging(), DiskSeen(0, free=99_000_000), size=100_000_000)
    assert "99 MB are left where the target's server keeps its files" in told


def test_what_the_run_drops_first_counts_as_free() -> None:
    disk = DiskSeen(10**9, dropped=200_000_000, free=0)
    assert messages(staging(10**9), disk, size=200_000_000) == []
    assert len(messages(staging(10**9), disk, size=200_000_001)) == 1
    assert messages(staging(None), disk, size=200_000_000) == []
    assert len(messages(staging(None), disk, size=200_000_001)) == 1


def test_what_dbtool_toml_says_counts_in_place_of_what_is_free() -> None:
    disk = DiskSeen(10**9, free=0)
    assert messages(staging(2 * 10**9), disk, size=10**9) == []
    assert len(messages(staging(None), disk, size=10**9)) == 1


def test_tables_that_are_not_copied_take_nothing_and_of_a_subset_nothing_is_known() -> None:
    disk = DiskSeen(0, free=70_000_000)
    assert len(messages(staging(), disk, size=100_000_000)) == 1
    assert messages(staging(), disk, size=100_000_000, preserved=frozenset({KEPT})) == []
    assert messages(staging(), disk, size=100_000_000, is_subset=True) == []


def test_the_oldest_database_that_is_kept_is_the_one_to_drop() -> None:
    disk = DiskSeen(0, free=0, previous=(("newer", 1), ("older", 5_000_000)))
    (finding,) = judge_disk(staging(), source(size=1), disk)
    assert 'DROP DATABASE "older" (5 MB)' in finding.remedy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1\n/d\n1700000000\n5432\n", 7),
        ("1\n/d\n1700000000\n5433\n", None),
        ("1\n/d\n1700000099\n5432\n", None),
        ("1\n/d\nnever\n5432\n", None),
        ("1\n", None),
        (None, None),
    ],
)
def test_a_folder_is_this_machine_s_where_its_server_has_the_port_and_was_started_then(
    tmp_path: Path, text: str | None, expected: int | None
) -> None:
    if text is not None:
        (tmp_path / "postmaster.pid").write_text(text)
    assert find_free(tmp_path, 5432, 1_700_000_003, lambda _folder: 7) == expected
