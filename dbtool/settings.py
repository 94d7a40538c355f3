"""dbtool.toml and the environment → frozen Settings. Read by cli only; secrets are looked up when they are used."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dbtool.digest import ProjectKey
from dbtool.errors import ConfigurationInvalid
from dbtool.findings import Finding, Severity
from dbtool.secret_sources import SecretReader, SecretSource
from dbtool.settings_file import (
    AlembicTable,
    ProjectFile,
    apply_url_variable,
    read_file,
    url_variable,
)
from dbtool.spelling import did_you_mean
from dbtool.targets import Target

FILE_NAME = "dbtool.toml"

_HEX_KEY = re.compile(r"([0-9a-fA-F]{2}){32,}\Z")


@dataclass(frozen=True, slots=True)
class Settings:
    """``file`` is the dbtool.toml that was read. Paths are absolute; secrets are read on each call. ``python_masks`` are
    modules in its folder.
    """

    file: Path
    migrations: Path | None
    rules: Path
    state: Path
    postgres_bin: Path | None
    alembic: AlembicTable
    evidence_ttl_s: float
    python_masks: tuple[str, ...]
    _content: ProjectFile
    _reader: SecretReader

    @property
    def environments(self) -> tuple[str, ...]:
        return tuple(self._content.environments)

    def target(self, name: str) -> Target:
        """:raises ConfigurationInvalid: there is no such environment."""
        if name not in self._content.environments:
            raise ConfigurationInvalid(
                f"there is no environment {name or 'without a name'} in {self.file}, which has "
                f"{', '.join(self.environments) or 'none'}; nothing was done{did_you_mean(name, self.environments)}"
            )
        one = self._content.environments[name]
        given = one.model_dump(exclude={"url", "apply_url", "after_load", "roles"})
        after_load = tuple(str(self.file.parent / path) for path in one.after_load)
        return Target(
            name=name,
            url=self._url(name),
            apply_url=self._apply_url(name),
            after_load=after_load,
            roles=dict(one.roles),
            **given,
        )

    def _apply_url(self, name: str) -> Callable[[], str] | None:
        source = self._content.environments[name].apply_url
        variable = apply_url_variable(name)
        if variable in self._reader.environ:
            source = SecretSource("env", (variable,))
        return partial(self._reader.read, source, f"environments.{name}.apply_url") if source else None

    def _url(self, name: str) -> Callable[[], str]:
        setting = f"environments.{name}.url"
        source = self._content.environments[name].url
        variable = url_variable(name)
        if variable in self._reader.environ or source is None:
            source = SecretSource("env", (variable,))
        return partial(self._reader.read, source, setting)

    def project_key(self) -> ProjectKey:
        """:raises ConfigurationInvalid: the key is missing or has fewer than 32 bytes."""
        return ProjectKey(_key_bytes(self._read_secret("key", self._content.project.key)))

    def evidence_key(self) -> bytes | None:
        """None where none is configured."""
        source = self._content.project.evidence_key
        if source is None and "DBTOOL_EVIDENCE_KEY" not in self._reader.environ:
            return None
        return _key_bytes(self._read_secret("evidence_key", source))

    def _read_secret(self, name: str, source: SecretSource | None) -> str:
        variable = f"DBTOOL_{name.upper()}"
        if variable in self._reader.environ or source is None:
            source = SecretSource("env", (variable,))
        return self._reader.read(source, f"project.{name}")

    def warnings(self) -> tuple[Finding, ...]:
        """Secret files that every user of this machine may read."""
        return tuple(
            Finding(
                check="secret-readable-by-all",
                severity=Severity.WARNING,
                where=setting,
                message=f"every user of this machine may read the file {source.value[0]}",
                remedy=f"chmod 600 {source.value[0]}",
            )
            for setting, source in self._content.secrets()
            if self._reader.is_readable_by_all(source)
        )


def _key_bytes(text: str) -> bytes:
    """Hexadecimal of 32 bytes or more is read as such; any other text is its own bytes."""
    return bytes.fromhex(text) if _HEX_KEY.match(text) else text.encode()


def load_settings(path: Path | None, environ: Mapping[str, str], start: Path | None = None) -> Settings:
    """Read ``path``, else what DBTOOL_CONFIG names, else the dbtool.toml nearest above ``start`` (the current folder).

    :raises ConfigurationInvalid: there is none, or something in it is wrong; the message lists everything.
    """
    here = (start or _current_folder()).resolve()
    file = _find_file(path, environ, here)
    content = read_file(file)
    project, root = content.project, file.parent

    def path_of(name: str, value: str | None) -> Path | None:
        """A path from a variable starts at the current folder, one from the file at the file's."""
        given = environ.get(f"DBTOOL_{name.upper()}")
        if given:
            return here / given
        return root / value if value is not None else None

    private = frozenset(one.value[0] for _, one in content.secrets() if one.kind == "env")
    return Settings(
        file=file,
        migrations=path_of("migrations", project.migrations),
        rules=path_of("rules", project.rules) or root,
        state=path_of("state", project.state) or root,
        postgres_bin=path_of("postgres_bin", project.postgres_bin),
        alembic=project.alembic,
        evidence_ttl_s=project.evidence_ttl,
        python_masks=project.python_masks,
        _content=content,
        _reader=SecretReader(environ, root, private),
    )


def near(path: Path, here: Path | None = None) -> Path:
    """The path as people type it from ``here`` (the current folder), where it lies below."""
    here = here or Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise ConfigurationInvalid(
            "the current folder is there no more; nothing was done. Go to the project's folder."
        ) from None


def _find_file(path: Path | None, environ: Mapping[str, str], here: Path) -> Path:
    named = path or (Path(environ["DBTOOL_CONFIG"]) if environ.get("DBTOOL_CONFIG") else None)
    if named is not None:
        file = here / named
        if not _is_file(file):
            raise ConfigurationInvalid(
                f"there is no file {file}; nothing was done. Name another with --config."
            )
        return file
    for folder in (here, *here.parents):
        if _is_file(folder / FILE_NAME):
            return folder / FILE_NAME
    raise ConfigurationInvalid(
        f"there is no {FILE_NAME} in {here} or above it; nothing was done. Go to the project's folder, "
        "or name the file with --config."
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # its name is longer than names are, or the folder is closed to us
        return False
