"""Every connection leads to the one database we were told, proves that it does, or is refused."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional

from sqlalchemy import event, pool
from sqlalchemy.engine import Engine

from . import drivers
from .address import ADDRESSING, Address, find_address, is_same
from .channel import Channel
from .refusal import ConnectsElsewhere, passing
from .via import DriverUnknown, spell_for, spell_session

_WHERE = """
SELECT pg_catalog.current_database(), d.oid::text, pg_catalog.shobj_description(d.oid, 'pg_database'),
  pg_catalog.pg_backend_pid(),
  CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
  THEN (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) END
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
"""
# Drivers look at these by themselves, and env.py may have changed them.
_ENVIRONMENT = [
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGDATABASE",
    "PGUSER",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSYSCONFDIR",
    "PGREQUIRESSL",
    "PGSSLMODE",
    "PGSSLNEGOTIATION",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLROOTCERT",
    "PGSSLCRL",
    "PGSSLCRLDIR",
    "PGSSLSNI",
    "PGSSLCERTMODE",
    "PGSSLMINPROTOCOLVERSION",
    "PGSSLMAXPROTOCOLVERSION",
    "PGSSLKEYLOGFILE",
    "PGGSSENCMODE",
    "PGGSSDELEGATION",
    "PGKRBSRVNAME",
    "PGGSSLIB",
    "PGCHANNELBINDING",
    "PGREQUIREAUTH",
    "PGREQUIREPEER",
    "PGTARGETSESSIONATTRS",
    "PGLOADBALANCEHOSTS",
]


class Redirect:
    """``place`` holds the address to expect (host, port, dbname), the one to use (``via``), and what proves it.

    Without a place nothing leads anywhere: the files are only read.
    """

    def __init__(self, place: Optional[Dict[str, Any]], channel: Channel, *, redirect: bool) -> None:
        self._place = place
        self._channel = channel
        self._redirect = redirect and place is not None
        self._environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}

    def install(self) -> None:
        drivers.install(self._refuse_direct)
        event.listen(Engine, "do_connect", self._connect)
        _wrap_pools(self._lead_creator)

    def _connect(self, dialect: Any, record: Any, cargs: List[Any], cparams: Dict[str, Any]) -> Any:
        if dialect.name == "sqlite":
            return None  # a file of the project's own; revisions are not run in it
        if dialect.name != "postgresql":
            self._meet(f"a database of {dialect.name}", "engine")
        asked = find_address(cargs, cparams, os.environ)
        if not self._is_told(asked):
            self._meet(str(asked), "engine")
        return self._open(dialect, cparams)

    def _is_told(self, asked: Address) -> bool:
        return self._place is not None and is_same(
            asked, find_address((), {name: self._place[name] for name in ("host", "port", "dbname")}, {})
        )

    def _lead_creator(self, creator: Callable[..., Any], owner: Any) -> Any:
        """Of a pool whose connections SQLAlchemy does not make itself: nobody can tell where they would lead."""
        dialect = getattr(owner, "_dialect", None)
        if getattr(dialect, "name", "") == "sqlite":
            return creator()
        self._meet("wherever its creator= leads", "creator")
        return self._open(dialect, {})

    def _refuse_direct(self, driver: str) -> None:
        self._meet(f"a database with {driver} itself, past SQLAlchemy,", "driver", redirect=False)

    def _meet(self, address: str, how: str, *, redirect: bool = True) -> None:
        redirected = self._redirect and redirect and not address.startswith("a database of")
        self._channel.tell("elsewhere", address=address, how=how, redirected=redirected)
        if not redirected:
            raise ConnectsElsewhere(_MESSAGES[how].format(address=address))

    def _open(self, dialect: Any, parameters: Mapping[str, Any]) -> Any:
        if self._place is None:
            raise ConnectsElsewhere("the files are only read: there is no database")
        try:
            ways = spell_for(dialect.driver, self._place["via"])
        except DriverUnknown as error:
            raise ConnectsElsewhere(str(error)) from None
        asked = {name: value for name, value in parameters.items() if name not in ADDRESSING}
        own = spell_session(dialect.driver, self._place["via"], asked)
        with passing(), self._told_environment():
            connection = _open_first(dialect, own, ways)
            self._prove(connection)
        return connection

    @contextmanager
    def _told_environment(self) -> Iterator[None]:
        changed = {name: os.environ.pop(name) for name in _ENVIRONMENT if name in os.environ}
        os.environ.update(self._environment)
        try:
            yield
        finally:
            for name in _ENVIRONMENT:
                os.environ.pop(name, None)
            os.environ.update(changed)

    def _prove(self, connection: Any) -> None:
        """Nothing but this is executed in a session that is not where it should be."""
        cursor = connection.cursor()
        try:
            cursor.execute(_WHERE)
            name, oid, comment, pid, system_identifier = cursor.fetchone()
        finally:
            cursor.close()
        if not getattr(connection, "autocommit", False):
            connection.rollback()
        found = {"name": name, "oid": oid, "comment": comment, "system_identifier": system_identifier}
        if not proves(self._place["proof"] if self._place else {}, found):
            connection.close()
            self._channel.tell(
                "elsewhere", address="another database at our address", how="identity", redirected=False
            )
            raise ConnectsElsewhere(_MESSAGES["identity"])
        self._channel.tell("connected", pid=pid)


def proves(proof: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """The system identifier is compared where the session may read it."""
    identifier = found["system_identifier"]
    return (
        str(found["name"]) == proof["name"]
        and proof.get("oid") in {None, str(found["oid"])}
        and (proof.get("nonce") or "") in (found["comment"] or "")
        and (identifier is None or proof.get("system_identifier") in {None, str(identifier)})
    )


def _open_first(dialect: Any, parameters: Mapping[str, Any], ways: List[Dict[str, Any]]) -> Any:
    for way in ways[:-1]:
        try:
            return dialect.connect(**{**parameters, **way})
        except Exception:  # noqa: BLE001, S112  whatever the driver raises, the next server is tried
            continue
    return dialect.connect(**{**parameters, **ways[-1]})


def _wrap_pools(lead: Callable[[Callable[..., Any], Any], Any]) -> None:
    """Every pool is given its creator at one place, whether by creator=, async_creator or by hand."""
    wrap = pool.Pool._should_wrap_creator  # noqa: SLF001  __init__ cannot be replaced: its signature is read

    def wrapped(self: Any, creator: Any) -> Any:
        if _is_of_sqlalchemy(creator):
            return wrap(self, creator)
        return lambda _: lead(creator, self)

    pool.Pool._should_wrap_creator = wrapped  # type: ignore[method-assign]  # noqa: SLF001


def _is_of_sqlalchemy(creator: Any) -> bool:
    """The function within create_engine that asks do_connect."""
    return getattr(creator, "__module__", "") in {"sqlalchemy.engine.create", "sqlalchemy.engine.strategies"}


_MESSAGES = {
    "engine": "env.py connects to {address} instead of the database it was given",
    "creator": "env.py makes its connections itself (creator=), so that they cannot be led to the database it was given",
    "driver": "env.py connects to {address} so that it cannot be led to the database it was given",
    "identity": "the connection does not lead to the database that was meant",
}
