"""Every row of the catalogue of dangerous DDL ends in the right findings, on a large table in use."""

from __future__ import annotations

import pytest

from tests.unit.locks.catalogue_of_rest import INDEXES_AND_THE_REST
from tests.unit.locks.catalogue_of_tables import COLUMNS_AND_CONSTRAINTS

_ROWS = {**COLUMNS_AND_CONSTRAINTS, **INDEXES_AND_THE_REST}


@pytest.mark.parametrize("row", _ROWS)
def test_a_row_of_the_catalogue_ends_in_its_findings(row: str) -> None:
    case, expected = _ROWS[row]
    assert case.severities() == expected
