"""Migrates DBTOOL_PRODUCTION_URL to the example's schema and fills it with about as many rows as it is told."""

from __future__ import annotations

import os
import sys

from dbtool.demo.project import migrate_shop
from dbtool.demo.shop import fill_shop
from dbtool.postgres.session import connect

url = os.environ["DBTOOL_PRODUCTION_URL"]
migrate_shop(url)
with connect(url) as connection:
    fill_shop(connection, rows=int(sys.argv[1]), seed=1, progress=lambda table: print(f"filled {table}"))
