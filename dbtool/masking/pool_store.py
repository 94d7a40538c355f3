"""Drawn pools, kept in the user's cache folder: to draw them takes Faker a third of a second, to read them none.

They are the same for every user and project, of no key and of nobody. What is not whole is drawn again; where
nothing can be kept, nothing is.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

FOLDER_VARIABLE = "DBTOOL_CACHE"

Words = tuple[str, ...]


def keep_drawn(name: str, recipe: str, draw: Callable[[], Sequence[str]]) -> Words:
    """What ``draw`` makes, or what it made before. ``recipe`` changes whenever that would; a newer Faker does so, too."""
    folder = cache_folder()
    if folder is None:
        return tuple(draw())
    # With the name in the digest, too: file names of some systems do not tell en_GB from en_gb.
    place = folder / f"{_edition(f'{recipe} {name}')}-{name}.json"
    found = _read(place)
    if found is None:
        found = tuple(draw())
        _write(place, found)
    return found


def cache_folder() -> Path | None:
    """Ours alone, or none: words that others may write are not picked from."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named == "":
        return None
    try:
        folder = Path(named) if named else user_cache_path("dbtool", appauthor=False)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
    except (OSError, RuntimeError):  # the latter for a user without a home
        return None
    is_ours = sys.platform == "win32" or (about.st_uid == os.geteuid() and not about.st_mode & 0o022)
    return folder if is_ours else None


def _edition(recipe: str) -> str:
    return hashlib.sha256(f"{faker_version()} {recipe}".encode()).hexdigest()[:16]


@cache
def faker_version() -> str:
    """Read without importing Faker, which takes longer than all that is read here."""
    return version("faker")


def _read(place: Path) -> Words | None:
    """None for what is not there, or is not what was written."""
    try:
        digest, _, text = place.read_text("utf-8").partition("\n")
    except (OSError, ValueError):
        return None
    return tuple(json.loads(text)) if digest == _digest(text) else None


def _write(place: Path, words: Words) -> None:
    """In one step, since others may read at the same time."""
    text = json.dumps(words)
    with suppress(OSError):
        descriptor, written = tempfile.mkstemp(dir=place.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{_digest(text)}\n{text}")
            Path(written).replace(place)
        except BaseException:
            Path(written).unlink()
            raise


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
