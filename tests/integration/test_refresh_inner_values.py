"""A refresh of columns whose values hold values: arrays of every shape, ranges and multiranges of dates."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from dbtool.errors import FindingsRefuse
from dbtool.masking.array_text import cut_arrays, read_elements, spell_elements
from dbtool.refresh.pipeline import refresh
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]

_SCHEMA = """
CREATE TABLE people (
    id int PRIMARY KEY,
    email text NOT NULL,
    emails text[] UNIQUE,
    names varchar(20)[],
    numbers int[],
    kept text[]
);
CREATE TABLE stays (
    id int PRIMARY KEY,
    arrived date,
    during daterange,
    times tstzmultirange,
    options daterange[]
);
"""
_ROWS = r"""
INSERT INTO people VALUES
    (1, 'ada@lovelace.dk', '{ada@lovelace.dk,NULL,"",ADA@lovelace.dk}', '{"Ada Byron",NULL}', '{{1,2},{3,NULL}}', '{" a","NULL",NULL}'),
    (2, 'bob@lovelace.dk', '[0:1]={bob@lovelace.dk,"with \"quotes\", and \\ @lovelace.dk"}', '{}', '[2:3][-1:0]={{7,8},{9,10}}', '{}'),
    (3, 'eve@lovelace.dk', '{{{ada@lovelace.dk},{bob@lovelace.dk}}}', '{"Jörg {x}, \"y\""}', '{12345}', NULL),
    (4, 'joe@lovelace.dk', NULL, NULL, NULL, '[5:5]={x}'),
    (5, 'jim@lovelace.dk', '{}', '{Zoë}', '{}', '{{1},{2}}');
INSERT INTO stays VALUES
    (1, '2024-01-10', '[2024-01-10,2024-01-20)', '{[2024-01-10 10:00+00,2024-01-11 12:00+00),[2024-01-12 00:00+00,)}',
     '{"[2024-01-10,2024-01-20)",NULL,empty}'),
    (2, '2024-01-10', 'empty', '{}', '{}'),
    (3, NULL, '(,2024-01-10)', '{(,)}', NULL),
    (4, 'infinity', '[0044-03-15 BC,infinity)', '{(-infinity,2024-01-10 00:00+00)}', '{"(,)"}');
"""
_RULES = """\
  public.people:
    id: {keep: k}
    email: {mask: email}
    emails: {each: {mask: email}}
    names: {each: {mask: redact}}
    numbers: {each: {mask: permute_integer}}
    kept: {keep: k}
  public.stays:
    id: {keep: k}
    [arrived, during, times]: {mask: shift_date, by: id}
    options: {each: {mask: shift_date, by: id}}
