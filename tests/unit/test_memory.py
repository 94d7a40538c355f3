"""What the tests themselves keep in memory is cleared away, and nothing of a run that goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.memory import clear_abandoned, make_folder

_LONG_AGO = (1, 1)


def test_what_a_killed_run_left_is_cleared_and_no_other_s(tmp_path: Path) -> None:
    code = f"import os, pathlib; from tests.memory import make_folder; print(make_folder(pathlib.Path({str(tmp_path)!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    left, newborn, ours = Path(done.stdout.strip()), tmp_path / "dbtool-tests-new", make_folder(tmp_path)
    newborn.mkdir()
    for folder in (left, ours):
        os.utime(folder, _LONG_AGO)
    clear_abandoned(tmp_path)
    assert set(tmp_path.iterdir()) == {newborn, ours}
