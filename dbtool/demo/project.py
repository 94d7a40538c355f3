"""Where the shop's rules and migrations are, and its schema in a database."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, pool

from dbtool.errors import EnvironmentFailed

_PACKAGE = Path(__file__).parent


def get_project_folder() -> Path:
    """The folder that holds ``migrations`` and ``masking_rules``: packed in a wheel, at the top of a checkout.

    :raises EnvironmentFailed: neither is there, so the installation is incomplete.
    """
    for folder in (_PACKAGE / "project", _PACKAGE.parent.parent):
        if (folder / "migrations" / "env.py").is_file():
            return folder
    raise EnvironmentFailed("the example project is missing from this installation; install dbtool again")


def migrate_shop(url: str) -> None:
    """Bring an empty database to the newest revision, with Alembic in this process."""
    config = Config()
    # Config interpolates per cent signs, which a folder's name may hold.
    config.set_main_option("script_location", str(get_project_folder() / "migrations").replace("%", "%%"))
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