"""


def test_arrays_are_masked_element_by_element(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    execute(source, _SCHEMA + _ROWS)
    refresh(request_for(source, target, tmp_path, rules_of(_RULES, tmp_path)))
    for column in ("emails", "names", "numbers"):
        shape = (
            f"SELECT id, {column} IS NULL, array_dims({column}), (SELECT array_agg(e IS NULL ORDER BY n) "
            f"FROM unnest({column}) WITH ORDINALITY AS u (e, n)) FROM people ORDER BY id"
        )
        assert query(target, shape) == query(source, shape)
        texts = f"SELECT {column}::text FROM people WHERE {column} <> '{{}}' ORDER BY id"
        assert all(
            one != other
            for one, other in zip(column_of(target, texts), column_of(source, texts), strict=True)
        )
    assert query(target, "SELECT kept::text FROM people ORDER BY id") == query(
        source, "SELECT kept::text FROM people ORDER BY id"
    )
    agreed = "SELECT emails[1] = email, emails[4] = email, emails[3] = '' FROM people WHERE id = 1"
    assert query(target, agreed) == [(True, True, True)]
    assert query(
        target, "SELECT emails[1][1][1] = (SELECT email FROM people WHERE id = 1) FROM people WHERE id = 3"
    ) == [(True,)]
    lengths = "SELECT array_agg(length(e)) FROM people, unnest(names) AS u (e)"
    assert query(target, lengths) == query(source, lengths)


@pytest.mark.one_major  # before 17 infinite timestamps cannot be subtracted, as the comparison here does
def test_ranges_move_with_the_dates_of_their_row(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    execute(source, _SCHEMA + _ROWS)
    refresh(request_for(source, target, tmp_path, rules_of(_RULES, tmp_path)))
    lengths = (
        "SELECT id, upper(during) - lower(during), upper(times) - lower(times), lower_inc(during), "
        "isempty(during), lower_inf(during), upper_inf(times), cardinality(options) FROM stays ORDER BY id"
    )
    assert query(target, lengths.replace("upper(during) - lower(during)", "during = 'empty'")) == query(
        source, lengths.replace("upper(during) - lower(during)", "during = 'empty'")
    )
    moved = "SELECT lower(during) = arrived, lower(times)::date = arrived, options[1] = during, upper(during) - arrived"
    assert query(target, f"{moved} FROM stays WHERE id = 1") == [(True, True, True, 10)]
    assert column_of(target, "SELECT arrived <> '2024-01-10' FROM stays WHERE id < 3") == [True, True]
    kept = "SELECT during::text, times::text, options::text FROM stays WHERE id = 2"
    assert query(target, kept) == query(source, kept)
    (open_ones,) = query(
        target, "SELECT upper(during) = 'infinity', lower(times) = '-infinity' FROM stays WHERE id = 4"
    )
    assert open_ones == (True, True)


def test_a_lossy_mask_of_elements_is_refused_under_a_unique_index(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(source, _SCHEMA)
    rules = rules_of(_RULES.replace("{each: {mask: email}}", "{each: {mask: redact}}"), tmp_path)
    with pytest.raises(FindingsRefuse) as refused:
        refresh(request_for(source, target, tmp_path, rules))
    assert "may give two originals one stand-in" in str(refused.value.findings)
    assert "each: {mask: email}" in str(refused.value.findings)


def test_an_hstore_is_masked_key_by_key(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    execute(source, "CREATE EXTENSION hstore; CREATE TABLE t (id int PRIMARY KEY, email text, prefs hstore)")
    pairs = r"""E'mail=>"ada@lovelace.dk", "theme"=>"dark \\"blue\\", \\\\", odd=>NULL, pin=>1'"""
    execute(source, f"INSERT INTO t VALUES (1, 'ada@lovelace.dk', {pairs}), (2, NULL, ''), (3, NULL, NULL)")
    rules = rules_of(
        "  public.t: {id: {keep: k}, email: {mask: email}, "
        "prefs: {hstore: {mail: {mask: email}, theme: keep, odd: keep}, unknown: drop}}\n",
        tmp_path,
    )
    refresh(request_for(source, target, tmp_path, rules))
    assert query(target, "SELECT prefs->'mail' = email, akeys(prefs) FROM t WHERE id = 1") == [
        (True, ["odd", "mail", "theme"])
    ]
    theme = "SELECT prefs->'theme', prefs->'odd' FROM t ORDER BY id"
    assert query(target, theme) == query(source, theme)
    assert column_of(target, "SELECT prefs::text FROM t WHERE id > 1 ORDER BY id") == ["", None]


def test_elements_are_quoted_where_the_server_quotes_them(two_databases: TwoDatabases) -> None:
    source, _ = two_databases
    letters = "SELECT chr(n) AS e FROM unnest(array_cat(ARRAY(SELECT generate_series(1, 127)), '{133,160,8195,12288}')) AS n"
    inner = letters.replace("chr(n)", "'a' || chr(n) || 'b'")
    words = "VALUES ('NULL'), ('nUll'), ('nulls'), (''), (NULL), ('[1:2]={a}'), ('é'), (E'\\\\\"')"
    elements = f"{letters} UNION ALL {inner} UNION ALL ({words})"
    ((elements_alone, printed),) = query(
        source, f"SELECT array_agg(e), array_agg(e)::text FROM ({elements}) AS t"
    )
    parts = cut_arrays(pl.Series([printed]))
    assert read_elements(parts.spelt).to_list() == elements_alone
    assert parts.join(spell_elements(pl.Series(elements_alone))).to_list() == [printed]
