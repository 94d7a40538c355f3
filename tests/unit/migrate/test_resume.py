"""What of a revision to skip, to run and to refuse, once an earlier run has committed its beginning."""

from __future__ import annotations

import pytest

from dbtool.errors import PartlyDone
from dbtool.migrate.apply.effects import describe_effect
from dbtool.migrate.apply.resume import (
    IndexState,
    Resume,
    by_ordinal,
    decide,
    index_state,
    journal_digest,
    read_rowcount,
    require_all,
    spell_effect,
    spell_rowcount,
)
from dbtool.migrate.revisions.canonical import statement_digest
from tests.unit.migrate.application_cases import entry

_BUILD = "CREATE INDEX CONCURRENTLY a ON t (x)"
_DROP = "DROP INDEX CONCURRENTLY a"
_ADD = "ALTER TABLE t ADD COLUMN c int"


def _decide(sql: str, state: IndexState | None = None, *, done: bool = False, effect: str = "") -> Resume:
    return decide(sql, entry(3, sql, done=done, effect=effect), statement_digest(sql), state)


def test_what_the_journal_does_not_know_is_run() -> None:
    assert decide(_ADD, None, "any", None) is Resume.RUN


@pytest.mark.parametrize("sql", [_ADD, _BUILD, _DROP, "UPDATE t SET x = 1", "VACUUM t", "CREATE DATABASE d"])
def test_what_was_committed_is_skipped(sql: str) -> None:
    assert _decide(sql, done=True) is Resume.SKIP


@pytest.mark.parametrize("sql", ["SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a", "SET ROLE owner"])
def test_what_reads_or_sets_the_session_is_run_again(sql: str) -> None:
    assert _decide(sql, done=True) is Resume.RUN


@pytest.mark.parametrize(
    ("sql", "state", "expected"),
    [
        (_BUILD, IndexState.VALID, Resume.SKIP),
        (_BUILD, IndexState.INVALID, Resume.DROP_AND_RUN),
        (_BUILD, IndexState.ABSENT, Resume.RUN),
        (_DROP, IndexState.ABSENT, Resume.SKIP),
        (_DROP, IndexState.VALID, Resume.RUN),
        (_DROP, IndexState.INVALID, Resume.RUN),
        (_DROP, IndexState.AMBIGUOUS, Resume.RUN),
        ("VACUUM t", None, Resume.RUN),
        ("REINDEX INDEX CONCURRENTLY a", None, Resume.RUN),
    ],
)
def test_in_doubt_the_catalog_decides(sql: str, state: IndexState | None, expected: Resume) -> None:
    assert _decide(sql, state) is expected


@pytest.mark.parametrize(
    ("sql", "state"),
    [
        (_BUILD, IndexState.AMBIGUOUS),
        (_BUILD, None),
        ("CREATE INDEX CONCURRENTLY ON t (x)", None),
        ("CREATE DATABASE d", None),
        (_ADD, None),
    ],
)
def test_where_the_catalog_cannot_tell_nobody_guesses(sql: str, state: IndexState | None) -> None:
    with pytest.raises(PartlyDone, match=r"whether statement 3 of revision r2 .* nobody can tell") as refused:
        _decide(sql, state)
    assert refused.value.exit_code == 7
    assert "alembic stamp r2" in str(refused.value)
    assert "dbtool.journal" in str(refused.value)


@pytest.mark.parametrize("state", [IndexState.VALID, IndexState.INVALID])
def test_an_index_that_was_there_before_the_build_is_neither_taken_for_ours_nor_dropped(
    state: IndexState,
) -> None:
    noted = spell_effect(describe_effect(_BUILD), state)
    assert _decide(_BUILD, state, effect=noted) is Resume.RUN
    assert _decide(
        _BUILD, IndexState.VALID, effect=spell_effect(describe_effect(_BUILD), IndexState.ABSENT)
    ) is (Resume.SKIP)


