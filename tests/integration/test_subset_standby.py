"""A subset of a server at work, by its hot standby and by itself: what a transaction wrote is there whole or not at all."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from dbtool.clones.embedded import EmbeddedServer, embedded_server
from dbtool.postgres.binaries import choose_server, find_installations
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.request import Silent
from dbtool.refresh.result import RefreshResult
from tests.acceptance import inspection
from tests.acceptance.project import wait_until
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of
from tests.integration.replication import standby_of, wait_for_replay

pytestmark = pytest.mark.one_major

NAME = f"dbtool_test_{os.getpid()}_subset_standby"
READER = f"dbtool_test_{os.getpid()}_reader"
PASSWORD = "of these tests alone"
_SHOP = f"""
CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, orders int NOT NULL);
CREATE TABLE product (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE purchase (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, lines int NOT NULL, first_line int UNIQUE);
CREATE TABLE line (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, purchase_id int NOT NULL REFERENCES purchase,
    product_id int NOT NULL REFERENCES product, round int NOT NULL
);
CREATE INDEX ON line (purchase_id);
ALTER TABLE purchase ADD FOREIGN KEY (first_line) REFERENCES line DEFERRABLE INITIALLY DEFERRED;
INSERT INTO customer SELECT n, 'Originalname No' || n, 0 FROM generate_series(1, 200) n;
INSERT INTO product SELECT n, 'product ' || n FROM generate_series(1, 300) n;
CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER};
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {READER}
"""
# A whole order at once: the customer counts it, its lines are as many as it says, and it knows the first of them.
_ADD = """
WITH counted AS (UPDATE customer SET orders = orders + 1 WHERE id = %(customer)s),
     made AS (INSERT INTO purchase VALUES (%(id)s, %(customer)s, %(lines)s) RETURNING id)
INSERT INTO line (purchase_id, product_id, round)
SELECT id, 1 + (%(id)s * 7 + n) %% 300, 0 FROM made, generate_series(1, %(lines)s) n
"""
_MARK_FIRST = (
    "UPDATE purchase SET first_line = (SELECT min(id) FROM line WHERE purchase_id = %(id)s) WHERE id = %(id)s"
)
_TOUCH = (
    "UPDATE line SET round = round + 1, product_id = 1 + (product_id + 1) %% 300 WHERE purchase_id = %(id)s"
)
_REMOVE = (
    "UPDATE customer SET orders = orders - 1 WHERE id = (SELECT customer_id FROM purchase WHERE id = %(id)s)",
    "UPDATE purchase SET first_line = NULL WHERE id = %(id)s",
    "DELETE FROM line WHERE purchase_id = %(id)s",
    "DELETE FROM purchase WHERE id = %(id)s",
)
_TABLES = """\
  public.customer: {id: {keep: k}, name: {mask: full_name}, orders: {keep: k}}
  public.product: {id: {keep: k}, name: {keep: k}}
  public.purchase: {id: {keep: k}, lines: {keep: k}}
  public.line: {id: {keep: k}, round: {keep: k}}
