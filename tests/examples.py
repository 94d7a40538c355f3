"""How many examples a law is tried with, and which.

The same ones on every run, so that a change fails its check or passes it. DBTOOL_TEST_EXAMPLES=10 draws ten times as
many, and others each time.
"""

from __future__ import annotations

import os

from hypothesis import settings

_TIMES = int(os.environ.get("DBTOOL_TEST_EXAMPLES", "0"))
_USUALLY = 100


def load_profile() -> None:
    settings.register_profile("dbtool", examples(_USUALLY), derandomize=not _TIMES)
    settings.load_profile("dbtool")


def examples(number: int) -> settings:
    return settings(max_examples=number * max(_TIMES, 1), deadline=None)
