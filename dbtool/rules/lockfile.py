"""dbtool.lock, beside the rules: one line per kept column and type that somebody accepted. Its diff is what a reviewer reads."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dbtool.catalog.relations import ColumnRef, quote_identifier
from dbtool.errors import EnvironmentFailed
from dbtool.rules.names import NameInvalid, parse_column_ref
from dbtool.rules.nodes import Problems
from dbtool.rules.position import Position

LOCK_NAME = "dbtool.lock"

_HEAD = """\
# What leaves production unmasked: the kept columns, each with its type as accepted; key: its values tell rows apart.
# dbtool rules accept adds to it. Comments of your own are not kept; write them into the rules.
"""
_VERSION = re.compile(r"version:\s*(.*)")
_FIELD = r'(?:[^" ]|"(?:[^"]|"")*"| (?! ))+'  # apart by two spaces, since types have one within
_LINE = re.compile(rf"({_FIELD}) {{2,}}({_FIELD})(?: {{2,}}({_FIELD}))?")
_QUOTED = re.compile(r'(U&)?"((?:[^"]|"")*)"')
_ESCAPED = re.compile(r"\\(\\|[0-9A-F]{4}|\+[0-9A-F]{6})")
_MERGING = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_SHAPE = "a line is a column, its type, and key where it is one, with two spaces between: public.users.id  bigint  key"


@dataclass(frozen=True, slots=True, order=True)
class KeptColumn:
    """``type`` is escaped where it does not print. ``is_key``: the column is part of a primary key, a unique index or an
    exclusion constraint. ``str`` is the lock's line.
    """

    column: ColumnRef
    type: str
    is_key: bool = False

    def __str__(self) -> str:
        return "  ".join([_spell(self.column), self.type, *(["key"] if self.is_key else [])])


@dataclass(frozen=True, slots=True)
class Lock:
    """``accepted`` says where each line stands; None: there is no such file."""

    file: Path
    accepted: Mapping[KeptColumn, Position] | None = None

    def of(self, column: ColumnRef) -> tuple[KeptColumn, ...]:
        return tuple(one for one in self.accepted or () if one.column == column)


def escape(text: str) -> str:
    """What does not print, as SQL's U& strings spell it: a line is a line."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _code(one) for one in text)


def _code(character: str) -> str:
    code = ord(character)
    return f"\\{code:04X}" if code <= 0xFFFF else f"\\+{code:06X}"  # noqa: PLR2004  four hexadecimal digits


def _spell(column: ColumnRef) -> str:
    relation = column.relation
    return ".".join(_spell_part(part) for part in (relation.schema, relation.name, column.column))


def _spell_part(name: str) -> str:
    if name.isprintable():
        return quote_identifier(name)
    return "U&" + quote_identifier(escape(name.replace("\\", "\\\\")))


def _unescape(text: str) -> str:
    """``U&"…"`` → the same name in plain quotes."""

    def plain(match: re.Match[str]) -> str:
        marked, inside = match.groups()
        return f'"{_ESCAPED.sub(_character, inside) if marked else inside}"'

    return _QUOTED.sub(plain, text)


def _character(match: re.Match[str]) -> str:
    code = match.group(1)
    return "\\" if code == "\\" else chr(int(code.removeprefix("+"), 16))


def lock_beside(rules: Path) -> Path:
    """In the rules' folder, or beside their one file."""
    return (rules if rules.is_dir() else rules.parent) / LOCK_NAME


def read_lock(file: Path, problems: Problems) -> Lock:
    """A file that is not there is no problem."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return Lock(file)
    except UnicodeDecodeError:
        problems.add(Position(str(file), 1, 1), "not UTF-8; save the file as UTF-8")
        return Lock(file, {})
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        problems.add(Position(str(file), 1, 1), f"cannot be read: {reason}")
        return Lock(file, {})
    return Lock(file, parse_lock(text, str(file), problems))


def parse_lock(text: str, file: str, problems: Problems) -> dict[KeptColumn, Position]:
    found: dict[KeptColumn, Position] = {}
    lines = iter(_lines(text, file))
    if not _is_readable(lines, file, problems):
        return found
    for at, line in lines:
        if (kept := _parse_line(line, at, problems)) is None:
            continue
        if kept in found:
            problems.add(
                at, f"this is written twice, first in line {found[kept].line}; remove one of the two"
            )
        found.setdefault(kept, at)
    return found


def _lines(text: str, file: str) -> Iterator[tuple[Position, str]]:
    """A line feed alone ends a line, as editors count them."""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip(" \r\t")
        if stripped and not stripped.startswith("#"):
            yield Position(file, number, len(line) - len(line.lstrip(" \t")) + 1), stripped


def _is_readable(lines: Iterator[tuple[Position, str]], file: str, problems: Problems) -> bool:
    at, line = next(lines, (Position(file, 1, 1), ""))
    if line.startswith(_MERGING):
        problems.add(at, _merging())
    elif (version := _VERSION.fullmatch(line)) is None:
        problems.add(at, f"version is missing; {LOCK_NAME} starts with version: 1")
    elif version.group(1) != "1":
        problems.add(at, f"this dbtool reads version 1 of {LOCK_NAME}, not {version.group(1) or 'none'}")
    else:
        return True
    return False


def _merging() -> str:
    return "left over from a merge; keep the lines of both sides, each once, and remove this one"


def _parse_line(line: str, at: Position, problems: Problems) -> KeptColumn | None:
    fields = _LINE.fullmatch(line)
    if line.startswith(_MERGING):
        problems.add(at, _merging())
    elif fields is None or fields.group(3) not in {None, "key"}:
        problems.add(at, _SHAPE)
    else:
        column, type_, key = fields.groups()
        try:
            return KeptColumn(parse_column_ref(_unescape(column)), type_, is_key=key is not None)
        except NameInvalid as error:
            problems.add(at, str(error))
    return None


def render_lock(accepted: Iterable[KeptColumn]) -> str:
    return "".join([_HEAD, "version: 1\n", *(f"{one}\n" for one in sorted(set(accepted)))])


def write_lock(file: Path, accepted: Iterable[KeptColumn]) -> None:
    """Whole or not at all, with the permissions that it had.

    :raises EnvironmentFailed: it cannot be written, and is as it was.
    """
    place = file.resolve()  # what a link leads to, not the link, is replaced
    unfinished = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(render_lock(accepted))
            stream.flush()
            os.fsync(stream.fileno())
        if place.exists():
            unfinished.chmod(place.stat().st_mode)
        unfinished.replace(place)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise EnvironmentFailed(f"{file} cannot be written ({reason}); it is as it was.") from None
    finally:
        unfinished.unlink(missing_ok=True)
