"""start → migrate → fill → refresh → compare → rehearse → apply"""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from dbtool.clones.embedded import EmbeddedServer
from dbtool.demo.comparison import compare
from dbtool.demo.home import copy_project, get_key, prepare_home, write_addresses
from dbtool.demo.migration import Shop, tell_migration
from dbtool.demo.narrator import Narrator
from dbtool.demo.project import migrate_shop
from dbtool.demo.result import Availability, DemoResult
from dbtool.demo.scale import MINIMUM_ROWS
from dbtool.demo.servers import demo_servers
from dbtool.demo.shop import fill_shop
from dbtool.demo.watch import StagingWatch
from dbtool.digest import ProjectKey
from dbtool.masking.masks import MASKS
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import connect
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.request import Observer, RefreshRequest, Silent
from dbtool.refresh.result import RefreshResult
from dbtool.rules.loader import load_rules
from dbtool.targets import Target, Tier

DATABASE = "shop"
_SEED = 20240108
_YESTERDAY_SEED = 20240107


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """With ``home`` the servers and a project around them are kept there; otherwise nothing is left.

    ``observe`` is entered for as long as the refresh takes.
    """

    rows: int
    narrator: Narrator
    home: Path | None = None
    observe: Callable[[], AbstractContextManager[Observer]] = lambda: nullcontext(Silent())


@dataclass(frozen=True, slots=True)
class _Project:
    root: Path
    key: ProjectKey
    evidence_key: bytes

    @property
    def rules(self) -> Path:
        return self.root / "masking_rules"

    @property
    def state(self) -> Path:
        return self.root / ".dbtool"


def run_demo(request: DemoRequest) -> DemoResult:
    """Everything on two servers of our own, without configuration.

    :raises UsageError: too few rows, or the folder is in use; nothing was done.
    """
    began = time.monotonic()
    with _project(request.home) as project, _servers(request) as servers:
        production, staging = (server.url(DATABASE) for server in servers.values())
        _make_production(request, production)
        _make_yesterdays_staging(request, staging)
        request.narrator.step("refresh staging from production, masked, while staging serves a client")
        refreshed, availability = _refresh(request, project, production, staging)
        request.narrator.step("ask both the same questions")
        comparison = compare(production, staging)
        migration = tell_migration(_shop(project, production, staging), request.narrator)
        kept = write_addresses(request.home, servers, DATABASE) if request.home else None
    seconds = time.monotonic() - began
    return DemoResult(request.rows, refreshed, availability, comparison, migration, kept, seconds)


@contextmanager
def _project(home: Path | None) -> Iterator[_Project]:
    """A copy of the shop's project: the demo writes revisions and a rule into it."""
    if home is not None:
        prepare_home(home)
        yield _Project(home, ProjectKey(get_key(home, "mask.key")), get_key(home, "evidence.key"))
        return
    with tempfile.TemporaryDirectory(prefix="dbtool-demo-") as folder:
        copy_project(Path(folder))
        yield _Project(Path(folder), ProjectKey(secrets.token_bytes(32)), secrets.token_bytes(32))


def _shop(project: _Project, production: str, staging: str) -> Shop:
    return Shop(
        project.root,
        project.state,
        project.evidence_key,
        Target("production", Tier.PRODUCTION, lambda: production),
        Target("staging", Tier.STAGING, lambda: staging),
    )


@contextmanager
def _servers(request: DemoRequest) -> Iterator[dict[str, EmbeddedServer]]:
    request.narrator.step("start two PostgreSQL servers, production and staging")
    with demo_servers(request.home) as servers:
        for server in servers.values():
            with translated("making the demo's databases"), connect(server.url()) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0".encode())
        yield servers


def _make_production(request: DemoRequest, url: str) -> None:
    request.narrator.step("migrate production with the project's own revisions")
    migrate_shop(url)
    request.narrator.step(f"fill production with about {request.rows:,} rows")
    with connect(url) as connection:
        fill_shop(connection, rows=request.rows, seed=_SEED, progress=request.narrator.detail)


def _make_yesterdays_staging(request: DemoRequest, url: str) -> None:
    """Smaller and of another seed, so that the refresh is seen to replace it."""
    request.narrator.step("put yesterday's copy on staging")
    migrate_shop(url)
    with connect(url) as connection:
        fill_shop(connection, rows=max(MINIMUM_ROWS, request.rows // 10), seed=_YESTERDAY_SEED)


def _refresh(
    request: DemoRequest, project: _Project, production: str, staging: str
) -> tuple[RefreshResult, Availability]:
    """The same call as `dbtool refresh production staging`."""
    options = {name: mask.options.model_fields.keys() for name, mask in MASKS.items()}
    rules = load_rules(project.rules, MASKS.keys(), options)
    with StagingWatch(lambda: staging) as watch, request.observe() as observer:
        refreshed = refresh(
            RefreshRequest(
                source=Target("production", Tier.PRODUCTION, lambda: production),
                target=Target("staging", Tier.STAGING, lambda: staging),
                rules=rules,
                key=project.key,
                state=project.state,
                adopt=True,  # yesterday's copy was not made by dbtool
                observer=observer,
            )
        )
    return refreshed, watch.availability
