"""Values that other tools mix up, kept and masked by one refresh: NULL and its doubles, escapes, spellings, encodings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import psycopg
import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import FindingsRefuse
from dbtool.refresh.pipeline import refresh
from tests.databases import column_of, execute, own_database, query
from tests.integration.refreshing import KEY, request_for, rules_of

TwoDatabases = tuple[str, str]

_ALIKE = (
    None,
    "",
    "\\N",
    "\\\\N",
    "N",
    "NULL",
    "null",
    " ",
    "  ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\\.",
    ".",
    "\\x07",
    "\x07",
    "\\",
    "\\\\",
    "\\t",
    "a\tb\\c\nd",
    "\x01\x08\x0b\x0c\x1b\x7f",
)


def digest_of(value: str) -> str:
    """The stand-in that ``token`` gives to the value itself, however COPY spells it."""
    digits: str = KEY.digest_for("token").hex(pl.Series([value]))[0]
    return digits[:32]


def insert(url: str, table: str, *rows: tuple[object, ...]) -> None:
    places = ", ".join(["%s"] * len(rows[0]))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.cursor().executemany(f"INSERT INTO {table} VALUES ({places})".encode(), rows)


def test_null_its_doubles_and_what_copy_escapes_stay_apart_kept_and_masked(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE t (id int, kept text, secret text, said text, gone text, elements text[]);"
        "CREATE TABLE alone (v text); CREATE TABLE masked_alone (v text)",
    )
    insert(source, "t", *((n, v, v, v, v, [v, v]) for n, v in enumerate(_ALIKE)))
    for table in ("alone", "masked_alone"):
        insert(source, table, *((v,) for v in _ALIKE))
    rules = rules_of(
        "  public.t: {id: {keep: k}, kept: {keep: k}, secret: {mask: token}, said: {mask: redact}, "
        "gone: {mask: 'null'}, elements: {each: {mask: token}}}\n"
        "  public.alone: {v: {keep: k}}\n  public.masked_alone: {v: {mask: token}}\n",
        tmp_path,
    )
    refresh(request_for(source, target, tmp_path, rules))
    stand_ins = [digest_of(v) if v else v for v in _ALIKE]
    assert len(set(stand_ins)) == len(_ALIKE)
    assert column_of(target, "SELECT kept FROM t ORDER BY id") == list(_ALIKE)
    assert column_of(target, "SELECT secret FROM t ORDER BY id") == stand_ins
    assert column_of(target, "SELECT elements FROM t ORDER BY id") == [[v, v] for v in stand_ins]
    assert column_of(target, "SELECT gone FROM t ORDER BY id") == [None] * len(_ALIKE)
    assert column_of(target, "SELECT length(said) FROM t ORDER BY id") == [
        None if v is None else len(v) for v in _ALIKE
    ]
    assert column_of(target, "SELECT v FROM alone") == list(_ALIKE)
    assert column_of(target, "SELECT v FROM masked_alone") == stand_ins


def test_stand_ins_that_copy_must_escape_arrive_as_they_are(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    """Words of a list of the project's own, with what COPY spells otherwise; and a constant that the source makes."""
    source, target = two_databases
    execute(source, "CREATE TABLE t (id int, word text, fixed text, made text)")
    insert(source, "t", *((n, f"word {n}", "a", "b") for n in range(200)))
    words = ["back\\slash", "\\N", "tab\tbed", "\\.", 'quo"ted', "per%cent"]
    (tmp_path / "words.txt").write_text("\n".join(words), encoding="utf-8")
    rules = rules_of(
        "  public.t: {id: {keep: k}, word: {mask: dictionary, file: words.txt}, "
        r"""fixed: {mask: constant, value: "\\N\t\n\\"}, made: {mask: sql, expression: "E'\\t\\\\N'"}}"""
        "\n",
        tmp_path,
    )
    refresh(request_for(source, target, tmp_path, rules))
    assert set(column_of(target, "SELECT word FROM t")) == set(words)
    assert set(column_of(target, "SELECT fixed FROM t")) == {"\\N\t\n\\"}
    assert set(column_of(target, "SELECT made FROM t")) == {"\t\\N"}


_SPELLINGS = (
    "Zoë.Müller@lovelace.dk",
    "zoë.müller@lovelace.dk",
    "Zoe\u0308.Mu\u0308ller@lovelace.dk",
    "ZOË.MÜLLER@LOVELACE.DK",
    "ZOE\u0308.MU\u0308LLER@LOVELACE.DK",
    "  zoë.müller@lovelace.dk ",
)


