import pytest

from dbtool.postgres.session import parse_url
from dbtool.postgres.urls import render_url, url_of_database

_PLAIN = {
    "host": "db.example.org",
    "port": "5433",
    "user": "ada",
    "password": "p@ss/w:rd% #",
    "dbname": "x y",
}


@pytest.mark.parametrize(
    "parameters",
    [
        _PLAIN,
        {"dbname": "x"},
        {"user": "ada", "dbname": "x"},
        {"password": "secret", "dbname": "x"},
        {"host": "/var/run/postgresql", "port": "5432", "user": "ada", "dbname": "ü?&="},
        {"host": "a,b", "port": "5432,5433", "dbname": "x", "target_session_attrs": "read-write"},
        {"host": "::1", "port": "5432", "dbname": "x", "sslmode": "verify-full"},
        {"hostaddr": "127.0.0.1", "port": "5432", "dbname": "x", "options": "-c a=b\\ c -c d=e"},
        {"service": "staging", "dbname": "x"},
    ],
)
def test_parameters_are_read_back_from_the_url_as_they_were(parameters: dict[str, str]) -> None:
    assert parse_url(render_url(parameters)) == parameters


def test_a_plain_server_is_spelt_as_people_do() -> None:
    assert render_url(_PLAIN) == "postgresql://ada:p%40ss%2Fw%3Ard%25%20%23@db.example.org:5433/x%20y"


def test_another_database_keeps_server_and_credentials() -> None:
    url = url_of_database("postgresql+psycopg://ada:secret@db:5433/live?sslmode=require", "candidate")
    assert parse_url(url) == {
        "host": "db",
        "port": "5433",
        "user": "ada",
        "password": "secret",
        "dbname": "candidate",
        "sslmode": "require",
    }


def test_a_role_is_added_to_the_options_that_are_there() -> None:
    url = url_of_database("postgresql://db/live?options=-c%20jit%3Doff", "candidate", role="my role\\")
    assert parse_url(url)["options"] == "-c jit=off -c role=my\\ role\\\\"
