"""Where a driver's parameters lead."""

from __future__ import annotations

from typing import Any

import pytest

from dbtool.migrate.runner.child.address import Address, find_address, is_same, parse_dsn

_TOLD = Address(("127.0.0.1:5432",), "shop")


@pytest.mark.parametrize(
    ("cargs", "cparams", "environ", "expected"),
    [
        ([], {"host": "db", "port": 6000, "dbname": "shop"}, {}, "db:6000/shop"),
        ([], {"host": "db", "database": "shop"}, {}, "db:5432/shop"),
        (["host=db port=6000 dbname='my shop'"], {}, {}, "db:6000/my shop"),
        ([], {"dsn": "postgresql://u:p@db:6000/shop?sslmode=require"}, {}, "db:6000/shop"),
        (["host=db dbname=shop"], {"dbname": "other"}, {}, "db:5432/other"),
        ([], {"host": "a,b", "port": "1,2", "dbname": "shop"}, {}, "a:1,b:2/shop"),
        ([], {"host": "a:1,b:2", "dbname": "shop"}, {}, "a:1,b:2/shop"),
        ([], {"host": ["a", "b"], "port": [1, 2], "database": "shop"}, {}, "a:1,b:2/shop"),
        ([], {"host": "a,b", "port": "6000", "dbname": "shop"}, {}, "a:6000,b:6000/shop"),
        ([], {"unix_sock": "/run/pg/.s.PGSQL.5432", "database": "shop"}, {}, "/run/pg:5432/shop"),
        ([], {"host": "db", "hostaddr": "10.0.0.1", "dbname": "shop"}, {}, "10.0.0.1:5432/shop"),
        ([""], {}, {"PGHOST": "db", "PGPORT": "6000", "PGDATABASE": "shop"}, "db:6000/shop"),
        ([], {"host": "db", "dbname": "shop"}, {"PGHOSTADDR": "10.0.0.1"}, "10.0.0.1:5432/shop"),
        ([], {"dbname": "shop"}, {}, "localhost:5432/shop"),
        ([], {"service": "prod", "dbname": "shop"}, {}, "service prod/"),
        ([], {"host": "db"}, {"PGSERVICE": "prod"}, "service prod/"),
        ([], {"host": "db", "async_creator_fn": print}, {}, "a async_creator_fn of its own/"),
    ],
)
def test_finds_where_a_call_would_lead(
    cargs: list[str], cparams: dict[str, Any], environ: dict[str, str], expected: str
) -> None:
    assert str(find_address(cargs, cparams, environ)) == expected


@pytest.mark.parametrize("server", ["127.0.0.1:5432", "localhost:5432", "LOCALHOST:5432", "::1:5432"])
def test_loopback_has_several_names(server: str) -> None:
    assert is_same(Address((server,), "shop"), _TOLD)


@pytest.mark.parametrize(
    "other",
    [
        Address(("127.0.0.1:5433",), "shop"),
        Address(("127.0.0.2:5432",), "shop"),
        Address(("127.0.0.1:5432",), "shop2"),
        Address(("127.0.0.1:5432", "db:5432"), "shop"),
        Address(("service prod",), ""),
    ],
)
def test_another_port_host_or_database_is_another_place(other: Address) -> None:
    assert not is_same(other, _TOLD)


def test_a_folder_is_the_same_however_it_is_spelt() -> None:
    assert is_same(Address(("/run/pg/:5432",), "shop"), Address(("/run/pg:5432",), "shop"))


def test_no_user_or_password_is_kept_of_a_dsn() -> None:
    assert "hunter2" not in str(find_address(["postgresql://someone:hunter2@db/shop"], {}, {}))
    assert "hunter2" not in str(parse_dsn("postgresql://someone:hunter2@[::1]:5433/shop"))
