from types import SimpleNamespace
from typing import Any

import pytest
from psycopg import sql

from dbtool.postgres.databases import Locale, Stamp, create_database

STAMP = Stamp("candidate", "shop", "20260102030405678")


def created(locale: Locale) -> str:
    said: list[sql.Composed] = []
    maintenance: Any = SimpleNamespace(execute=said.append)
    create_database(maintenance, "new", locale, STAMP, None)
    return said[0].as_string(None)


def test_a_tablespace_is_named_only_where_it_is_not_the_server_s_own() -> None:
    said: list[sql.Composed] = []
    maintenance: Any = SimpleNamespace(execute=said.append)
    for tablespace in (None, "Fast"):
        create_database(maintenance, "new", Locale("UTF8", "C", "C"), STAMP, None, tablespace=tablespace)
    assert [one.as_string(None).partition("TABLESPACE")[2] for one in said[::2]] == ["", ' "Fast"']


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        (Locale("UTF8", "C", "C"), "LOCALE_PROVIDER libc"),
        (Locale("UTF8", "C", "C", "b", "C.UTF-8"), "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"),
        (Locale("UTF8", "C", "C", "i", "en"), "LOCALE_PROVIDER icu ICU_LOCALE 'en'"),
        (
            Locale("UTF8", "C", "C", "i", "en", "&a < 'g'"),
            "LOCALE_PROVIDER icu ICU_LOCALE 'en' ICU_RULES '&a < ''g'''",
        ),
    ],
)
def test_a_database_sorts_as_its_source_does(locale: Locale, expected: str) -> None:
    assert created(locale).endswith(f"ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' {expected}")