def test_one_person_is_one_in_composed_and_decomposed_letters_and_in_capitals(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE EXTENSION citext; CREATE TABLE plain (v text, name text); CREATE TABLE loose (v citext);"
        "CREATE TABLE listed (v text[]); CREATE TABLE told (v jsonb)",
    )
    insert(source, "plain", *((v, v.strip().split("@")[0]) for v in _SPELLINGS))
    insert(source, "loose", *((v,) for v in _SPELLINGS))
    insert(source, "listed", (list(_SPELLINGS),))
    with psycopg.connect(source, autocommit=True) as connection:
        for v in _SPELLINGS:
            connection.execute("INSERT INTO told VALUES (jsonb_build_object('mail', %s::text))", [v])
    rules = rules_of(
        "  public.plain: {v: {mask: email}, name: {mask: full_name}}\n  public.loose: {v: {mask: email}}\n"
        "  public.listed: {v: {each: {mask: email}}}\n  public.told: {v: {json: {$.mail: {mask: email}}}}\n",
        tmp_path,
    )
    refresh(request_for(source, target, tmp_path, rules))
    everywhere = "SELECT v FROM plain UNION SELECT v::text FROM loose UNION SELECT unnest(v) FROM listed UNION SELECT v->>'mail' FROM told"
    assert len(column_of(target, everywhere)) == 1
    assert len(column_of(target, "SELECT DISTINCT name FROM plain")) == 1
    assert not set(column_of(target, everywhere)) & set(_SPELLINGS)


def test_a_unique_citext_holds_and_its_references_find_it_in_any_case(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE EXTENSION citext; CREATE TABLE account (login citext PRIMARY KEY, mail citext UNIQUE NOT NULL);"
        "CREATE TABLE visit (login citext REFERENCES account, mail citext REFERENCES account (mail));"
        "INSERT INTO account SELECT 'User-' || n, 'User' || n || '@Lovelace.dk' FROM generate_series(1, 300) n;"
        "INSERT INTO visit SELECT upper('User-' || n), lower('User' || n || '@Lovelace.dk') FROM generate_series(1, 300) n",
    )
    account = "  public.account: {login: {mask: token}, mail: {mask: email}}\n"
    refresh(request_for(source, target, tmp_path, rules_of(account, tmp_path)))
    assert query(
        target, "SELECT count(*), count(DISTINCT a.mail) FROM visit v JOIN account a USING (login, mail)"
    ) == [(300, 300)]
    with pytest.raises(FindingsRefuse) as refused:
        refresh(
            request_for(
                source, target, tmp_path, rules_of(account.replace("token", "permute_format"), tmp_path)
            )
        )
    assert "without regard to case" in str(refused.value.findings)


@pytest.fixture
def careless_source(server_of: Callable[[int], EmbeddedServer]) -> Iterator[str]:
    """The wheels' servers are built without ICU; Debian's 15 is not."""
    with own_database(server_of(15), f"dbtool_test_{os.getpid()}_careless_source") as url:
        execute(
            url,
            "CREATE COLLATION careless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
            "CREATE TABLE account (login text COLLATE careless PRIMARY KEY, mail varchar(80) COLLATE careless UNIQUE);"
            "INSERT INTO account SELECT 'User-' || n, 'User' || n || '@Lovelace.dk' FROM generate_series(1, 300) n",
        )
        yield url


@pytest.fixture
def careless_target(server_of: Callable[[int], EmbeddedServer]) -> Iterator[str]:
    with own_database(server_of(15), f"dbtool_test_{os.getpid()}_careless_target") as url:
        yield url


def test_a_unique_index_that_equates_spellings_holds(
    careless_source: str, careless_target: str, tmp_path: Path
) -> None:
    account = "  public.account: {login: {mask: token}, mail: {mask: email}}\n"
    refresh(request_for(careless_source, careless_target, tmp_path, rules_of(account, tmp_path)))
    assert query(
        careless_target, "SELECT count(*), count(DISTINCT login), count(DISTINCT mail) FROM account"
    ) == [(300, 300, 300)]
    loose = rules_of(account.replace("token", "permute_format"), tmp_path)
    with pytest.raises(FindingsRefuse) as refused:
        refresh(request_for(careless_source, careless_target, tmp_path, loose))
    assert "without regard to case" in str(refused.value.findings)


def test_references_under_such_a_collation_find_their_keys(
    careless_source: str, careless_target: str, tmp_path: Path
) -> None:
    execute(
        careless_source,
        "CREATE TABLE visit (login text COLLATE careless REFERENCES account);"
        "INSERT INTO visit SELECT upper(login) FROM account",
    )
    account = "  public.account: {login: {mask: token}, mail: {mask: email}}\n"
    refresh(request_for(careless_source, careless_target, tmp_path, rules_of(account, tmp_path)))
    assert query(careless_target, "SELECT count(*) FROM visit JOIN account USING (login)") == [(300,)]
