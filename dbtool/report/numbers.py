"""Numbers as people read them. Pure."""

from __future__ import annotations

_STEP = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_MINUTE = 60


def human_count(number: int) -> str:
    """12345678 → ``12,345,678``; the planner's -1 → ``unknown``."""
    return f"{number:,}" if number >= 0 else "unknown"


def human_bytes(size: int) -> str:
    """In binary units, to three figures: ``1.4 GiB``."""
    value, exponent = float(size), 0
    while round(value) >= _STEP and exponent < len(_UNITS) - 1:
        value /= _STEP
        exponent += 1
    places = 0 if exponent == 0 or round(value, 1) >= 100 else 1  # noqa: PLR2004  three figures
    return f"{value:.{places}f} {_UNITS[exponent]}"


def human_seconds(seconds: float) -> str:
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
