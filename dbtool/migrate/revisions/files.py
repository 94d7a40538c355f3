"""The project's files that a revision consists of, digested in canonical form. Reads files; runs none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dbtool.errors import ConfigurationInvalid
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.revisions.canonical import (
    digest_source,
    file_names_of,
    find_waivers,
    has_downgrade,
    imports_of,
    parse_source,
)
from dbtool.migrate.revisions.env_settings import digest_settings
from dbtool.migrate.revisions.history import History, Revision

_SOURCE_FOLDER = (
    "src"  # of a project that keeps its packages apart; env.py tends to add it to sys.path itself
)


def digest_files(project: MigrationProject, found: Mapping[str, Any]) -> History:
    """The history as the child found it, with the digest of each revision's files as they are now.

    :raises ConfigurationInvalid: this Python cannot read a revision.
    """
    env = Path(found["env"])
    migrations = (env.parent.resolve(), *(Path(folder).resolve() for folder in found["versions"]))
    reader = _Reader(project.root.resolve(), _roots(project.root, env, found), migrations)
    return History(
        revisions=tuple(_digest_revision(reader, one) for one in found["revisions"]),
        env_digest=_digest_env(project, _Reader(reader.root, (env.parent,)), env),
        heads=tuple(found["heads"]),
    )


def _digest_env(project: MigrationProject, reader: _Reader, env: Path) -> str:
    code = reader.digest_of(env) if env.is_file() else ""
    return hashlib.sha256(f"{code} {digest_settings(project)}".encode()).hexdigest()


def digest_reads(project: MigrationProject, paths: Iterable[str]) -> dict[str, str]:
    """Path from the project's folder → digest of the file as it is now; empty for one that is gone, or that is no file of
    the project's: the paths are the child's words.
    """
    root = project.root.resolve()
    places = {path: (root / path).resolve() for path in sorted(paths)}
    return {
        path: _digest_content(place) if place.is_relative_to(root) and place.is_file() else ""
        for path, place in places.items()
    }


def _roots(root: Path, env: Path, found: Mapping[str, Any]) -> tuple[Path, ...]:
    """The folders that imports may start from: sys.path's, and those that env.py may add, which is not run for this."""
    between = [folder for folder in env.parents if folder.is_relative_to(root)]
    places = [Path(path) for path in (*found["sys_path"], *found["versions"])]
    candidates = [root, *places, *reversed(between), root / _SOURCE_FOLDER]
    return tuple(dict.fromkeys(candidate.resolve() for candidate in candidates))


def _digest_revision(reader: _Reader, one: Mapping[str, Any]) -> Revision:
    file = Path(one["file"]).resolve()
    name = str(file.relative_to(reader.root) if file.is_relative_to(reader.root) else file)
    try:
        source = file.read_bytes()
        return Revision(
            id=one["id"],
            down=tuple(one["down"]),
            needs=tuple(one["needs"]),
            labels=tuple(one["labels"]),
            file=name,
            message=one["message"],
            digest=reader.digest_of(file),
            has_downgrade=has_downgrade(parse_source(source)),
            waivers=tuple(find_waivers(source)),
            content=hashlib.sha256(source).hexdigest(),
        )
    except UnicodeDecodeError:
        raise ConfigurationInvalid(f"{name}: not UTF-8; nothing was done. Save the file as UTF-8.") from None
    except SyntaxError as error:
        raise ConfigurationInvalid(
            f"{name}:{error.lineno or 1}: dbtool's own Python cannot read it: {error.msg}; nothing was done. "
            "Run dbtool under the Python that the project is written for."
        ) from None


@dataclass(frozen=True, slots=True)
class _File:
    digest: str
    needs: tuple[Path, ...] = ()


@dataclass(slots=True)
class _Reader:
    """``roots`` are the folders that absolute imports start from, in the order in which they are searched; ``naming``
    those whose files count what they name.
    """

    root: Path
    roots: tuple[Path, ...]
    naming: tuple[Path, ...] = ()
    read: dict[Path, _File] = field(default_factory=dict)

    def digest_of(self, file: Path) -> str:
        """Of the file, the project's own files that it imports or names, and what those need: in the order in which they
        are first needed, so that where the project lies does not matter.

        :raises SyntaxError: this Python cannot read the file itself.
        """
        digest = hashlib.sha256(digest_source(file.read_bytes()).encode())
        found, unread = {file}, [*self._get(file).needs]
        while unread:
            one = unread.pop(0)
            if one not in found:
                found.add(one)
                digest.update(self._get(one).digest.encode())
                unread += self._get(one).needs
        return digest.hexdigest()

    def _get(self, file: Path) -> _File:
        if file not in self.read:
            self.read[file] = self._look(file)
        return self.read[file]

    def _look(self, file: Path) -> _File:
        if file.suffix != ".py":
            return _File(_digest_content(file))
        source = file.read_bytes()
        try:
            needs = (*self._imported(file, source), *self._named(file, source))
            return _File(digest_source(source), tuple(dict.fromkeys(needs)))
        except SyntaxError:
            return _File(_digest_content(file))

    def _imported(self, file: Path, source: bytes) -> Iterator[Path]:
        for name in imports_of(source):
            level = len(name) - len(name.lstrip("."))
            parts = [part for part in name.lstrip(".").split(".") if part]
            folders = file.parents[level - 1 : level] if level else self.roots
            for folder in folders:
                yield from (one.resolve() for one in _files_of(folder, parts))

    def _named(self, file: Path, source: bytes) -> Iterator[Path]:
        """Only what the migrations name: an application names files of the machine's, as .env, that say nothing of a
        revision. What it reads for one is seen when the revision runs.
        """
        if not any(file.is_relative_to(folder) for folder in self.naming):
            return
        for name in file_names_of(source):
            for folder in (file.parent, *self.roots):
                place = (folder / name).resolve()
                if place.is_relative_to(self.root) and place.is_file() and not place.name.startswith("."):
                    yield place
                    break


def _files_of(folder: Path, parts: list[str]) -> Iterator[Path]:
    """``a.b.c`` may be a name in a/b.py: each package on the way is run as well."""
    place = folder
    for part in parts:
        place /= part
        for candidate in (place.with_suffix(".py"), place / "__init__.py"):
            if candidate.is_file():
                yield candidate


def _digest_content(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError:
        return ""
    if file.suffix == ".py":
        try:
            return digest_source(content)
        except SyntaxError:
            pass
    return hashlib.sha256(content).hexdigest()
