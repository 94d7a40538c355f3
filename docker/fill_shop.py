"""Migrates DBTOOL_PRODUCTION_URL to the example's schema and fills it: fill_shop.py --scale 50k"""

from __future__ import annotations

import argparse
import os

from dbtool.demo.project import migrate_shop
from dbtool.demo.scale import parse_scale
from dbtool.demo.shop import fill_shop
from dbtool.postgres.session import connect

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--scale", type=parse_scale, default="50k", help="about how many rows: 10k, 10M")
scale = parser.parse_args().scale
url = os.environ["DBTOOL_PRODUCTION_URL"]
migrate_shop(url)
with connect(url) as connection:
    fill_shop(connection, rows=scale, seed=1, progress=lambda table: print(f"filled {table}"))
