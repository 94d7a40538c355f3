"""The environment's own scripts, for the copy that is made."""

from __future__ import annotations

from pathlib import Path

from dbtool.errors import ConfigurationInvalid
from dbtool.postgres import candidate as inside
from dbtool.postgres.candidate import candidate_session
from dbtool.targets import Target


def run_after_load(target: Target, candidate: str) -> None:
    """Run the environment's own scripts in the verified candidate, each in one transaction."""
    if not target.after_load:
        return
    with candidate_session(target, candidate) as connection:
        for script in target.after_load:
            inside.run_script(connection, read_script(script), script)


def read_script(path: str) -> str:
    """:raises ConfigurationInvalid: there is no such file, or it is not UTF-8."""
    try:
        script = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationInvalid(
            f"after_load names {path}, which cannot be read as UTF-8 text; nothing was done. Correct dbtool.toml, or the file."
        ) from None
    if "\0" in script:  # what follows would not be run, without a word
        raise ConfigurationInvalid(
            f"after_load names {path}, which holds a null character; nothing was done. Correct the file."
        )
    return script
