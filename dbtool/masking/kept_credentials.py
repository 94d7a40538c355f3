"""Kept columns of which the name says that they hold a credential: whoever has the copy could act with it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import ColumnRef
from dbtool.findings import Finding, Severity
from dbtool.masking.guesses import likely_mask
from dbtool.masking.mask import Registry
from dbtool.rules.model import Decision, Keep

_OF_CREDENTIALS = "token"


def find_kept_credentials(
    decisions: Mapping[ColumnRef, Decision], catalog: Catalog, registry: Registry
) -> Iterator[Finding]:
    for ref, decision in decisions.items():
        column = catalog.relations[ref.relation].get_column(ref.column)
        if isinstance(decision, Keep) and likely_mask(column.name, column.type, registry) == _OF_CREDENTIALS:
            yield Finding(
                "credential-kept",
                Severity.WARNING,
                str(ref),
                f"{ref} is kept at {decision.at}, and by its name it holds a credential: with a live one, whoever has the copy "
                "can act as somebody in production",
                "use {mask: token}, which makes one that opens nothing, or {mask: empty}",
            )
