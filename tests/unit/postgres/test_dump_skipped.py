"""How pg_dump is told of the tables that are to be left out."""

from collections.abc import Collection
from pathlib import Path

import pytest

from dbtool.catalog.relations import RelationName
from dbtool.postgres.dump import dump_schema


def _arguments(folder: Path, skipped: Collection[RelationName]) -> list[str]:
    """What a program in pg_dump's place is called with; a NUL ends each."""
    told, program = folder / "told", folder / "pg_dump"
    program.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" > {told}\n')
    program.chmod(0o700)
    dump_schema(program, "postgresql://u@h/d", snapshot="3-1B-1", archive=folder / "archive", skipped=skipped)
    return told.read_text().split("\0")[:-1]


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        (RelationName("public", "scratch"), '"public"."scratch"'),
        (RelationName("Odd.Schema", "Odd.*"), '"Odd.Schema"."Odd.*"'),
        (RelationName("public", 'a "b" %'), '"public"."a ""b"" %"'),
        (RelationName("public", "line\nbreak"), '"public"."line\nbreak"'),
    ],
)
def test_a_name_is_quoted_so_that_it_means_itself(name: RelationName, pattern: str, tmp_path: Path) -> None:
    arguments = _arguments(tmp_path, [name])
    assert [each for each in arguments if "exclude-table" in each] == [f"--exclude-table={pattern}"]


def test_nothing_is_excluded_where_nothing_is_skipped(tmp_path: Path) -> None:
    arguments = _arguments(tmp_path, ())
    assert not [each for each in arguments if "exclude-table" in each]
    assert "--encoding=UTF8" in arguments
