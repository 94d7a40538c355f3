"""The URL as env.py is told it: in the variables that it may read, and in the ini file's sqlalchemy.url."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any, Dict, Mapping

from sqlalchemy.engine.url import make_url

_DRIVERS = ("psycopg", "psycopg2", "asyncpg", "pg8000")
_PLAIN = "postgresql"


def tell_environment(told: Mapping[str, Any], scheme: str) -> None:
    """``told`` has the URL's part behind ``://``, and the variables with how each begins, None where nobody knows."""
    for name, own in told["schemes"].items():
        os.environ[name] = f"{own or scheme}://{told['rest']}"


def find_scheme(config: Any) -> str:
    """As the ini file's URL begins; else as SQLAlchemy finds a driver that is installed."""
    own = _scheme_of_ini(config)
    if own is not None:
        return str(own)
    default = make_url(f"{_PLAIN}://").get_dialect().driver
    for driver in _DRIVERS if not find_spec(default) else ():
        if find_spec(driver):
            return f"{_PLAIN}+{driver}"
    return _PLAIN


def _scheme_of_ini(config: Any) -> Any:
    """It may be missing, a placeholder, or need a value that nobody gave."""
    try:
        url = config.get_main_option("sqlalchemy.url") or ""
    except Exception:  # noqa: BLE001  of interpolation, of any kind
        return None
    scheme = str(url).partition("://")[0]
    return scheme if scheme.split("+")[0] == _PLAIN else None


def spell_url(told: Dict[str, Any], scheme: str) -> str:
    return f"{scheme}://{told['rest']}"
