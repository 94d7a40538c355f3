"""The table that a name nobody knows was probably meant for."""

from __future__ import annotations

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.spelling import find_nearest


def find_nearest_table(catalog: Catalog, name: RelationName) -> str | None:
    """A shared schema makes any two names look alike, so the tables' own names are compared first."""
    tables = [relation.name for relation in catalog.ruled()]
    beside = {one.name: str(one) for one in tables if one.schema == name.schema}
    elsewhere = {str(one): str(one) for one in tables if one.schema != name.schema}
    nearest = find_nearest(name.name, beside)
    return beside[nearest] if nearest else find_nearest(str(name), elsewhere)
