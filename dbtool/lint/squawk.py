"""squawk over the SQL that a rehearsal executed: what can be known of a statement without running it.

One process for all statements, one file for each: a syntax that squawk does not know yet, or a parameter in the text,
silences it for the rest of a file. Which of its rules remain beside what the trace has measured, says squawk_rules.
"""

from __future__ import annotations

import json
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbtool.errors import ProgramFailed
from dbtool.findings import Finding, Severity
from dbtool.lint.squawk_rules import merge
from dbtool.locks.checks.files import SQUAWK_FAILED
from dbtool.locks.lineage import Lineage
from dbtool.locks.statements import Statement, parse_statements
from dbtool.locks.trace import RevisionTrace, StatementTrace
from dbtool.program_stream import Stream

__all__ = ["judge_all", "judge_statements", "merge"]

_JUDGED = ("CREATE", "ALTER", "DROP", "TRUNCATE", "REINDEX", "CLUSTER", "VACUUM", "REVOKE", "BEGIN", "COMMIT")


@dataclass(frozen=True, slots=True)
class Violation:
    """``file`` is the path's last part."""

    file: str
    rule: str
    message: str
    help: str


@dataclass(frozen=True, slots=True)
class _Place:
    revision: RevisionTrace
    statement: StatementTrace

    @property
    def where(self) -> str:
        if self.statement.line:
            return f"{self.revision.file}:{self.statement.line}"
        return f"{self.revision.id}, statement {self.statement.ordinal}"


def judge_statements(revision: RevisionTrace, *, major: int) -> dict[int, tuple[Finding, ...]]:
    """By the statement's ordinal.

    :raises ProgramFailed: squawk is not there or does not run.
    """
    return judge_all([revision], major=major)[revision.id]


def judge_all(revisions: Sequence[RevisionTrace], *, major: int) -> dict[str, dict[int, tuple[Finding, ...]]]:
    """By revision, then by the statement's ordinal. What only concerns tables that the revisions make is left out.

    :raises ProgramFailed: squawk is not there or does not run.
    """
    places = list(_find_places(revisions))
    found: dict[str, dict[int, tuple[Finding, ...]]] = {one.id: {} for one in revisions}
    if not places:
        return found
    output = run_squawk([place.statement.sql for place in places], major)
    try:
        violations = parse_violations(output)
    except ValueError as error:
        found[places[0].revision.id][places[0].statement.ordinal] = (_not_understood(places[0], error),)
        return found
    for violation in violations:
        place = places[int(violation.file.removesuffix(".sql"))]
        of_revision = found[place.revision.id]
        earlier = of_revision.get(place.statement.ordinal, ())
        of_revision[place.statement.ordinal] = _with(earlier, _finding(place, violation))
    return found


def _find_places(revisions: Sequence[RevisionTrace]) -> Iterator[_Place]:
    lineage = Lineage()
    for revision in revisions:
        for statement in revision.statements:
            parsed = [one for one in parse_statements(statement.sql) if one.verb.startswith(_JUDGED)]
            if parsed and not all(_is_new(one, lineage) for one in parsed):
                yield _Place(revision, statement)
            lineage = lineage.after(statement)


def _is_new(one: Statement, lineage: Lineage) -> bool:
    return bool(one.names) and all(any(name.means(made) for made in lineage.made) for name in one.names)


def _finding(place: _Place, violation: Violation) -> Finding:
    return Finding(
        f"squawk-{violation.rule}", Severity.WARNING, place.where, violation.message, violation.help
    )


def _with(earlier: tuple[Finding, ...], finding: Finding) -> tuple[Finding, ...]:
    """A rule once for each statement: it may find each of twenty columns."""
    return earlier if any(one.check == finding.check for one in earlier) else (*earlier, finding)


def _not_understood(place: _Place, error: ValueError) -> Finding:
    return SQUAWK_FAILED.finding(
        Severity.WARNING,
        place.where,
        f"squawk could not say what it found: {error}; its checks of the executed SQL are missing",
        "Install the version that dbtool's lock file names: python -m pip install squawk-cli",
    )


def run_squawk(statements: Sequence[str], major: int) -> str:
    """The JSON that squawk prints, each statement in a file named for its position.

    :raises ProgramFailed: squawk is not there or does not run.
    """
    program = find_squawk()
    with tempfile.TemporaryDirectory(prefix="dbtool-squawk-") as folder:
        for position, sql in enumerate(statements):
            (Path(folder) / f"{position}.sql").write_text(sql + "\n;\n", encoding="utf-8")
        settings = Path(folder) / "squawk.toml"
        settings.touch()  # and not the .squawk.toml of the folder that dbtool was started in
        argv = [program, "--config", str(settings), "--reporter", "json", "--pg-version", f"{major}.0"]
        return _read([*argv, str(Path(folder) / "*.sql")])


def _read(argv: list[str]) -> str:
    """It exits with 1 where it finds something, and where it fails; only then nothing is printed."""
    with Stream(argv, env={}, stdin=b"") as stream:
        output = stream.stdout.read().decode(errors="replace")
        try:
            stream.finish()
        except ProgramFailed:
            if not output.lstrip().startswith("["):
                raise
    return output


def find_squawk() -> str:
    """Beside our interpreter first: that is the version we were locked with.

    :raises ProgramFailed: there is none.
    """
    folders = (sysconfig.get_path("scripts"), str(Path(sys.executable).parent))
    for folder in (*folders, None):
        found = shutil.which("squawk", path=folder)
        if found is not None:
            return found
    raise ProgramFailed(
        "squawk was not found, so that the executed SQL was not checked by it; install it beside dbtool: "
        "python -m pip install squawk-cli"
    )


def parse_violations(output: str) -> tuple[Violation, ...]:
    """:raises ValueError: it is not what squawk 2 prints."""
    items = json.loads(output)
    if not isinstance(items, list):
        raise ValueError("its output is not a list")  # noqa: TRY004  a JSON of another shape is a wrong value
    return tuple(_parse_violation(item) for item in items)


def _parse_violation(item: Any) -> Violation:
    if not isinstance(item, Mapping):
        raise ValueError("an entry of its output is not an object")  # noqa: TRY004  as above
    texts = [item.get(key) for key in ("file", "rule_name", "message")]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("an entry of its output names no file, rule or message")
    file, rule, message = map(str, texts)
    return Violation(Path(file).name, rule, message, str(item.get("help") or ""))