def test_that_an_index_was_there_is_noted_of_builds_alone() -> None:
    assert spell_effect(describe_effect(_BUILD), IndexState.ABSENT) == "index built a on t"
    assert spell_effect(describe_effect(_BUILD), IndexState.AMBIGUOUS) == "index built a on t"
    assert spell_effect(describe_effect(_DROP), IndexState.VALID) == "index gone a"


@pytest.mark.parametrize(("done", "said"), [(True, "was committed"), (False, "was begun")])
@pytest.mark.parametrize("sql", [_ADD, "SELECT 1", "SET ROLE owner", _BUILD])
def test_another_statement_than_the_journals_is_refused(sql: str, done: bool, said: str) -> None:
    with pytest.raises(PartlyDone, match=f"statement 3 of revision r2 {said} by an earlier run") as refused:
        decide(sql, entry(3, "UPDATE t SET x = 2", done=done), statement_digest(sql), None)
    assert "edited" in str(refused.value)


def test_the_same_text_with_other_parameters_is_another_statement() -> None:
    sql = "UPDATE t SET x = 1 WHERE id = %(id)s"
    one, other = (journal_digest(statement_digest(sql), parameters) for parameters in ("p1", "p2"))
    assert journal_digest(statement_digest(sql), "") == statement_digest(sql)
    assert decide(sql, entry(3, digest=one), one, None) is Resume.SKIP
    with pytest.raises(PartlyDone, match="depends on data"):
        decide(sql, entry(3, digest=one), other, None)


def test_rows_that_nobody_kept_cannot_be_given_again() -> None:
    with pytest.raises(PartlyDone, match="returned rows, which are not kept"):
        _decide("INSERT INTO t VALUES (1) RETURNING id", done=True)
    assert _decide("INSERT INTO t VALUES ('returning')", done=True) is Resume.SKIP


def test_a_statement_that_comes_no_more_is_asked_for() -> None:
    require_all("r2", 3, {1: "", 3: ""})
    require_all("r2", 0, {})
    with pytest.raises(
        PartlyDone, match=r"statement 3 of revision r2 was committed .* ends with its statement 2"
    ):
        require_all("r2", 2, {1: "", 3: ""})


@pytest.mark.parametrize(
    ("found", "state"),
    [
        ({None}, IndexState.ABSENT),
        (set(), IndexState.ABSENT),
        ({True}, IndexState.VALID),
        ({False}, IndexState.INVALID),
        ({True, None}, IndexState.AMBIGUOUS),
        ({True, False}, IndexState.AMBIGUOUS),
    ],
)
def test_schemas_that_differ_leave_open_which_one_is_meant(
    found: set[bool | None], state: IndexState
) -> None:
    assert index_state(found) is state


@pytest.mark.parametrize("rows", [0, 1, 12_345])
def test_a_number_of_rows_is_read_back(rows: int) -> None:
    assert read_rowcount(entry(1, effect=spell_rowcount(rows))) == rows


@pytest.mark.parametrize("effect", ["", "index built a on t", "index built 3 rows on t"])
def test_where_no_rows_were_told_of_there_is_no_number(effect: str) -> None:
    assert spell_rowcount(-1) == ""
    assert read_rowcount(entry(1, effect=effect)) == -1
    assert read_rowcount(None) == -1


def test_of_several_runs_the_last_word_on_each_statement_counts() -> None:
    """The first run was ended in its third statement; the second made that one good and was ended in the fifth."""
    first = [entry(1, _ADD), entry(2, _BUILD), entry(3, _DROP, done=False)]
    second = [entry(3, _DROP, run_id="run-2"), entry(4, _ADD, run_id="run-2"), entry(5, _BUILD, done=False)]
    merged = by_ordinal([*first, *second])
    assert [(one, merged[one].done_at is not None) for one in merged] == [
        (1, True),
        (2, True),
        (3, True),
        (4, True),
        (5, False),
    ]
