from __future__ import annotations

import importlib
import importlib.util
import pathlib
import sys


def _load() -> None:
    """Load this folder as a package of a name that no project has."""
    folder = pathlib.Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if pathlib.Path(entry or ".").resolve() != folder]
    spec = importlib.util.spec_from_file_location(
        "_dbtool_child", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise SystemExit(f"{folder} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules["_dbtool_child"] = module
    spec.loader.exec_module(module)
    importlib.import_module("_dbtool_child.host").main(int(sys.argv[1]))


_load()
