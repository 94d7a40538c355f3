"""What the two fingerprints of a rehearsal were made of, kept beside its evidence: the gate names what drifted by it.

Names and digests only. The file is not signed and decides nothing: it is used where it gives the fingerprints that are.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dbtool.catalog.definitions import outline_ddl, outline_fingerprint
from dbtool.migrate.gate.private_file import write_privately

_LARGEST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Outlines:
    """``before`` of the target, ``after`` of the migrated clone."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @classmethod
    def of(cls, ddl: Sequence[str], ddl_after: Sequence[str]) -> Outlines:
        return cls(outline_ddl(ddl), outline_ddl(ddl_after))


def write_outlines(evidence: Path, outlines: Outlines) -> None:
    """:raises OSError: it could not be written."""
    content = json.dumps({"before": outlines.before, "after": outlines.after}).encode()
    write_privately(_beside(evidence), gzip.compress(content, mtime=0))


def find_outlines(evidence: Path, *, before: str, after: str) -> Outlines:
    """Those of the two fingerprints; an outline that is not there, or is of another fingerprint, is empty."""
    try:
        with gzip.open(_beside(evidence)) as file:
            document = json.loads(file.read(_LARGEST_BYTES))
        outlines = Outlines(tuple(document["before"]), tuple(document["after"]))
        return Outlines(_if_of(before, outlines.before), _if_of(after, outlines.after))
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Outlines()


def _beside(evidence: Path) -> Path:
    return evidence.with_suffix(".ddl.gz")


def _if_of(fingerprint: str, outline: tuple[str, ...]) -> tuple[str, ...]:
    return outline if outline_fingerprint(outline) == fingerprint else ()
