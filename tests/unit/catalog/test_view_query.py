"""Views of an older server spelt as newer ones do; what pg_get_viewdef of 15 says, then what 16 and later say."""

import pytest

from dbtool.catalog.view_query import spell_as_since_16


@pytest.mark.parametrize(
    ("before", "since"),
    [
        ("SELECT users.id FROM public.users", "SELECT id FROM public.users"),
        (
            "SELECT u.id FROM public.users u WHERE (u.age > 1)",
            "SELECT id FROM public.users u WHERE (age > 1)",
        ),
        ('SELECT "U s"."I d" FROM s."U s"', 'SELECT "I d" FROM s."U s"'),
        ('SELECT "größe".x FROM s."größe"', 'SELECT x FROM s."größe"'),
        ("SELECT q.a FROM ( VALUES (1)) q(a) ORDER BY q.a", "SELECT a FROM ( VALUES (1)) q(a) ORDER BY a"),
        (
            "WITH r AS (\n SELECT t.a FROM s.t\n )\n SELECT r.a FROM r",
            "WITH r AS (\n SELECT t.a FROM s.t\n )\n SELECT a FROM r",
        ),
        (
            "SELECT t.a FROM s.t TABLESAMPLE system (10) WHERE (t.a IN ( SELECT t_1.a FROM s.t t_1 WHERE t_1.b = t.b))",
            "SELECT a FROM s.t TABLESAMPLE system (10) WHERE (a IN ( SELECT t_1.a FROM s.t t_1 WHERE t_1.b = t.b))",
        ),
        ("SELECT (t.home).street FROM s.t", "SELECT (home).street FROM s.t"),
        ("SELECT g.g FROM s.g(1, 2) g(g)", "SELECT g FROM s.g(1, 2) g(g)"),
    ],
)
def test_columns_of_the_only_place_lose_its_name(before: str, since: str) -> None:
    assert spell_as_since_16(before) == since
    assert spell_as_since_16(since) == since


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a.x, b.y FROM (s.a JOIN s.b ON ((a.id = b.id)))",
        "SELECT a.x, b.y FROM s.a, s.b",
        "SELECT a.x FROM s.a UNION SELECT b.x FROM s.b",
        "SELECT 't.a' FROM s.t",
        "SELECT t.*::s.t AS t FROM s.t",
        "SELECT s.f(1), (x)::s.kind, (x COLLATE s.german) FROM x.s",
        "SELECT 1 AS one",
        "VALUES (1)",
    ],
)
def test_everything_else_stays_as_it_is(query: str) -> None:
    assert spell_as_since_16(query) == query
