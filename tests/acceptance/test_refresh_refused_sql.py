"""SQL in a rule file that would be more than its place allows: refused with its place, and neither end is any different."""

from __future__ import annotations

import json
import re

import pytest

from tests.acceptance.conftest import PEOPLE, PEOPLE_RULES
from tests.acceptance.project import Project

pytestmark = pytest.mark.one_major

_NOTE = "{keep: says nothing}"
_PLACES = {
    "root": PEOPLE_RULES + "subset: {roots: [{table: public.person, where: SQL}]}\n",
    "when": PEOPLE_RULES.replace(_NOTE, "{mask: redact, when: SQL, otherwise: lorem}"),
    "mask": PEOPLE_RULES.replace(_NOTE, "{mask: sql, expression: SQL}"),
}
_BREAKING_OUT = [
    "true) TO STDOUT; DELETE FROM visit; --",
    "true) END FROM person; DROP TABLE visit; COPY (SELECT CASE WHEN (true",
    "true) TO PROGRAM 'touch pwned'; --",
    "(WITH gone AS (DELETE FROM public.visit RETURNING 1) SELECT true FROM gone)",
    "(DELETE FROM public.visit RETURNING true)",
    "true; SET default_transaction_read_only = off; DELETE FROM visit",
    "true /* and no end",
    "$open$ true",
    "'open",
    "((true)",
    "true\n\\! touch pwned\n",
    "(pg_catalog.setval('public.person_id_seq', 1) > 0)::text::boolean",
    "(pg_catalog.lo_unlink(1) > 0)::text::boolean",
    "pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())",
    "(pg_catalog.pg_read_file('PG_VERSION') IS NULL)",
    "(pg_catalog.set_config('transaction_read_only', 'off', true) IS NULL)",
]


# Each somewhere, and the first everywhere: the servers' own answers are tried in the integration tests.
_CASES = [
    (place, text)
    for number, text in enumerate(_BREAKING_OUT)
    for position, place in enumerate(_PLACES)
    if number < 3 or number % len(_PLACES) == position
]


@pytest.mark.parametrize(("place", "text"), _CASES)
def test_sql_that_breaks_out_is_refused_with_its_place(people: Project, place: str, text: str) -> None:
    before = people.describe_source()
    people.rules.write_text(_PLACES[place].replace("SQL", json.dumps(text)), encoding="utf-8")
    done = people.refuse(2)
    assert re.search(r"in the rules; nothing was done:\n  rules\.yaml:\d+:\d+: ", done.last_message)
    assert people.describe_source() == before
    assert people.query(people.source, "SELECT count(*), max(last_value) FROM visit, person_id_seq") == [
        (PEOPLE, PEOPLE)
    ]
    assert not list(people.folder.rglob("pwned"))
