"""The history in the project's files, without a database. Loading a revision runs its module, so this is a child's work."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any, Dict, Iterator, List, Set

from .channel import Channel
from .environment import make_config, script_directory
from .redirect import Redirect


class HistoryBroken(RuntimeError):
    """The message says which file, and what to do."""


def describe(job: Dict[str, Any], channel: Channel) -> None:
    """Tell the revisions, oldest first: the parent digests their files itself."""
    Redirect(None, channel, redirect=False).install()
    root = job["project"]["root"]
    script = script_directory(make_config(job["project"], job["told"]))
    try:
        found = list(load(script))
    except (SyntaxError, ValueError) as error:
        _refuse_null_bytes(error, script, root)
        raise
    _refuse_broken(found, root)
    ordered = list(script.walk_revisions("base", "heads"))[::-1]
    channel.tell(
        "history",
        heads=sorted(script.get_heads()),
        env=os.path.abspath(os.path.join(script.dir, "env.py")),
        versions=[os.path.abspath(str(place)) for place in script._version_locations],  # noqa: SLF001  has no other name
        sys_path=_own_paths(root),
        revisions=[_describe(each) for each in ordered],
    )


def load(script: Any) -> Iterator[Any]:
    """Each revision's file, as Alembic finds them; one that is there twice too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a revision's own, and those of files that are told of below
        yield from script._load_revisions()  # noqa: SLF001  its public functions keep one of two duplicates


def _refuse_null_bytes(error: Exception, script: Any, root: str) -> None:
    """The one mistake in a source that Python tells without the file; before 3.11.4 as a ValueError."""
    if getattr(error, "filename", None):
        return
    for folder in script._version_locations:  # noqa: SLF001  has no other name
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if not name.endswith(".py"):
                continue
            with open(path, "rb") as file:
                if b"\0" in file.read():
                    raise HistoryBroken(
                        f"{_near(path, root)} holds null bytes and is no Python; restore that file"
                    )


def _refuse_broken(found: List[Any], root: str) -> None:
    by_id: Dict[str, Any] = {}
    for one in found:
        other = by_id.setdefault(one.revision, one)
        if other is not one:
            files = " and ".join(sorted(_near(each.path, root) for each in (one, other)))
            raise HistoryBroken(
                f"revision {one.revision} is in two files, {files}; give one of them another id"
            )
    for one in found:
        for name in [*_names(one.down_revision), *_names(one.dependencies)]:
            _refuse_missing(one, name, by_id, root)
    _refuse_cycles(by_id, root)


def _refuse_missing(one: Any, name: str, by_id: Dict[str, Any], root: str) -> None:
    labels = {label for each in by_id.values() for label in _names(each._orig_branch_labels)}  # noqa: SLF001  before they spread
    if name not in by_id and name not in labels:
        raise HistoryBroken(
            f"{_near(one.path, root)} comes after revision {name}, which no file has; restore that file, or correct "
            "down_revision or depends_on"
        )


def _refuse_cycles(by_id: Dict[str, Any], root: str) -> None:
    """What never becomes free of predecessors is in a cycle, or comes after one."""
    left = {
        name: {each for each in _names(one.down_revision) if each in by_id} for name, one in by_id.items()
    }
    done: Set[str] = set()
    while ready := [name for name, before in left.items() if before <= done]:
        done.update(ready)
        left = {name: before for name, before in left.items() if name not in done}
    if left:
        files = ", ".join(sorted(_near(by_id[name].path, root) for name in left))
        raise HistoryBroken(
            f"these revisions come after each other in a circle: {files}; correct their down_revision"
        )


def _describe(revision: Any) -> Dict[str, Any]:
    return {
        "id": revision.revision,
        "down": _names(revision.down_revision),
        "needs": _names(revision.dependencies),
        "labels": sorted(revision.branch_labels or ()),
        "file": os.path.abspath(revision.path),
        "message": (revision.doc or "").strip(),
    }


def _names(value: Any) -> List[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _own_paths(root: str) -> List[str]:
    """The folders of sys.path that are the project's: where it keeps its packages, ini's prepend_sys_path too."""
    places = {os.path.realpath(entry or ".") for entry in sys.path}
    return sorted(place for place in places if (place + os.sep).startswith(os.path.realpath(root) + os.sep))


def _near(path: str, root: str) -> str:
    return os.path.relpath(os.path.realpath(path), os.path.realpath(root))
