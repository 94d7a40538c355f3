from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.constraints import Sequence
from dbtool.catalog.relations import Relation, RelationKind, RelationName
from dbtool.errors import ConfigurationInvalid, Interrupted
from dbtool.postgres import candidate
from dbtool.postgres.candidate import SequenceValue
from dbtool.refresh import post_data
from dbtool.refresh.after_load import read_script
from dbtool.refresh.post_data import SEQUENCE_MARGIN, analyze_candidate, plan_sequence
from dbtool.refresh.request import Cancellation
from dbtool.targets import Target, Tier

NAME = RelationName("public", "users_id_seq")
TARGET = Target("staging", Tier.STAGING, lambda: "postgresql://h/d")
INT4_MAX = 2**31 - 1


def sequence(**changed: Any) -> Sequence:
    return Sequence(NAME, **changed)


@pytest.mark.parametrize(
    ("definition", "extreme", "expected"),
    [
        (sequence(), 41, SequenceValue(41 + SEQUENCE_MARGIN, is_called=True)),
        (sequence(), None, SequenceValue(1, is_called=False)),
        (sequence(start=500), None, SequenceValue(500, is_called=False)),
        (sequence(start=500), 3, SequenceValue(3 + SEQUENCE_MARGIN, is_called=True)),
        (sequence(increment=50), 41, SequenceValue(41 + SEQUENCE_MARGIN, is_called=True)),
        # no room for the margin: where the last row stands
        (sequence(maximum=INT4_MAX), INT4_MAX - 999, SequenceValue(INT4_MAX - 999, is_called=True)),
        (sequence(maximum=INT4_MAX), INT4_MAX - 1000, SequenceValue(INT4_MAX, is_called=True)),
        (sequence(maximum=INT4_MAX), INT4_MAX, SequenceValue(INT4_MAX, is_called=True)),
        (sequence(maximum=100), 200, SequenceValue(100, is_called=True)),
        (sequence(minimum=10_000, start=10_000), 5, SequenceValue(10_000, is_called=True)),
        (sequence(minimum=100), -5, SequenceValue(995, is_called=True)),
        # downwards
        (sequence(increment=-1, start=-1, minimum=-(2**63), maximum=-1), -41, SequenceValue(-1041, is_called=True)),
        (sequence(increment=-1, start=-1, minimum=-100, maximum=-1), -41, SequenceValue(-41, is_called=True)),
        (sequence(increment=-1, start=-1, minimum=-100, maximum=-1), None, SequenceValue(-1, is_called=False)),
        (sequence(increment=-1, start=-1, minimum=-100, maximum=-1), -500, SequenceValue(-100, is_called=True)),
    ],
)  # fmt: skip
def test_a_sequence_goes_on_behind_what_was_loaded(
    definition: Sequence, extreme: int | None, expected: SequenceValue
) -> None:
    assert plan_sequence(definition, extreme) == expected


def test_a_script_is_read_as_utf_8(tmp_path: Path) -> None:
    script = tmp_path / "a.sql"
    script.write_bytes("SELECT 'é';".encode())
    assert read_script(str(script)) == "SELECT 'é';"
    script.write_bytes("\ufeffSELECT 'é';".encode())
    assert read_script(str(script)) == "SELECT 'é';"


def test_a_script_of_which_the_server_would_read_the_beginning_alone_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "a.sql"
    script.write_bytes(b"SELECT 1;\0UPDATE t SET v = NULL")
    with pytest.raises(ConfigurationInvalid, match=r"a\.sql, which holds a null character; nothing was done"):
        read_script(str(script))


@pytest.mark.parametrize("content", [None, b"\xe9"])
def test_a_script_that_cannot_be_read_is_a_mistake_in_the_configuration(
    tmp_path: Path, content: bytes | None
) -> None:
    script = tmp_path / "a.sql"
    if content is not None:
        script.write_bytes(content)
    with pytest.raises(ConfigurationInvalid, match=r"after_load names .*a\.sql, which cannot be read"):
        read_script(str(script))


ROOT = RelationName("public", "root")


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []

    @contextmanager
    def session(_target: Target, _database: str) -> Iterator[Any]:
        yield SimpleNamespace(cancel=lambda: None)

    monkeypatch.setattr(post_data, "candidate_session", session)
    monkeypatch.setattr(
        candidate, "analyze", lambda _connection, share: names.extend(each.name.name for each in share)
    )
    return names


def test_all_that_has_statistics_is_analysed_largest_first(analysed: list[str]) -> None:
    kinds = {
        "small": RelationKind.TABLE,
        "large": RelationKind.TABLE,
        "root": RelationKind.PARTITIONED_TABLE,
        "totals": RelationKind.MATERIALIZED_VIEW,
        "view": RelationKind.VIEW,
        "far": RelationKind.FOREIGN_TABLE,
    }
    catalog = build_catalog(
        180000,
        [
            Relation(RelationName("public", name), kind, (), bytes=size)
            for (name, kind), size in zip(kinds.items(), [10, 500, 0, 20, 900, 900], strict=True)
        ]
        + [
            Relation(RelationName("public", name), RelationKind.TABLE, (), bytes=size, partition_root=ROOT)
            for name, size in (("one", 300), ("other", 400))
        ],
    )
    analyze_candidate(TARGET, "candidate", catalog, 1, Cancellation())
    assert analysed == ["root", "large", "other", "one", "totals", "small"]


def test_a_run_that_is_being_ended_analyses_no_further(
    monkeypatch: pytest.MonkeyPatch, analysed: list[str]
) -> None:
    cancellation = Cancellation()

    def analyse(_connection: Any, share: tuple[Relation, ...]) -> None:
        analysed.extend(each.name.name for each in share)
        cancellation.request()

    monkeypatch.setattr(candidate, "analyze", analyse)
    tables = [Relation(RelationName("public", name), RelationKind.TABLE, ()) for name in ("a", "b")]
    with pytest.raises(Interrupted):
        analyze_candidate(TARGET, "candidate", build_catalog(180000, tables), 1, cancellation)
    assert analysed == ["a"]