subset: {roots: [{table: public.customer, percent: 30}]}
"""


@dataclass
class Writer:
    """Adds, changes and removes whole orders, each in one transaction, as fast as it can."""

    url: str
    written: int = 0
    failure: BaseException | None = None

    def work(self, done: threading.Event) -> None:
        chance = random.Random(4)
        ids = column_of(self.url, "SELECT id FROM purchase")
        try:
            with psycopg.connect(self.url) as connection:
                while not done.is_set():
                    self._change(connection, ids, chance)
                    connection.commit()
                    self.written += 1
        except BaseException as error:  # noqa: BLE001  the thread that waits for us raises it
            self.failure = error

    @staticmethod
    def _change(connection: psycopg.Connection[Any], ids: list[int], chance: random.Random) -> None:
        what = chance.random()
        if what < 0.5 or len(ids) < 100:
            ids.append(max(ids, default=0) + 1)
            add(connection, ids[-1], chance)
        elif what < 0.75:
            connection.execute(_TOUCH, {"id": chance.choice(ids)})
        else:
            gone = ids.pop(chance.randrange(len(ids)))
            for statement in _REMOVE:
                connection.execute(statement, {"id": gone})


def add(connection: psycopg.Connection[Any], number: int, chance: random.Random) -> None:
    values = {"id": number, "customer": chance.randint(1, 200), "lines": chance.randint(1, 9)}
    connection.execute(_ADD, values)
    connection.execute(_MARK_FIRST, values)


@contextmanager
def writing(url: str) -> Iterator[Writer]:
    writer, done = Writer(url), threading.Event()
    thread = threading.Thread(target=writer.work, args=[done], daemon=True)
    thread.start()
    try:
        wait_until(lambda: writer.written > 10 or writer.failure, "the writer is at work")
        yield writer
    finally:
        done.set()
        thread.join(timeout=30)
    if writer.failure:
        raise writer.failure


class Watched(Silent):
    """How much had been written when each stage began."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.written: dict[str, int] = {}

    def stage(self, name: str) -> None:
        """Each stage takes as long as it takes to write a little more."""
        self.written[name] = before = self._writer.written
        wait_until(
            lambda: self._writer.written > before + 5 or self._writer.failure, "the writer has gone on"
        )


@pytest.fixture(scope="module")
def primary(newest_server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    installation = choose_server(find_installations(), newest_server.major)
    with embedded_server(installation=installation, settings={"fsync": "off"}) as server:
        execute(server.url(), f"CREATE DATABASE {NAME} TEMPLATE template0")
        execute(server.url(NAME), _SHOP)
        chance = random.Random(3)
        with psycopg.connect(server.url(NAME)) as connection:
            for number in range(1, 3001):
                add(connection, number, chance)
        execute(server.url(NAME), "ANALYZE")
        yield server


@pytest.fixture(scope="module")
def standby(primary: EmbeddedServer) -> Iterator[EmbeddedServer]:
    with standby_of(primary) as server:
        yield server


def as_reader(url: str) -> str:
    parts = urlsplit(url)
    return f"postgresql://{READER}:{PASSWORD.replace(' ', '%20')}@{parts.hostname}:{parts.port}{parts.path}"


@pytest.mark.parametrize("by", ["standby", "primary"])
def test_an_order_comes_with_all_of_its_lines_while_others_are_written(
    primary: EmbeddedServer, standby: EmbeddedServer, target_url: str, by: str, tmp_path: Path
) -> None:
    server = standby if by == "standby" else primary
    with writing(primary.url(NAME)) as writer:
        wait_for_replay(primary, standby)
        watched = Watched(writer)
        request = request_for(
            as_reader(server.url(NAME)), target_url, tmp_path, rules_of(_TABLES, tmp_path), observer=watched
        )
        done = refresh(request)
    assert watched.written["keys"] < watched.written["stream"] < watched.written["verify"] < writer.written
    refuse_halves(target_url)
    assert_as_planned(done, target_url)


def refuse_halves(target: str) -> None:
    assert query(target, "SELECT count(*) > 500 FROM purchase") == [(True,)]
    halves = (
        "SELECT count(*) FROM purchase p WHERE lines <> (SELECT count(*) FROM line WHERE purchase_id = p.id) "
        "OR first_line IS DISTINCT FROM (SELECT min(id) FROM line WHERE purchase_id = p.id) "
        "OR 1 <> (SELECT count(DISTINCT round) FROM line WHERE purchase_id = p.id)"
    )
    assert query(target, halves) == [(0,)]
    missed = "SELECT count(*) FROM customer c WHERE orders <> (SELECT count(*) FROM purchase WHERE customer_id = c.id)"
    assert query(target, missed) == [(0,)]
    orphans = inspection.count_orphans(target)
    assert len(orphans) == 4
    assert not any(orphans.values())


def assert_as_planned(done: RefreshResult, target: str) -> None:
    assert done.subset is not None
    planned = {table.name.name: table.rows for table in done.subset.tables}
    assert planned == {name: query(target, f"SELECT count(*) FROM {name}")[0][0] for name in planned}
    assert done.verification.orphans == 0
