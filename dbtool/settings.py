"""dbtool.toml and the environment → frozen Settings. Read by cli only; secrets are looked up when they are used."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from dbtool.digest import ProjectKey
from dbtool.errors import ConfigurationInvalid
from dbtool.findings import Finding, Severity
from dbtool.secret_sources import SecretReader, SecretSource, parse_secret, parse_url
from dbtool.spelling import did_you_mean
from dbtool.targets import Target, Tier

FILE_NAME = "dbtool.toml"
KEY_VARIABLE = "DBTOOL_MASK_KEY"

_HEX_KEY = re.compile(r"([0-9a-fA-F]{2}){32,}\Z")
_ENVIRONMENT_NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"

_DURATION = re.compile(r"(?=.)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?\Z", re.ASCII)


def _parse_duration(value: object) -> float:
    """``3d``, ``72h``, ``1h30m`` → seconds."""
    found = _DURATION.match(str(value))
    if not isinstance(value, str) or found is None:
        raise ValueError("write a duration as 3d, 72h or 90m")
    days, hours, minutes = (int(number or 0) for number in found.groups())
    return 86400.0 * days + 3600 * hours + 60 * minutes


Secret = Annotated[SecretSource, BeforeValidator(parse_secret)]
Url = Annotated[SecretSource, BeforeValidator(parse_url)]


def _check_module(name: str) -> str:
    if not all(part.isascii() and part.isidentifier() for part in name.split(".")):
        raise ValueError(f"{name} is no module's name as it is imported, such as shop_masks or shop.masks")
    return name


ModuleName = Annotated[str, AfterValidator(_check_module)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AlembicTable(_Table):
    """How to run the project's env.py; docs/configuration.md says what each is for."""

    ini: str | None = None
    section: str = "alembic"
    x: tuple[str, ...] = ()
    url_variables: tuple[str, ...] = ()
    inherit: tuple[str, ...] = ()
    redirect: bool = False
    connection: Literal["own", "given"] = "own"
    python: str | None = None
    driver: Annotated[str, Field(pattern=r"^postgresql(\+[a-z0-9_]+)?$")] | None = None
    network: Literal["closed", "open"] = "closed"
    version_table: str | None = None
    several_heads: bool = False


class ProjectTable(_Table):
    migrations: str | None = None
    rules: str = "masking_rules"
    key: Secret = SecretSource("env", (KEY_VARIABLE,))
    evidence_key: Secret | None = None
    evidence_ttl: Annotated[float, BeforeValidator(_parse_duration)] = 72 * 3600.0
    alembic: AlembicTable = AlembicTable()
    state: str = ".dbtool"
    postgres_bin: str | None = None
    python_masks: tuple[ModuleName, ...] = ()


class EnvironmentTable(_Table):
    tier: Tier
    url: Url | None = None
    apply_url: Url | None = None
    maintenance_database: str = "postgres"
    owner: str | None = None
    grants: Literal["none", "source"] = "none"
    roles: Mapping[str, str] = {}
    extensions: Literal["create", "expect"] = "create"
    keep_previous: int = Field(default=1, ge=0)
    preserve: tuple[str, ...] = ()
    after_load: tuple[str, ...] = ()
    restored_from_source: str | None = Field(default=None, min_length=1)


class _File(_Table):
    project: ProjectTable = ProjectTable()
    environments: Mapping[Annotated[str, Field(pattern=_ENVIRONMENT_NAME)], EnvironmentTable] = {}

    @field_validator("environments")
    @classmethod
    def _name_apart(cls, environments: Mapping[str, EnvironmentTable]) -> Mapping[str, EnvironmentTable]:
        """Two names with one variable would get each other's url."""
        by_variable: dict[str, str] = {}
        for name in environments:
            other = by_variable.setdefault(url_variable(name), name)
            if other != name:
                raise ValueError(f"{other} and {name} would both take their url from {url_variable(name)}")
        return environments


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
    _content: _File
    _reader: SecretReader

    @property
    def environments(self) -> tuple[str, ...]:
        return tuple(self._content.environments)

    def target(self, name: str) -> Target:
        """:raises ConfigurationInvalid: there is no such environment."""
        if name not in self._content.environments:
            raise ConfigurationInvalid(
                f"there is no environment {name} in {self.file}, which has "
                f"{', '.join(self.environments) or 'none'}{did_you_mean(name, self.environments)}"
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
            for setting, source in self._secrets()
            if self._reader.is_readable_by_all(source)
        )

    def _secrets(self) -> list[tuple[str, SecretSource]]:
        return _secrets_of(self._content)


