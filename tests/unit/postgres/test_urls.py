import pytest

from dbtool.errors import UrlInvalid
from dbtool.postgres.urls import database_name, parse_url, render_url, url_of_database

SECRET = "hunter2"
_PLAIN = {
    "host": "db.example.org",
    "port": "5433",
    "user": "ada",
    "password": "p@ss/w:rd% #",
    "dbname": "x y",
}


def refusal(url: str) -> str:
    with pytest.raises(UrlInvalid) as failure:
        parse_url(url)
    return str(failure.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h:5433/d", {"user": "u", "password": "p", "host": "h", "port": "5433", "dbname": "d"}),
        ("postgres://u@h/d", {"user": "u", "host": "h", "dbname": "d"}),
        ("postgresql+psycopg://u@h/d", {"user": "u", "host": "h", "dbname": "d"}),
        ("PostgreSQL+psycopg2://u@h/d", {"user": "u", "host": "h", "dbname": "d"}),
        ("  postgresql://h/d\n", {"host": "h", "dbname": "d"}),
        ("postgresql:///d", {"dbname": "d"}),
        ("postgresql+psycopg:///d?host=/run/pg&port=1", {"dbname": "d", "host": "/run/pg", "port": "1"}),
        ("postgresql://%2Frun%2Fpg/d", {"host": "/run/pg", "dbname": "d"}),
        ("postgresql://u:a%40b%2Fc%23@h/d", {"user": "u", "password": "a@b/c#", "host": "h", "dbname": "d"}),
        ("postgresql://u:a#b?[c]℀@h/d", {"user": "u", "password": "a#b?[c]℀", "host": "h", "dbname": "d"}),
        ("postgresql://[::1]:5433/d?sslmode=require", {"host": "::1", "port": "5433", "dbname": "d", "sslmode": "require"}),
        ("postgresql://a:1,b:2/d", {"host": "a,b", "port": "1,2", "dbname": "d"}),
        ("postgresql:///d?options=-c%20a.b%3Dc@d/e", {"dbname": "d", "options": "-c a.b=c@d/e"}),
        ("host=/run/pg dbname='a b' password='x@/y'", {"host": "/run/pg", "dbname": "a b", "password": "x@/y"}),
    ],
)  # fmt: skip
def test_every_form_of_a_url_is_read(url: str, expected: dict[str, str]) -> None:
    assert parse_url(url) == expected


def test_another_database_can_be_asked_for() -> None:
    assert parse_url("postgresql://h/d", database="other") == {"host": "h", "dbname": "other"}


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://u:{SECRET}@h/d",
        f"sqlite:///{SECRET}",
        f"{SECRET}",
        f"postgresql://u:{SECRET}@h/d?no_such_option=1",
        f"postgresql://u:{SECRET}%zz@h/d",
        f"postgresql://u:a@{SECRET}@h/d",
        f"postgresql://u:a/{SECRET}@h/d",
        f"postgresql://u:12/{SECRET}@h/d",
        f"postgresql://u:{SECRET}/a@h/d",
        f"postgresql://h:{SECRET}/d",
        f"host=h port={SECRET}",
        f"postgresql://u:a?b/{SECRET}@h/d",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_quoting_it(url: str) -> None:
    assert SECRET not in refusal(url)


def test_a_password_with_bare_signs_is_told_to_be_encoded() -> None:
    assert "percent-encode" in refusal("postgresql://u:a@b@h/d")
    assert "percent-encode" in refusal("postgresql://u:a/b@h/d")


def test_the_database_is_the_url_s_and_never_the_user_s_by_default() -> None:
    assert database_name("postgresql://u@h/d") == "d"
    for url in ("postgresql://u@h", "postgresql://u@h/", "postgresql://h", "host=h user=u"):
        with pytest.raises(UrlInvalid, match="names no database"):
            database_name(url)


def test_a_name_that_the_server_would_cut_short_is_refused() -> None:
    """Another database may have what is left of it."""
    assert database_name("postgresql://u@h/" + "d" * 63) == "d" * 63
    for name in ("d" * 64, "ü" * 32):
        with pytest.raises(UrlInvalid, match="more than 63 bytes"):
            database_name(f"postgresql://u@h/{name}")


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
