"""What the session itself can tell of a statement, read on its own connection right after it."""

from __future__ import annotations

from typing import Any, Dict


class Sources:
    def before(self, dbapi: Any) -> None:
        """Called before each statement, in its transaction."""

    def after(self, dbapi: Any) -> Dict[str, Any]:
        """Called when it has succeeded, still in its transaction (or in a block of its own, or after its commit)."""
        return {}

    def after_failure(self, dbapi: Any) -> Dict[str, Any]:
        """The transaction is aborted: nothing can be asked of the server."""
        return {}
