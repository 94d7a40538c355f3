"""A project's own list of words: one per line, beside the rules."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dbtool.masking.mask import DoesNotFit
from dbtool.masking.pools import note_pool

LONGEST_LINE = 10_000
_LARGEST = 64 << 20  # bytes: some millions of words, which all workers hold in memory
_INSTEAD = "a text file with one value per line, beside the rule file"


@dataclass(frozen=True, slots=True)
class WordFile:
    """Different words in the order written, and how often each is meant to come; None where all come alike."""

    words: tuple[str, ...]
    weights: tuple[float, ...] | None = None


def read_word_file(folder: Path, name: str, *, weighted: bool) -> WordFile:
    """What the file holds now; it is part of ``pools_digest`` from here on.

    :raises DoesNotFit: it is not there, not text, or has no words; with the line.
    """
    if Path(name).is_absolute():
        raise DoesNotFit(
            f"{name} is a path of this machine alone", "a path that starts at the rule file's folder"
        )
    try:
        status = (folder / name).stat()
        found = _read(folder / name, name, weighted, status.st_size, status.st_mtime_ns)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such path"
        raise DoesNotFit(
            f"{name} in {folder} cannot be read: {reason.lower()}", f"the path of {_INSTEAD}"
        ) from None
    note_pool(f"dictionary {name}", map(repr, zip(found.words, found.weights or found.words, strict=True)))
    return found


@lru_cache(maxsize=16)
def _read(path: Path, name: str, weighted: bool, size: int, _changed_ns: int) -> WordFile:
    """``_changed_ns`` makes a file that was edited since another one."""
    if size > _LARGEST:
        raise DoesNotFit(
            f"{name} has {size >> 20} MB, and at most {_LARGEST >> 20} are read", "a shorter file"
        )
    found: dict[str, float] = {}
    for number, line in enumerate(path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        text = _decode(line, f"line {number} of {name}")
        if text:
            word, weight = _weigh(text, f"line {number} of {name}") if weighted else (text, 0.0)
            found[word] = found.get(word, 0.0) + weight
    if not found:
        raise DoesNotFit(f"{name} holds no word", _INSTEAD)
    return WordFile(tuple(found), tuple(found.values()) if weighted else None)


def _decode(line: bytes, where: str) -> str:
    """The line without the blanks around it."""
    try:
        text = line.decode().strip()
    except UnicodeDecodeError:
        raise DoesNotFit(f"{where} is not UTF-8", "the file saved as UTF-8") from None
    if "\0" in text:
        raise DoesNotFit(f"{where} holds NUL, which PostgreSQL has no text with", "the file saved as UTF-8")
    if len(text) > LONGEST_LINE:
        raise DoesNotFit(f"{where} has more than {LONGEST_LINE:,} characters", _INSTEAD)
    return text


def _weigh(text: str, where: str) -> tuple[str, float]:
    word, _, written = text.rpartition("\t")
    try:
        weight = float(written)
    except ValueError:
        weight = math.nan
    if not word.strip() or not (0 < weight < math.inf):
        raise DoesNotFit(
            f"{where} is no value, tab and weight above 0", "such lines throughout, or no `weights`"
        )
    return word.strip(), weight
