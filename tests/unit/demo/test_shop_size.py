from __future__ import annotations

import pytest

from dbtool.demo.scale import MINIMUM_ROWS
from dbtool.demo.shop import plan_size


@pytest.mark.parametrize("rows", [MINIMUM_ROWS, 200_000, 10_000_000])
def test_every_table_gets_rows_whatever_the_size(rows: int) -> None:
    size = plan_size(rows)
    assert min(getattr(size, table) for table in size.__slots__) >= 4


def test_half_of_a_shop_is_left_for_what_follows_from_its_orders() -> None:
    size = plan_size(1_000_000)
    assert size.orders * 2.5 == 500_000
    assert size.customers + size.customers // 4 == 50_000
