"""Functions of the project's own modules: those that dbtool.toml names, out of the project's folder and from nowhere else."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from dbtool.errors import DbtoolError
from dbtool.masking.mask import DoesNotFit
from dbtool.masking.pools import note_pool
from dbtool.rules.model import PythonModules
from dbtool.spelling import did_you_mean

_LOADED: dict[str, Path] = {}  # name → the file that this process loaded for it

Function = Callable[..., Any]


def load_function(modules: PythonModules, spelt: str) -> Function:
    """``spelt`` is module:function. The module's text is part of ``pools_digest`` from here on.

    :raises DoesNotFit: dbtool.toml does not allow it, it is not there, or it cannot be called as masks are.
    """
    name, _, function_name = spelt.partition(":")
    if name not in modules.names:
        raise DoesNotFit(
            f"dbtool.toml does not allow module {name}{did_you_mean(name, modules.names)}",
            f'a module that [project] allows: python_masks = ["{name}"]',
        )
    module = _load_module(modules.folder, name)
    function: Function | None = getattr(module, function_name, None)
    if not callable(function):
        known = [one for one, value in vars(module).items() if callable(value)]
        raise DoesNotFit(
            f"module {name} has no function {function_name}{did_you_mean(function_name, known)}",
            "the name of a function in it",
        )
    _check_signature(spelt, function)
    note_pool(f"python {name}", [Path(module.__file__ or "").read_text(encoding="utf-8", errors="replace")])
    return function


def _check_signature(spelt: str, function: Function) -> None:
    try:
        inspect.signature(function).bind("value", seed=0)
    except TypeError as error:
        raise DoesNotFit(
            f"{spelt} cannot be called with what masks are given: {error}",
            "a function of the values, or with `takes: text` of one, and of `seed` by name",
        ) from None
    except ValueError:  # one written in C, of which nothing is known
        return


def _load_module(folder: Path, name: str) -> ModuleType:
    """With its packages, from the outermost inwards."""
    module: ModuleType | None = None
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        where = [str(folder)] if module is None else list(getattr(module, "__path__", ()))
        module = _load_part(".".join(parts[:end]), where, folder)
    assert module is not None  # noqa: S101  a name has at least one part
    return module


def _load_part(name: str, where: list[str], folder: Path) -> ModuleType:
    spec = PathFinder.find_spec(name, where)
    if spec is None or spec.loader is None or spec.origin is None:
        raise DoesNotFit(f"there is no module {name} in {folder}", "a module beside dbtool.toml")
    file = Path(spec.origin).resolve()
    if _LOADED.get(name) == file and name in sys.modules:
        return sys.modules[name]
    if name not in _LOADED:
        _refuse_taken(name, file)
    return _execute(name, spec, file)


def _refuse_taken(name: str, file: Path) -> None:
    """Of two modules with one name, whoever imports it gets the one that was first."""
    if "." in name:
        return
    taken = name in sys.stdlib_module_names or name in sys.modules
    other = None if taken else importlib.util.find_spec(name)
    if taken or (other is not None and (other.origin is None or Path(other.origin).resolve() != file)):
        raise DoesNotFit(
            f"another module is installed under the name {name} of {file.name}",
            "the module under another name",
        )


def _execute(name: str, spec: ModuleSpec, file: Path) -> ModuleType:
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its own imports ask for it
    try:
        if spec.loader is not None:
            spec.loader.exec_module(module)
    except (DbtoolError, KeyboardInterrupt):  # of a signal that came meanwhile
        raise
    except BaseException as error:  # noqa: BLE001  a module raises anything while it is loaded
        del sys.modules[name]
        told = f"{type(error).__name__}: {error}".rstrip(": ")
        raise DoesNotFit(
            f"module {name} cannot be loaded: {told}", f"a {file.name} that can be imported"
        ) from None
    _LOADED[name] = file
    return module
