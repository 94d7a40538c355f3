"""Who tells the demo as it goes on."""

from __future__ import annotations

from typing import Protocol


class Narrator(Protocol):
    """Hears what the demo is about to do."""

    def step(self, title: str) -> None: ...

    def detail(self, text: str) -> None: ...
