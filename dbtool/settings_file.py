"""What dbtool.toml may say, and what is wrong with one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
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

from dbtool.errors import ConfigurationInvalid
from dbtool.secret_sources import SecretSource, parse_secret, parse_url
from dbtool.spelling import did_you_mean
from dbtool.targets import Tier

KEY_VARIABLE = "DBTOOL_MASK_KEY"
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


class ProjectFile(_Table):
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

    def secrets(self) -> tuple[tuple[str, SecretSource], ...]:
        """The settings that name where a secret is, and where it is."""
        found = [("project.key", self.project.key), ("project.evidence_key", self.project.evidence_key)]
        found += [(f"environments.{name}.url", one.url) for name, one in self.environments.items()]
        found += [
            (f"environments.{name}.apply_url", one.apply_url) for name, one in self.environments.items()
        ]
        return tuple((setting, source) for setting, source in found if source is not None)


def url_variable(environment: str) -> str:
    """The variable that overrides an environment's url: DBTOOL_STAGING_URL."""
    return f"DBTOOL_{re.sub('[^A-Z0-9]', '_', environment.upper())}_URL"


def apply_url_variable(environment: str) -> str:
    """The variable that overrides an environment's apply_url: DBTOOL_PRODUCTION_APPLY_URL."""
    return f"{url_variable(environment).removesuffix('_URL')}_APPLY_URL"


def read_file(file: Path) -> ProjectFile:
    """:raises ConfigurationInvalid: it cannot be read, or something in it is wrong; the message lists everything."""
    try:
        return ProjectFile.model_validate(tomllib.loads(file.read_text(encoding="utf-8-sig")))
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
    model: type[BaseModel] = ProjectFile
    if len(loc) > 1:
        model = ProjectTable if loc[0] == "project" else EnvironmentTable
    if loc[:2] == ["project", "alembic"] and len(loc) > 2:  # noqa: PLR2004  project.alembic.<name>
        model = AlembicTable
    return tuple(model.model_fields)


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
