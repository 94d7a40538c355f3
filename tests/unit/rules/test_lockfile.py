"""dbtool.lock: read, written, and what is wrong with it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbtool.catalog.relations import ColumnRef, RelationName
from dbtool.errors import EnvironmentFailed, RulesInvalid
from dbtool.rules.loader import load_rules
from dbtool.rules.lockfile import KeptColumn, Lock, escape, parse_lock, render_lock, write_lock
from dbtool.rules.nodes import Problems


def kept(table: str, column: str, type_: str, *, is_key: bool = False) -> KeptColumn:
    return KeptColumn(ColumnRef(RelationName("public", table), column), type_, is_key)


_ID = kept("users", "id", "bigint", is_key=True)
_SEEN = kept("users", "seen_at", "timestamp with time zone")


def read(text: str) -> tuple[list[KeptColumn], list[str]]:
    problems = Problems(files=["l"])
    return list(parse_lock(text, "l", problems)), problems.lines()


def test_is_one_line_per_column_and_type_in_the_order_of_their_names() -> None:
    older = kept("users", "code", "character varying(8)")
    text = render_lock([_SEEN, kept("users", "code", "text"), _ID, older])
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        "version: 1",
        "public.users.code  character varying(8)",
        "public.users.code  text",
        "public.users.id  bigint  key",
        "public.users.seen_at  timestamp with time zone",
    ]


_NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from('"\\.# \n\u2028'),
    min_size=1,
)
_TYPES = st.sampled_from(
    ["text", "numeric(10,2)", 'public."a  key"', "public.code over character varying(8)", 'public."#"[]']
)


@given(
    st.sets(
        st.builds(
            KeptColumn, st.builds(ColumnRef, st.builds(RelationName, _NAMES, _NAMES), _NAMES), _TYPES, st.booleans()
        ),
        max_size=5,
    )
)  # fmt: skip
def test_whatever_is_written_is_read_again(accepted: set[KeptColumn]) -> None:
    found, problems = read(render_lock(accepted))
    assert (found, problems) == (sorted(accepted), [])


def test_a_type_that_does_not_print_is_one_line() -> None:
    assert escape('public."two\nlines"') == 'public."two\\000Alines"'


def test_comments_blank_lines_and_the_ends_of_lines_are_nothing() -> None:
    found, problems = read(
        "\r\n# a word\r\nversion: 1\r\n\r\n  # more\r\n  public.users.id   bigint    key  \r\n"
    )
    assert (found, problems) == ([_ID], [])


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["l:1:1: version is missing; dbtool.lock starts with version: 1"]),
        ("# 1\npublic.users.id  bigint", ["l:2:1: version is missing; dbtool.lock starts with version: 1"]),
        ("version: 2\nnonsense", ["l:1:1: this dbtool reads version 1 of dbtool.lock, not 2"]),
        ("version:", ["l:1:1: this dbtool reads version 1 of dbtool.lock, not none"]),
        (
            "version: 1\npublic.users.id  bigint  key\npublic.users.id  bigint\npublic.users.id  bigint  key",
            ["l:4:1: this is written twice, first in line 2; remove one of the two"],
        ),
        (
            "version: 1\npublic.users.id bigint\n public.users.id  bigint  keys\npublic.users.id",
            [
                f"l:{at}: a line is a column, its type, and key where it is one, with two spaces between: public.users.id  "
                "bigint  key"
                for at in ("2:1", "3:2", "4:1")
            ],
        ),
        ("version: 1\nusers.id  bigint", ["l:2:1: users.id does not name a column; write schema.table.column"]),
        (
            "version: 1\npublic.Users.id  bigint",
            ['l:2:1: public.Users.id: SQL reads Users as users; write users, or "Users" if the name has upper case'],
        ),
        (
            "version: 1\n<<<<<<< ours\npublic.users.id  bigint  key\n=======\n>>>>>>> theirs",
            [
                f"l:{line}:1: left over from a merge; keep the lines of both sides, each once, and remove this one"
                for line in (2, 4, 5)
            ],
        ),
    ],
    ids=["empty", "headless", "later", "versionless", "twice", "shape", "two-parts", "capitals", "merge"],
)  # fmt: skip
def test_says_what_is_wrong_and_where(text: str, messages: list[str]) -> None:
    assert read(text)[1] == messages


def _rules(folder: Path, text: str = "version: 1\n") -> Path:
    file = folder / "rules.yaml"
    file.write_text(text)
    return file


def test_stands_beside_one_file_and_in_a_folder(tmp_path: Path) -> None:
    file = _rules(tmp_path)
    (tmp_path / "dbtool.lock").write_text(render_lock([_ID]))
    for path in (file, tmp_path):
        lock = load_rules(path).lock
        assert lock is not None
        assert lock.file == tmp_path / "dbtool.lock"
        assert lock.of(_ID.column) == (_ID,)


def test_a_lock_that_is_not_there_is_told_from_one_without_lines(tmp_path: Path) -> None:
    file = _rules(tmp_path)
    assert load_rules(file).lock == Lock(tmp_path / "dbtool.lock", None)
    (tmp_path / "dbtool.lock").write_text(render_lock([]))
    assert load_rules(file).lock == Lock(tmp_path / "dbtool.lock", {})


def test_its_problems_come_with_those_of_the_rules(tmp_path: Path) -> None:
    file = _rules(tmp_path, "version: 1\nrelation: []\n")
    (tmp_path / "dbtool.lock").write_text("version: 3\n")
    with pytest.raises(RulesInvalid) as caught:
        load_rules(file)
    assert caught.value.problems == (
        f"{file}:2:1: unknown key relation in a rule file; did you mean relations?",
        f"{tmp_path}/dbtool.lock:1:1: this dbtool reads version 1 of dbtool.lock, not 3",
    )


@pytest.mark.parametrize("content", [b"\xff\xfe", None], ids=["not UTF-8", "a folder"])
def test_one_that_cannot_be_read_is_a_problem_and_not_a_missing_one(
    tmp_path: Path, content: bytes | None
) -> None:
    lock = tmp_path / "dbtool.lock"
    lock.write_bytes(content) if content else lock.mkdir()
    with pytest.raises(RulesInvalid, match=r"dbtool.lock:1:1: (not UTF-8|cannot be read: is a directory)"):
        load_rules(_rules(tmp_path))


def test_is_written_whole_with_the_permissions_it_had(tmp_path: Path) -> None:
    file = tmp_path / "dbtool.lock"
    write_lock(file, [_ID])
    file.chmod(0o640)
    write_lock(file, [_SEEN, _ID])
    assert file.read_text() == render_lock([_ID, _SEEN])
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["dbtool.lock"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "dbtool.lock"
    link.symlink_to(tmp_path / "elsewhere" / "shared.lock")
    write_lock(link, [_ID])
    assert link.is_symlink()
    assert (tmp_path / "elsewhere" / "shared.lock").read_text() == render_lock([_ID])


def test_one_that_cannot_be_written_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "dbtool.lock").mkdir()
    with pytest.raises(EnvironmentFailed, match="cannot be written"):
        write_lock(tmp_path / "dbtool.lock", [_ID])
    assert [one.name for one in tmp_path.iterdir()] == ["dbtool.lock"]
