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
_MOST_PREVIOUS = 1000
_ENVIRONMENT_NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,62}$"  # it becomes part of file names
_DURATION = re.compile(r"(?=.)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?\Z", re.ASCII)
_SIZE = re.compile(r"(\d{1,6}) ?([MGT])B\Z", re.ASCII)
_CONTROL = re.compile(r"[\0-\x1f\x7f]")


def _parse_duration(value: object) -> float:
    """``3d``, ``72h``, ``1h30m`` → seconds."""
    found = _DURATION.match(str(value))
    if not isinstance(value, str) or found is None:
        raise ValueError("write a duration as 3d, 72h or 90m")
    days, hours, minutes = (int(number or 0) for number in found.groups())
    return 86400.0 * days + 3600 * hours + 60 * minutes


Secret = Annotated[SecretSource, BeforeValidator(parse_secret)]
Url = Annotated[SecretSource, BeforeValidator(parse_url)]


def _parse_size(value: object) -> int | None:
    """``200GB``, ``1TB`` → bytes, in steps of 1024 as PostgreSQL's settings are."""
    found = _SIZE.match(str(value))
    if not isinstance(value, str) or found is None:
        raise ValueError("write a size as 500MB, 200GB or 1TB")
    return int(found[1]) << {"M": 20, "G": 30, "T": 40}[found[2]]


def _check_module(name: str) -> str:
    if not all(part.isascii() and part.isidentifier() for part in name.split(".")):
        raise ValueError(f"{name} is no module's name as it is imported, such as shop_masks or shop.masks")
    return name


ModuleName = Annotated[str, AfterValidator(_check_module)]


def _check_text(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty; write it, or leave the line out")
    if _CONTROL.search(text):
        raise ValueError("it holds a character that neither a name nor a path has, such as a line's end")
    return text


Text = Annotated[str, AfterValidator(_check_text)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AlembicTable(_Table):
    """How to run the project's env.py; docs/configuration.md says what each is for."""

    ini: Text | None = None
    section: Text = "alembic"
    x: tuple[Text, ...] = ()
    url_variables: tuple[Text, ...] = ()
    inherit: tuple[Text, ...] = ()
    redirect: bool = False
    connection: Literal["own", "given"] = "own"
    python: Text | None = None
    driver: Annotated[str, Field(pattern=r"^postgresql(\+[a-z0-9_]+)?$")] | None = None
    network: Literal["closed", "open"] = "closed"
    version_table: Text | None = None
    several_heads: bool = False


class ProjectTable(_Table):
    migrations: Text | None = None
    rules: Text = "masking_rules"
    key: Secret = SecretSource("env", (KEY_VARIABLE,))
    evidence_key: Secret | None = None
    evidence_ttl: Annotated[float, BeforeValidator(_parse_duration)] = 72 * 3600.0
    alembic: AlembicTable = AlembicTable()
    state: Text = ".dbtool"
    postgres_bin: Text | None = None
    python_masks: tuple[ModuleName, ...] = ()


class EnvironmentTable(_Table):
    tier: Tier
    url: Url | None = None
    apply_url: Url | None = None
    maintenance_database: Text = "postgres"
    owner: Text | None = None
    grants: Literal["none", "source"] = "none"
    roles: Mapping[Text, Text] = {}
    extensions: Literal["create", "expect"] = "create"
    keep_previous: int = Field(default=1, ge=0, le=_MOST_PREVIOUS, strict=True)
    preserve: tuple[Text, ...] = ()
    after_load: tuple[Text, ...] = ()
    restored_from_source: Text | None = None
    disk_limit: Annotated[int | None, BeforeValidator(_parse_size)] = None


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
        found = [(error.strerror or "it cannot be read").lower()]
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        found = [_spell_problem(problem) for problem in problems]
    except UnicodeDecodeError:
        found = ["not UTF-8; save the file as UTF-8"]
    except tomllib.TOMLDecodeError as error:
        found = [f"not valid TOML: {_lowered(str(error))}"]
    except ValueError:  # of Python's: a file cannot make it spend hours on digits
        found = ["not valid TOML: a number in it has thousands of digits"]
    except RecursionError:
        found = ["not valid TOML: it is nested hundreds of levels deep"]
    told = "\n".join(f"{file}: {problem}" for problem in found)
    raise ConfigurationInvalid(
        f"{told}; nothing was done" if len(found) == 1 else f"{told}\nnothing was done"
    )


_SHAPES = {
    "dict_type": "a table, such as [name] or { name = value }",
    "mapping_type": "a table, such as [name] or { name = value }",
    "model_type": "a table, such as [name] or { name = value }",
    "tuple_type": "a list, such as [value, value]",
    "string_type": "a text in quotes",
}


def _spell_problem(problem: Mapping[str, Any]) -> str:
    loc = [str(part) for part in problem["loc"]]
    name = ".".join(part for part in loc if part != "[key]")
    match problem["type"]:
        case shape if shape in _SHAPES:
            return f"{name}: it must be {_SHAPES[shape]}"
        case "extra_forbidden":
            return f"unknown key {name}{did_you_mean(loc[-1], _known_beside(loc))}"
        case "missing":
            return f"{name} is missing"
        case "string_pattern_mismatch" if "[key]" in loc:
            return f"{name}: an environment's name is up to 63 letters, digits, - and _, and starts with a letter"
        case "string_pattern_mismatch":
            return f"{name}: write postgresql, or with its driver postgresql+psycopg"
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
