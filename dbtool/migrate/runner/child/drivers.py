"""The drivers' own ways to connect, closed but for the redirect's: each module is changed right after its import.

A driver that is not installed is no problem. What the C code of a driver does by itself is out of reach here; the
network namespace of a rehearsal is what keeps it in.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from typing import Any, Callable, Dict, Set

from .refusal import is_passing

Refuse = Callable[[str], None]  # is told the driver; raises
_STANDS_IN = "_dbtool_stands_in"


def install(refuse: Refuse) -> None:
    def refuse_direct(driver: str) -> None:
        if not is_passing():
            refuse(driver)

    for name, close in _CLOSERS.items():
        if name in sys.modules:
            close(sys.modules[name], refuse_direct)
    sys.meta_path.insert(0, _AfterImport(refuse_direct))


class _AfterImport(importlib.abc.MetaPathFinder):
    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse
        self._searching: Set[str] = set()

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name not in _CLOSERS or name in self._searching:
            return None
        self._searching.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._searching.discard(name)
        if spec is not None and spec.loader is not None:
            _run_after(spec.loader, _CLOSERS[name], self._refuse)
        return spec


def _run_after(loader: Any, close: Callable[[Any, Refuse], None], refuse: Refuse) -> None:
    run = loader.exec_module

    def run_and_close(module: Any) -> None:
        run(module)
        close(module, refuse)

    loader.exec_module = run_and_close


def _close_psycopg(psycopg: Any, refuse: Refuse) -> None:
    for kind in (psycopg.Connection, psycopg.AsyncConnection):
        kind.connect = classmethod(_guarded(kind.connect.__func__, "psycopg", refuse))
    psycopg.connect = psycopg.Connection.connect
    psycopg.generators.connect = _guarded(psycopg.generators.connect, "psycopg", refuse)
    names = ("psycopg.pq", "psycopg_binary.pq", "psycopg_c.pq", "psycopg.pq.pq_ctypes")
    for module in [sys.modules[name] for name in names if name in sys.modules]:
        module.PGconn = _guarded_pgconn(module.PGconn, refuse)  # type: ignore[attr-defined]


def _guarded_pgconn(pgconn: Any, refuse: Refuse) -> Any:
    """A class of C cannot be changed; its name can stand for another."""

    def guarded(name: str) -> Any:
        method = getattr(pgconn, name)

        def call(cls: Any, *arguments: Any, **named: Any) -> Any:
            refuse("psycopg")
            return method(*arguments, **named)

        return classmethod(call)

    names = [name for name in ("connect", "connect_start", "ping") if hasattr(pgconn, name)]
    return _stand_in(pgconn, {name: guarded(name) for name in names})


def _close_psycopg_pool(module: Any, refuse: Refuse) -> None:
    """Its threads would try again and again, and its user would only learn of a time-out. One that stays closed may be."""
    for name in ("ConnectionPool", "AsyncConnectionPool"):
        kind: Any = getattr(module, name, None)
        if hasattr(kind, "_open"):
            kind._open = _guarded(kind._open, "psycopg_pool", refuse)  # noqa: SLF001  open() and open=True both call it


def _close_psycopg2(psycopg2: Any, refuse: Refuse) -> None:
    for module in (psycopg2, psycopg2._psycopg):  # noqa: SLF001  the C function stands in both
        module._connect = _guarded(module._connect, "psycopg2", refuse)  # noqa: SLF001
    psycopg2.connect = _guarded(psycopg2.connect, "psycopg2", refuse)


def _close_psycopg2_extensions(extensions: Any, refuse: Refuse) -> None:
    """Before psycopg2.extras derives its own from it."""
    original = extensions.connection

    def make(self: Any, *arguments: Any, **named: Any) -> None:
        refuse("psycopg2")
        original.__init__(self, *arguments, **named)

    guarded = _stand_in(original, {"__init__": make})
    extensions.connection = guarded
    sys.modules["psycopg2._psycopg"].connection = guarded  # type: ignore[attr-defined]


def _close_asyncpg(connect_utils: Any, refuse: Refuse) -> None:
    """All its connections, a pool's too, are made by one function."""
    connect_utils._connect = _guarded(connect_utils._connect, "asyncpg", refuse)  # noqa: SLF001


def _close_pg8000(core: Any, refuse: Refuse) -> None:
    connection = core.CoreConnection
    connection.__init__ = _guarded(connection.__init__, "pg8000", refuse)


def _guarded(function: Callable[..., Any], driver: str, refuse: Refuse) -> Callable[..., Any]:
    """Refused when it is called, before a coroutine is made: nothing may wait to be awaited."""

    def call(*arguments: Any, **named: Any) -> Any:
        refuse(driver)
        return function(*arguments, **named)

    call.__name__, call.__doc__ = getattr(function, "__name__", "connect"), function.__doc__
    return call


def _stand_in(original: Any, changes: Dict[str, Any]) -> Any:
    """A subclass in its place, of which the original's instances are instances too."""

    class Kind(type(original)):  # type: ignore[misc]
        def __instancecheck__(cls, instance: Any) -> bool:
            return (
                isinstance(instance, original)
                if _STANDS_IN in vars(cls)
                else super().__instancecheck__(instance)
            )

        def __subclasscheck__(cls, subclass: Any) -> bool:
            return (
                issubclass(subclass, original)
                if _STANDS_IN in vars(cls)
                else super().__subclasscheck__(subclass)
            )

    attributes = {"__module__": original.__module__, _STANDS_IN: True, **changes}
    return Kind(original.__name__, (original,), attributes)


_CLOSERS: Dict[str, Callable[[Any, Refuse], None]] = {
    "psycopg": _close_psycopg,
    "psycopg_pool.pool": _close_psycopg_pool,
    "psycopg_pool.pool_async": _close_psycopg_pool,
    "psycopg2": _close_psycopg2,
    "psycopg2.extensions": _close_psycopg2_extensions,
    "asyncpg.connect_utils": _close_asyncpg,
    "pg8000.core": _close_pg8000,
}
