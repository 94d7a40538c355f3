"""The history in the project's files, without a database. Loading a revision runs its module, so this is a child's work."""

from __future__ import annotations

import os
from typing import Any, Dict

from .environment import make_config, script_directory


def describe(project: Dict[str, Any]) -> Dict[str, Any]:
    """Revisions oldest first: the parent digests their files itself."""
    script = script_directory(make_config(project))
    ordered = list(script.walk_revisions("base", "heads"))[::-1]
    return {
        "heads": sorted(script.get_heads()),
        "env": os.path.abspath(os.path.join(script.dir, "env.py")),
        "revisions": [_describe(each) for each in ordered],
    }


def _describe(revision: Any) -> Dict[str, Any]:
    return {
        "id": revision.revision,
        "down": _names(revision.down_revision),
        "needs": _names(revision.dependencies),
        "labels": sorted(revision.branch_labels or ()),
        "file": os.path.abspath(revision.path),
        "message": (revision.doc or "").strip(),
    }


def _names(value: Any) -> Any:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
