"""Numbers and lists in the sentences of findings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dbtool.locks.trace import RelationSize

_NAMED = 3
_STEP = 1000
_SLOW = 120


def spell_seconds(seconds: float) -> str:
    """To two figures: ``2 ms``, ``0.84 s``, ``42 s``, ``13 min``."""
    if seconds >= _SLOW:
        return f"{seconds / 60:,.0f} min"
    if seconds < 0.1:  # noqa: PLR2004  below it milliseconds read better
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else "under 1 ms"  # noqa: PLR2004  the unit's limit
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004  two figures


def spell_bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < _STEP:
            return f"{size:.3g} {unit}"
        size /= _STEP
    return f"{size:.3g} TB"


def spell_rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def spell_list(words: Iterable[str]) -> str:
    """``a, b and c``; of many the first three and how many more."""
    found = list(words)
    if len(found) > _NAMED + 1:
        found = [*found[:_NAMED], f"{len(found) - _NAMED} more"]
    return " and ".join(filter(None, [", ".join(found[:-1]), *found[-1:]]))


def spell_size(sizes: Sequence[RelationSize]) -> str:
    """Rows, bytes and, where it is known, how busy: all the relations together."""
    parts = [
        spell_rows(sum(max(size.rows, 0) for size in sizes)),
        spell_bytes(sum(size.bytes for size in sizes)),
    ]
    scans, writes = sum(size.scans_per_s for size in sizes), sum(size.writes_per_s for size in sizes)
    if scans or writes:
        parts.append(f"{_rate(scans)} scans and {_rate(writes)} writes per second")
    return ", ".join(parts)


def _rate(per_s: float) -> str:
    return f"{per_s:.0f}" if per_s >= 10 else f"{per_s:.2g}"  # noqa: PLR2004  two figures
