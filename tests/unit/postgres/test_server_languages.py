"""Servers that do not speak English quote values all the same."""

import pytest

from dbtool.errors import ProgramFailed
from dbtool.postgres.server_errors import program_failure, scrub

SECRET = "Ada Lovelace"


@pytest.mark.parametrize(
    "said",
    [
        f"psql:<stdin>:9: FEHLER:  22P02: ungültige Eingabesyntax für Typ integer: »{SECRET}«",
        f"psql:<stdin>:9: ERREUR:  22P02: syntaxe en entrée invalide pour le type integer : « {SECRET} »",
        f"psql:<stdin>:9: エラー:  22003: 値「{SECRET}」は型integerの範囲外です",
    ],
)
def test_values_in_other_languages_marks_are_left_out_and_the_code_is_found(said: str) -> None:
    failure = program_failure(ProgramFailed(f"psql failed with exit code 3: {said}"), "reading a")
    assert SECRET not in str(failure)
    assert failure.sqlstate in {"22P02", "22003"}


def test_pg_restore_tells_no_code_and_its_values_are_left_out() -> None:
    said = (
        f"pg_restore: Fehler: konnte Anfrage nicht ausführen: FEHLER:  ungültig für Typ integer: »{SECRET}«"
    )
    assert SECRET not in scrub(said)


def test_what_own_code_raises_under_pg_restore_is_left_out() -> None:
    said = f"pg_restore: error: could not execute query: ERROR:  no {SECRET}\nKONTEXT:  PL/pgSQL-Funktion f(text) Zeile 2"
    assert SECRET not in str(program_failure(ProgramFailed(said), "restoring post-data"))
