"""Every connection leads to the one database we were told, proves that it does, or is refused."""

from __future__ import annotations

from typing import Any, Dict, List

from sqlalchemy import event
from sqlalchemy.engine import Engine

from .channel import Channel

# What says where a connection goes and as whom; anything else that env.py asks for (options, application_name) stays.
_ADDRESS = frozenset(
    "host hostaddr port dbname database user password passfile service servicefile dsn unix_sock ssl ssl_context sslmode "
    "sslcert sslkey sslrootcert sslpassword sslcrl channel_binding gssencmode target_session_attrs require_auth".split()
)
_WHERE = """
SELECT pg_catalog.current_database(), d.oid::text, pg_catalog.shobj_description(d.oid, 'pg_database')
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
"""


class ConnectsElsewhere(RuntimeError):
    pass


class Redirect:
    """``place`` holds told_url, host, port, dbname, user, password, the address to use (``via``), and what proves it."""

    def __init__(self, place: Dict[str, Any], channel: Channel, *, redirect: bool) -> None:
        self._place = place
        self._channel = channel
        self._redirect = redirect

    def install(self) -> None:
        event.listen(Engine, "do_connect", self._connect)

    def _connect(self, dialect: Any, record: Any, cargs: List[Any], cparams: Dict[str, Any]) -> Any:
        self._refuse_elsewhere(cparams)
        parameters = {name: value for name, value in cparams.items() if name not in _ADDRESS}
        parameters.update(self._address(dialect.driver))
        connection = dialect.connect(**parameters)
        self._prove(connection)
        return connection

    def _refuse_elsewhere(self, cparams: Dict[str, Any]) -> None:
        asked = {
            "host": cparams.get("host", self._place["host"]),
            "port": str(cparams.get("port", self._place["port"])),
            "dbname": cparams.get("dbname", cparams.get("database", self._place["dbname"])),
        }
        told = {name: str(self._place[name]) for name in asked}
        if asked == told:
            return
        elsewhere = f"{asked['host']}:{asked['port']}/{asked['dbname']}"
        self._channel.tell("elsewhere", address=elsewhere, redirected=self._redirect)
        if not self._redirect:
            raise ConnectsElsewhere(f"env.py connects to {elsewhere} instead of the database it was given")

    def _address(self, driver: str) -> Dict[str, Any]:
        via = dict(self._place["via"])
        if driver == "asyncpg" or driver == "pg8000":
            via["database"] = via.pop("dbname")
            via["port"] = int(via["port"])
        return via

    def _prove(self, connection: Any) -> None:
        cursor = connection.cursor()
        try:
            cursor.execute(_WHERE)
            name, oid, comment = cursor.fetchone()
            cursor.execute("SELECT pg_catalog.pg_backend_pid()")
            (pid,) = cursor.fetchone()
        finally:
            cursor.close()
        if not getattr(connection, "autocommit", False):
            connection.rollback()
        proof = self._place["proof"]
        if (
            str(name) != proof["name"]
            or (proof.get("oid") and str(oid) != proof["oid"])
            or (proof.get("nonce") and proof["nonce"] not in (comment or ""))
        ):
            connection.close()
            raise ConnectsElsewhere("the connection does not lead to the database it should")
        self._channel.tell("connected", pid=pid)
