"""Every check that judges a rehearsed revision: what it says, why, and an example of each side."""

from __future__ import annotations

from types import MappingProxyType

from dbtool.locks.checks import applying, contract, failing, files, holding, rows, whole
from dbtool.locks.checks.check import Check

__all__ = ["CHECKS", "Check"]

CHECKS = MappingProxyType(
    {
        check.name: check
        for module in (failing, holding, rows, contract, whole, files, applying)
        for check in vars(module).values()
        if isinstance(check, Check)
    }
)
