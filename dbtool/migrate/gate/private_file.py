"""Files of the state folder that are for their owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_privately(path: Path, content: bytes) -> None:
    """Write the file, whole or not at all, with mode 0600; its folder is made where it is missing.

    :raises OSError: it could not be; nothing is left of it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
