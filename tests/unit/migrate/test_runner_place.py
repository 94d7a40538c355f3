"""How env.py is told of its database, and what is left of that in an outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.migrate.project import MigrationProject
from dbtool.migrate.runner.child.address import find_address, parse_dsn
from dbtool.migrate.runner.outcome import Outcome, Raised
from dbtool.migrate.runner.place import Place, find_parameters, told_environment, told_schemes, told_url


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://u:p@db:6000/shop", "u:p@db:6000/shop"),
        ("postgres://u:p@db/shop", "u:p@db:5432/shop"),
        ("postgresql+asyncpg://u:p@db/shop?sslmode=require", "u:p@db:5432/shop"),
        ("postgresql://u:p%40%2F%25@db/my%20shop", "u:p%40%2F%25@db:5432/my%20shop"),
        ("postgresql://u:p@[::1]:6000/shop", "u:p@[::1]:6000/shop"),
        ("postgresql://u:p@a:1,b:2/shop", "u:p@/shop?host=a%3A1&host=b%3A2"),
        ("postgresql://u:p@/shop?host=/run/pg&port=6000", "u:p@/shop?host=%2Frun%2Fpg&port=6000"),
        ("host=db port=6000 dbname=shop user=u password=p", "u:p@db:6000/shop"),
    ],
)
def test_the_url_is_spelt_as_sqlalchemy_reads_it(url: str, told: str) -> None:
    assert told_url(find_parameters(Place(url))) == told


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:p@db:6000/shop", "postgresql://u:p@[::1]/shop", "postgresql://u:p@/x?host=/run/pg"],
)
def test_the_guard_reads_the_told_url_as_the_same_place(url: str) -> None:
    parameters = find_parameters(Place(url))
    told = find_address((), parse_dsn(f"postgresql://{told_url(parameters)}"), {})
    assert told == find_address((), parameters, {})


def test_urls_begin_as_the_variables_that_they_replace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://u:p@prod/shop")
    monkeypatch.setenv("SHOP_DB", "mysql://u:p@prod/shop")
    monkeypatch.delenv("OTHER_DB", raising=False)
    project = MigrationProject(Path(), url_variables=("SHOP_DB", "OTHER_DB"))
    assert told_schemes(project) == {"DATABASE_URL": "postgresql+asyncpg", "SHOP_DB": None, "OTHER_DB": None}


def test_a_driver_that_is_set_goes_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://u:p@prod/shop")
    assert told_schemes(MigrationProject(Path(), driver="postgresql+psycopg")) == {
        "DATABASE_URL": "postgresql+psycopg"
    }


def test_inherited_variables_cannot_lead_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGPASSFILE", "REGION"):
        monkeypatch.setenv(name, "other")
    project = MigrationProject(Path(), inherited=("PGHOST", "PGPASSFILE", "REGION", "NOT_SET"))
    environment = told_environment(project, find_parameters(Place("postgresql://u:p@db/shop")))
    assert (environment["PGHOST"], environment["PGPASSFILE"], environment["REGION"]) == (
        "db",
        "/dev/null",
        "other",
    )
    assert "NOT_SET" not in environment


def test_no_spelling_of_the_password_is_left() -> None:
    outcome = Outcome(message="at p@s s", raised=Raised("RuntimeError", "no p%40s%20s, no p%40s+s"))
    outcome.scrub("postgresql://u:p%40s%20s@db and p@s s", "p@s s")
    assert (outcome.output, outcome.message) == ("postgresql://u:…@db and …", "at …")
    assert outcome.raised is not None
    assert outcome.raised.message == "no …, no …"


def test_without_a_password_nothing_is_blanked() -> None:
    outcome = Outcome()
    outcome.scrub("as it is", "")
    assert outcome.output == "as it is"


def test_led_and_refused_addresses_are_told_apart_once_each() -> None:
    outcome = Outcome()
    for redirected in (True, False, False):
        outcome.note("elsewhere", {"address": "prod:5432/shop", "how": "engine", "redirected": redirected})
    assert (outcome.redirected, outcome.elsewhere) == (["prod:5432/shop"], ["prod:5432/shop"])
