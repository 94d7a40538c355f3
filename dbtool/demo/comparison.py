"""Production and staging asked the same questions, for the reader to compare."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from dbtool.demo.result import Comparison, Field
from dbtool.demo.shop import FILLED, MATERIALIZED
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection, connect

_Rows = list[tuple[Any, ...]]


def compare(production_url: str, staging_url: str) -> Comparison:
    """Read only; every question goes to both."""
    with (
        translated("comparing production and staging"),
        connect(production_url, read_only=True) as production,
        connect(staging_url, read_only=True) as staging,
    ):
        chosen, reviews = _rows(production, "choose_customers"), _rows(production, "review")
        emails = sorted({row[-1] for row in (*chosen, *reviews)})
        return Comparison(
            customers=tuple(_compare_customer(production, staging, identifier) for identifier, _ in chosen),
            review=_compare_review(reviews, staging),
            counts=tuple(_compare_count(production, staging, table) for table in FILLED),
            revenue=_compare_revenue(production, staging),
            needles=len(emails),
            found=(_search(production, emails), _search(staging, emails)),
        )


def _compare_customer(production: Connection, staging: Connection, identifier: int) -> tuple[Field, ...]:
    cursors = [one.execute(_query("customer"), {"id": identifier}) for one in (production, staging)]
    labels = [column.name for column in cursors[0].description or ()]
    before, after = (cursor.fetchone() or (None,) * len(labels) for cursor in cursors)
    return tuple(Field(*values) for values in zip(labels, before, after, strict=True))


def _compare_review(found: _Rows, staging: Connection) -> Field | None:
    if not found:
        return None
    identifier, body, _ = found[0]
    row = staging.execute("SELECT body FROM public.reviews WHERE id = %s", [identifier]).fetchone()
    return Field(f"review {identifier}", body, row[0] if row else None)


def _compare_count(production: Connection, staging: Connection, table: str) -> Field:
    counts = (_count(one, "count", table) for one in (production, staging))
    return Field(table, *(f"{count:,}" for count in counts))


def _compare_revenue(production: Connection, staging: Connection) -> tuple[Field, ...]:
    before: dict[str, str] = dict(_rows(production, "revenue"))
    after: dict[str, str] = dict(_rows(staging, "revenue"))
    months = sorted(before.keys() | after.keys())
    return tuple(Field(month, before.get(month), after.get(month)) for month in months)


def _search(connection: Connection, needles: list[str]) -> int:
    """In how many rows does one of the needles stand, in whichever column and case? Materialised views hold rows of their own."""
    patterns = ["%" + needle.lower().replace("_", r"\_") + "%" for needle in needles]
    return sum(
        _count(connection, "search", table, {"patterns": patterns}) for table in (*FILLED, *MATERIALIZED)
    )


def _count(connection: Connection, name: str, table: str, parameters: Mapping[str, Any] | None = None) -> int:
    query = _query(name).replace(b"{table}", f"public.{table}".encode())
    row = connection.execute(query, parameters).fetchone()
    return int(row[0]) if row else 0


def _rows(connection: Connection, name: str) -> _Rows:
    return connection.execute(_query(name)).fetchall()


def _query(name: str) -> bytes:
    return resources.files("dbtool.demo").joinpath("queries", f"{name}.sql").read_bytes()
