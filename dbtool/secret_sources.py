"""Where a secret is found: an environment variable, a file, or a command. Read on every call, never kept.

No message quotes what was read.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from dbtool import programs
from dbtool.errors import ConfigurationInvalid, ProgramFailed
from dbtool.spelling import did_you_mean

COMMAND_TIMEOUT_S = 60.0
_MOST_BYTES = 64 << 10  # some files, such as /dev/zero, never end

_KINDS = ("env", "file", "command")
_FORMS = '{ env = "NAME" }, { file = "path" } or { command = ["program", "argument"] }'
_KEYWORD_PASSWORD = re.compile(r"(\A|\s)(password|sslpassword)\s*=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SecretSource:
    """``value`` is the variable, the path or the argument list; for ``literal`` the text itself."""

    kind: Literal["env", "file", "command", "literal"]
    value: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SecretReader:
    """``root`` is what relative paths start from; ``private`` names variables no command is given."""

    environ: Mapping[str, str] = field(repr=False)
    root: Path
    private: frozenset[str] = frozenset()

    def read(self, source: SecretSource, setting: str) -> str:
        """The secret without its trailing newline.

        :raises ConfigurationInvalid: the variable or file is missing, or holds nothing, several lines or no text.
        :raises ProgramFailed: the command failed.
        """
        text = self._read_raw(source, setting).rstrip("\r\n")
        if problem := _find_problem(text):
            raise ConfigurationInvalid(f"{setting}: {_spell(source)} {problem}")
        return text

    def _read_raw(self, source: SecretSource, setting: str) -> str:
        match source.kind:
            case "env":
                return self._read_variable(source.value[0], setting)
            case "file":
                return self._read_file(self.root / source.value[0], setting)
            case "command":
                return self._run(source.value, setting)
            case "literal":
                return source.value[0]

    def _read_variable(self, name: str, setting: str) -> str:
        if name not in self.environ:
            raise ConfigurationInvalid(
                f"{setting}: the environment variable {name} is not set; nothing was done. Set it and run again."
            )
        return self.environ[name]

    def _read_file(self, path: Path, setting: str) -> str:
        try:
            with path.open("rb") as file:
                return file.read(_MOST_BYTES + 1).decode()
        except UnicodeDecodeError:
            raise ConfigurationInvalid(f"{setting}: the file {path} is not UTF-8; nothing was done") from None
        except OSError as error:
            reason = (error.strerror or "it cannot be read").lower()
            raise ConfigurationInvalid(f"{setting}: the file {path}: {reason}; nothing was done") from None

    def _run(self, argv: tuple[str, ...], setting: str) -> str:
        """A command gets the user's environment, since it signs in as the user, but for dbtool's and PostgreSQL's own."""
        withheld = {name for name in self.environ if name.startswith(("DBTOOL_", "PG"))} | self.private
        environment = {name: value for name, value in self.environ.items() if name not in withheld}
        try:
            return programs.run(argv, env=environment, cwd=str(self.root), timeout_s=COMMAND_TIMEOUT_S)
        except ProgramFailed as error:
            raise ProgramFailed(
                f"{setting}: its command did not give it; {error}. Run it by itself in {self.root} to see why."
            ) from error

    def is_readable_by_all(self, source: SecretSource) -> bool:
        if source.kind != "file":
            return False
        path = self.root / source.value[0]
        return path.is_file() and bool(path.stat().st_mode & stat.S_IROTH)


def _find_problem(text: str) -> str:
    """What a warning among the output, or a variable of other bytes, would make of a secret."""
    if not text.strip():
        return "is empty; nothing was done. Fill it and run again."
    if lines := len(re.split("[\r\n]+", text)) - 1:
        return f"holds {lines + 1} lines and a secret is one; nothing was done. Leave nothing but the secret there."
    if len(text) > _MOST_BYTES:
        return "is far longer than a secret; nothing was done. Is it the right one?"
    if "\0" in text or (not text.isascii() and _has_no_utf8(text)):
        return "is not UTF-8 text; nothing was done. Write it in UTF-8, a key as hexadecimal digits."
    return ""


def _has_no_utf8(text: str) -> bool:
    """Python keeps a variable's other bytes as surrogates, and programs.run replaces those of a command."""
    return any("\ud800" <= character <= "\udfff" or character == "\ufffd" for character in text)


def _spell(source: SecretSource) -> str:
    match source.kind:
        case "env":
            return f"the environment variable {source.value[0]}"
        case "file":
            return f"the file {source.value[0]}"
        case "command":
            return f"what {Path(source.value[0]).name} printed"
        case "literal":
            return "the text"


def parse_secret(value: object) -> SecretSource:
    """:raises ValueError: not one of the three forms; the message never quotes the value."""
    if not isinstance(value, dict):
        raise ValueError(f"a secret is not written here; write {_FORMS}")  # noqa: TRY004  pydantic takes ValueError
    unknown = [key for key in value if key not in _KINDS]
    if unknown:
        raise ValueError(f"unknown key {unknown[0]}{did_you_mean(str(unknown[0]), _KINDS)}")
    if len(value) != 1:
        raise ValueError(f"write exactly one of {_FORMS}")
    kind, where = next(iter(value.items()))
    parts = where if kind == "command" and isinstance(where, list) else [where]
    if (kind == "command" and not isinstance(where, list)) or not parts or not _are_texts(parts):
        raise ValueError(f"{kind} is written as {_FORMS}")
    return SecretSource(kind, tuple(parts))


def _are_texts(parts: list[object]) -> bool:
    return all(isinstance(part, str) and part and "\0" not in part for part in parts)


def parse_url(value: object) -> SecretSource:
    """A URL may be written out where it has no password in it. :raises ValueError: it has."""
    if not isinstance(value, str):
        return parse_secret(value)
    if not value.strip():
        raise ValueError(f"the url is empty; write it, or {_FORMS}")
    if has_password(value):
        raise ValueError(f"a url with a password is not written here; move it to {_FORMS}")
    return SecretSource("literal", (value,))


def has_password(url: str) -> bool:
    """Is there a password anywhere in it, as a URI or as keywords?"""
    if "://" not in url:
        return _KEYWORD_PASSWORD.search(url) is not None
    rest = url.split("://", 1)[1]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user = (authority if "@" in authority else rest if "@" in rest else "").rsplit("@", 1)[0]
    names = {unquote(name).lower() for name in parse_qs(urlsplit(url).query, keep_blank_values=True)}
    return ":" in user or bool(names & {"password", "sslpassword"})
