"""Errors of servers and of PostgreSQL's programs, without the values that they quote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from dbtool.errors import PrivilegeMissing, ProgramFailed, ServerFailed

# A message of PostgreSQL's programs begins with their name; every other line goes on with a row or a statement.
_MESSAGE = re.compile(r"(psql|pg_dump|pg_restore)(?!: detail:)[ :]")
_QUOTED_TO_THE_END = re.compile(r'(: |\bvalue )".*')
# What follows is the end of standard error, which may begin in the middle of anything.
_EXIT = re.compile(
    r"(?P<exit>(?:psql|pg_dump|pg_restore) failed with exit code \d+): (?!psql|pg_dump|pg_restore).*"
)
# A server may speak another language, and quote with another's marks.
_MARKS = '["«»„“”「『]'
_QUOTED = re.compile(rf"{_MARKS}.*({_MARKS}|\Z)", re.DOTALL)
_QUOTED_ABROAD = re.compile("[«»„“”「『].*")
# Such code may raise any SQLSTATE; what tells is the file that raises, or the context that programs print.
_OWN_CODE_FILES = frozenset({"pl_exec.c", "plpy_elog.c", "plperl.c", "pltcl.c"})
_OWN_CODE = re.compile(r"^\S+: +PL/(pgSQL|Python|Perl|Tcl)|\bpl_exec\.c:", re.MULTILINE)
_RAISED = ("P0", "38", "39", "HV")  # by functions, procedural languages and foreign servers: any text at all


def scrub(text: str) -> str:
    """What PostgreSQL's programs say on standard error, without the lines and ends that quote rows or statements."""
    kept = (_EXIT.sub(r"\g<exit>", line) for line in text.splitlines() if _MESSAGE.match(line))
    return "\n".join(_QUOTED_ABROAD.sub('"…"', _QUOTED_TO_THE_END.sub(r'\1"…"', line)) for line in kept)


_SQLSTATE = re.compile(r"psql:<stdin>:\d+: [^:\n]+:  ([0-9A-Z]{5}): ")


def program_failure(error: ProgramFailed, doing: str) -> ServerFailed:
    """A failure of PostgreSQL's programs, scrubbed; with the SQLSTATE that psql tells under VERBOSITY verbose."""
    said = str(error)
    code = next(reversed(_SQLSTATE.findall(said)), None)  # warnings may have come before
    is_own = _OWN_CODE.search(said) or (code and code.startswith(_RAISED))
    message = _of_own_code(code) if is_own else scrub(said) + _more_locks(said)
    return ServerFailed(f"{message} while {doing}", code)


def _more_locks(hint: str | None) -> str:
    """Of all hints this one: out of shared memory is not out of memory, and more memory does not help."""
    if hint is None or "max_locks_per_transaction" not in hint:
        return ""
    return " (for more locks than it has room for: raise max_locks_per_transaction in that server and restart it)"


def _of_own_code(code: str | None) -> str:
    return "the database's own code raised an exception" + (f" ({code})" if code else "")


def describe_error(error: psycopg.Error) -> str:
    """The primary message alone. Data exceptions (class 22) quote the value in it: that is blanked."""
    message = error.diag.message_primary or next(iter(str(error).splitlines()), type(error).__name__)
    if getattr(error.diag, "source_file", None) in _OWN_CODE_FILES:
        return _of_own_code(error.sqlstate or "")
    return describe_failure(message, error.sqlstate) + _more_locks(getattr(error.diag, "message_hint", None))


def describe_failure(message: str, sqlstate: str | None) -> str:
    """A primary message that another session was told, without the values that it may quote."""
    code = sqlstate or ""
    if code.startswith(_RAISED):
        return _of_own_code(code)
    return _QUOTED.sub('"…"', message) if code.startswith("22") else message


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn psycopg's errors into ours. ``doing`` completes "while …"; causes are cut, they quote values."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise PrivilegeMissing(f"{describe_error(error)} while {doing}") from None
    except psycopg.Error as error:
        raise ServerFailed(f"{describe_error(error)} while {doing}", error.sqlstate) from None
