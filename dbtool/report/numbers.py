"""Numbers as people read them. Pure."""

from __future__ import annotations

_STEP = 1024


def human_count(number: int) -> str:
    """12345678 → ``12,345,678``; the planner's -1 → ``unknown``."""
    return f"{number:,}" if number >= 0 else "unknown"


def human_bytes(size: int) -> str:
    """In binary units, to three figures: ``1.4 GiB``."""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < _STEP:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"  # noqa: PLR2004  three figures
        value /= _STEP
    return f"{value:.1f} TiB"


def human_seconds(seconds: float) -> str:
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