def _key_bytes(text: str) -> bytes:
    """Hexadecimal of 32 bytes or more is read as such; any other text is its own bytes."""
    return bytes.fromhex(text) if _HEX_KEY.match(text) else text.encode()


def url_variable(environment: str) -> str:
    """The variable that overrides an environment's url: DBTOOL_STAGING_URL."""
    return f"DBTOOL_{re.sub('[^A-Z0-9]', '_', environment.upper())}_URL"


def apply_url_variable(environment: str) -> str:
    """The variable that overrides an environment's apply_url: DBTOOL_PRODUCTION_APPLY_URL."""
    return f"{url_variable(environment).removesuffix('_URL')}_APPLY_URL"


def load_settings(path: Path | None, environ: Mapping[str, str], start: Path | None = None) -> Settings:
    """Read ``path``, else what DBTOOL_CONFIG names, else the dbtool.toml nearest above ``start`` (the current folder).

    :raises ConfigurationInvalid: there is none, or something in it is wrong; the message lists everything.
    """
    here = (start or Path.cwd()).resolve()
    file = _find_file(path, environ, here)
    content = _parse(file)
    project, root = content.project, file.parent

    def path_of(name: str, value: str | None) -> Path | None:
        """A path from a variable starts at the current folder, one from the file at the file's."""
        given = environ.get(f"DBTOOL_{name.upper()}")
        if given:
            return here / given
        return root / value if value is not None else None

    private = frozenset(one.value[0] for _, one in _secrets_of(content) if one.kind == "env")
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


def _find_file(path: Path | None, environ: Mapping[str, str], here: Path) -> Path:
    named = path or (Path(environ["DBTOOL_CONFIG"]) if environ.get("DBTOOL_CONFIG") else None)
    if named is not None:
        file = here / named
        if not file.is_file():
            raise ConfigurationInvalid(
                f"there is no file {file}; nothing was done. Name another with --config."
            )
        return file
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise ConfigurationInvalid(
        f"there is no {FILE_NAME} in {here} or above it; nothing was done. Go to the project's folder, "
        "or name the file with --config."
    )


def _parse(file: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(file.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise ConfigurationInvalid(f"{file}: {(error.strerror or 'it cannot be read').lower()}") from None
    except UnicodeDecodeError:
        raise ConfigurationInvalid(f"{file}: not UTF-8; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationInvalid(f"{file}: not valid TOML: {_lowered(str(error))}") from None
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        lines = (f"{file}: {_spell_problem(problem)}" for problem in problems)
        raise ConfigurationInvalid("\n".join(lines)) from None


def _spell_problem(problem: Mapping[str, Any]) -> str:
    loc = [str(part) for part in problem["loc"]]
    name = ".".join(part for part in loc if part != "[key]")
    match problem["type"]:
        case "extra_forbidden":
            return f"unknown key {name}{did_you_mean(loc[-1], _known_beside(loc))}"
        case "missing":
            return f"{name} is missing"
        case "string_pattern_mismatch":
            return f"{name}: an environment's name is letters, digits, - and _, and starts with a letter"
        case _:
            told = str(problem["msg"]).removeprefix("Value error, ").replace("Input should", "it must", 1)
            return f"{name}: {_lowered(told)}"


def _known_beside(loc: list[str]) -> tuple[str, ...]:
    model: type[BaseModel] = _File
    if len(loc) > 1:
        model = ProjectTable if loc[0] == "project" else EnvironmentTable
    if loc[:2] == ["project", "alembic"] and len(loc) > 2:  # noqa: PLR2004  project.alembic.<name>
        model = AlembicTable
    return tuple(model.model_fields)


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def _secrets_of(content: _File) -> list[tuple[str, SecretSource]]:
    project = content.project
    found = [("project.key", project.key), ("project.evidence_key", project.evidence_key)]
    found += [(f"environments.{name}.url", one.url) for name, one in content.environments.items()]
    found += [(f"environments.{name}.apply_url", one.apply_url) for name, one in content.environments.items()]
    return [(setting, source) for setting, source in found if source is not None]
