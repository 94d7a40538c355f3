"""The project's files that a revision consists of, digested in canonical form. Reads files; runs none."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dbtool.migrate.canonical import digest_source, find_waivers, has_downgrade, imports_of
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.revisions import History, Revision


def digest_files(project: MigrationProject, found: dict[str, Any]) -> History:
    """The history as the child found it, with the digest of each revision's files as they are now."""
    env = Path(found["env"])
    return History(
        revisions=tuple(_digest_revision(project, one) for one in found["revisions"]),
        env_digest=_digest_all(_closure(env, (env.parent,))),
        heads=tuple(found["heads"]),
    )


def _digest_revision(project: MigrationProject, one: dict[str, Any]) -> Revision:
    file = Path(one["file"])
    source = file.read_bytes()
    roots = (project.root, file.parent, *([project.migrations] if project.migrations else []))
    return Revision(
        id=one["id"],
        down=tuple(one["down"]),
        needs=tuple(one["needs"]),
        labels=tuple(one["labels"]),
        file=str(file.relative_to(project.root) if file.is_relative_to(project.root) else file),
        message=one["message"],
        digest=_digest_all(_closure(file, roots)),
        has_downgrade=has_downgrade(ast.parse(source)),
        waivers=tuple(find_waivers(source)),
    )


def _digest_all(files: dict[Path, bytes]) -> str:
    """Of the files' contents, in the order in which they are first needed: where the project lies does not matter."""
    digest = hashlib.sha256()
    for source in files.values():
        digest.update(digest_source(source).encode())
    return digest.hexdigest()


def _closure(file: Path, roots: tuple[Path, ...]) -> dict[Path, bytes]:
    """The file and the project's own files that it imports, and what those import."""
    found: dict[Path, bytes] = {}
    unread = [file]
    while unread:
        one = unread.pop(0)
        if one in found:
            continue
        found[one] = one.read_bytes()
        unread += _imported(one, found[one], roots)
    return found


def _imported(file: Path, source: bytes, roots: tuple[Path, ...]) -> Iterator[Path]:
    for name in imports_of(source):
        level = len(name) - len(name.lstrip("."))
        parts = [part for part in name.lstrip(".").split(".") if part]
        folders = (file.parents[level - 1],) if level else roots
        for folder in folders:
            yield from _files_of(folder, parts)


def _files_of(folder: Path, parts: list[str]) -> Iterator[Path]:
    """``a.b.c`` may be a name in a/b.py: each package on the way is run as well."""
    place = folder
    for part in parts:
        place = place / part
        for candidate in (place.with_suffix(".py"), place / "__init__.py"):
            if candidate.is_file():
                yield candidate
