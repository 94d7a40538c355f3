"""Night after night: a subset keeps its rows while its source goes on, and is never of two moments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dbtool.digest import ProjectKey
from dbtool.errors import Drift
from dbtool.postgres import copy_io
from dbtool.postgres.snapshots import begin_snapshot
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.request import RefreshRequest, Silent
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

pytestmark = pytest.mark.one_major

MakeDatabase = Callable[[], str]
Kept = set[tuple[Any, ...]]

_SHOP = """
CREATE TABLE customer (id uuid PRIMARY KEY, number int UNIQUE, name text, referred_by uuid REFERENCES customer);
CREATE TABLE product (id int PRIMARY KEY, name text);
CREATE TABLE purchase (id int PRIMARY KEY, customer_number int NOT NULL REFERENCES customer (number), made_on date);
CREATE TABLE line (purchase_id int REFERENCES purchase, place int, product_id int NOT NULL REFERENCES product, note text,
    PRIMARY KEY (purchase_id, place));
INSERT INTO customer SELECT md5('c' || n)::uuid, n, 'Name ' || n, CASE WHEN n % 9 = 0 THEN md5('c' || n / 2)::uuid END
    FROM generate_series(1, 2000) n;
INSERT INTO product SELECT n, 'product ' || n FROM generate_series(1, 500) n;
INSERT INTO purchase SELECT n, 1 + n * 7 % 2000, date '2026-01-01' + n % 300 FROM generate_series(1, 6000) n;
INSERT INTO line SELECT p, n, 1 + p * 13 % 500, 'first' FROM generate_series(1, 6000) p, generate_series(1, 3) n;
ANALYZE
"""
# Of every table one row in a hundred: a third each is new, gone, or other than it was, in what is no key and what refers.
_A_DAY = """
INSERT INTO customer SELECT md5('new' || n)::uuid, 100000 + n, 'New ' || n FROM generate_series(1, 7) n;
INSERT INTO product SELECT 100000 + n, 'new ' || n FROM generate_series(1, 2) n;
INSERT INTO purchase SELECT 100000 + n, 1 + n * 97 % 2000, '2026-11-01' FROM generate_series(1, 20) n;
INSERT INTO line SELECT 100000 + n, place, 1 + n % 500, 'new' FROM generate_series(1, 20) n, generate_series(1, 3) place;
UPDATE customer SET name = name || ' again', referred_by = NULL WHERE number % 300 = 17;
UPDATE product SET name = 'dearer' WHERE id % 300 = 2;
UPDATE purchase SET made_on = made_on + 1 WHERE id % 300 = 5;
UPDATE line SET note = 'second', product_id = 1 + (product_id + 250) % 500 WHERE purchase_id % 300 = 8;
CREATE TEMP TABLE gone AS SELECT number, id FROM customer WHERE number % 290 = 11;
UPDATE customer SET referred_by = NULL WHERE referred_by IN (SELECT id FROM gone);
DELETE FROM line WHERE purchase_id IN (SELECT id FROM purchase WHERE customer_number IN (SELECT number FROM gone));
DELETE FROM purchase WHERE customer_number IN (SELECT number FROM gone);
DELETE FROM customer WHERE id IN (SELECT id FROM gone);
"""
_RULES = """\
  public.customer: {{id: {{keep: k}}, number: {{keep: k}}, name: {{mask: full_name}}}}
  public.product: {{id: {{keep: k}}, name: {{keep: k}}}}
  public.purchase: {{id: {{keep: k}}, made_on: {{keep: k}}}}
  public.line: {{place: {{keep: k}}, note: {{keep: k}}}}
subset: {{roots: [{{table: public.customer, {}}}]}}
"""
_KEYS = """
SELECT 'customer', id::text, 0 FROM customer UNION ALL SELECT 'product', id::text, 0 FROM product
UNION ALL SELECT 'purchase', id::text, 0 FROM purchase UNION ALL SELECT 'line', purchase_id::text, place FROM line
"""


@pytest.fixture
def source(source_url: str) -> str:
    execute(source_url, _SHOP)
    return source_url


def subset_of(source: str, target: str, folder: Path, root: str, **options: Any) -> RefreshRequest:
    return request_for(
        source, target, folder / "state", rules_of(_RULES.format(root), folder), adopt=True, **options
    )


@pytest.mark.parametrize("root", ["percent: 10", "limit: 200", 'percent: 20, where: "number % 2 = 0"'])
def test_a_day_s_changes_move_few_rows_in_or_out(
    source: str, target_url: str, root: str, tmp_path: Path
) -> None:
    nights: list[Kept] = []
    for statements in (_A_DAY, "VACUUM FULL"):
        refresh(subset_of(source, target_url, tmp_path, root))
        nights.append(set(query(target_url, _KEYS)))
        execute(source, statements)
    before, after = nights
    assert len(before) > 2000
    assert before != after
    assert len(before & after) >= 0.98 * len(before)
    assert len(before & after) >= 0.98 * len(after)


def test_another_key_chooses_others(source: str, make_database: MakeDatabase, tmp_path: Path) -> None:
    mine, again, other = make_database(), make_database(), make_database()
    another = ProjectKey(b"another key, and as long: 0123456789")
    for target, options in ((mine, {}), (again, {}), (other, {"key": another})):
        refresh(subset_of(source, target, tmp_path, "percent: 10", **options))
    chosen = [set(query(url, "SELECT id FROM customer")) for url in (mine, again, other)]
    assert chosen[0] == chosen[1]
    assert 150 < len(chosen[0]) < 300
    assert 150 < len(chosen[2]) < 300
    assert len(chosen[0] & chosen[2]) < 100


class At(Silent):
    def __init__(self, stage: str, act: Callable[[], object]) -> None:
        self._stage, self._act = stage, act

    def stage(self, name: str) -> None:
        if name == self._stage:
            self._act()


@pytest.mark.parametrize("meanwhile", ["DELETE FROM line", "UPDATE line SET note = 'elsewhere'"])
def test_a_source_whose_sessions_see_other_moments_is_refused(
    source: str, target_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """As behind a pooler: whoever copies sees what was written since the rows were chosen."""
    refresh(subset_of(source, target_url, tmp_path, "percent: 10"))
    before = query(target_url, _KEYS), databases_beside(target_url)
    monkeypatch.setattr(copy_io, "adopt_snapshot", lambda connection, _name: begin_snapshot(connection))
    change = At("stream", lambda: execute(source, meanwhile))
    with pytest.raises(
        Drift, match=r"other rows of public\.line were copied than had been planned"
    ) as refused:
        refresh(subset_of(source, target_url, tmp_path, "percent: 10", observer=change))
    assert "do not see one snapshot" in str(refused.value)
    assert (query(target_url, _KEYS), databases_beside(target_url)) == before


def databases_beside(url: str) -> list[Any]:
    """With the candidates and previous ones of this database."""
    name = url.rsplit("/", 1)[1]
    return column_of(url, f"SELECT datname FROM pg_database WHERE starts_with(datname, '{name}') ORDER BY 1")
