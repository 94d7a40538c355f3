"""A database of hundreds of tables, the same each time: keys of every kind among them, partitions, names that need quotes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

TABLES = 500
ROWS = 40
LEAVES = 12
_PARTITIONED_EVERY = 25
_SCHEMAS = ("public", "Sales Dept", "select", "ünïcode", "s.dotted")
_NAMES = (
    "plain",
    "Mixed Case",
    "order",
    'with "quotes"',
    "dots.and.more",
    "umlaut_größe",
    "dollar$and%s",
    "tab\tand newline\n",
    "it's",
    "back\\slash",
    "long_" + "x" * 51,
)
_METHODS = ("RANGE", "LIST", "HASH")
_BEFORE = """
CREATE TYPE public."Mood" AS ENUM ('calm', 'it''s fine', 'a,b{{c}}', '');
CREATE DOMAIN public."Positive Amount" AS numeric(12, 2) CHECK (VALUE >= 0);
"""
_TABLE = """
CREATE TABLE {name} (
    id bigint {identity}, bucket integer NOT NULL, "Code" text NOT NULL, tenant integer NOT NULL, number integer NOT NULL,
    email text, "full name" text, data jsonb, tags text[], amount public."Positive Amount", at timestamptz,
    mood public."Mood", ref bigint, ref_bucket integer, ref_code text, ref_tenant integer, ref_number integer,
    total numeric GENERATED ALWAYS AS (amount * 2) STORED,
    {keys}
){partitions};
"""
_KEYS = 'PRIMARY KEY (id), UNIQUE (id, bucket), UNIQUE ("Code"), UNIQUE (tenant, number)'
_PARTITIONED_KEYS = "PRIMARY KEY (id, bucket)"
_FILL = """
INSERT INTO {name} (id, bucket, "Code", tenant, number, email, "full name", data, tags, amount, at, mood,
    ref, ref_bucket, ref_code, ref_tenant, ref_number)
SELECT g, g % {leaves}, 'C' || g, g / 10, g % 10, 'person' || g || '.{i}@lovelace.dk', 'Originalname ' || g || ' {i}',
    jsonb_build_object('email', 'person' || g || '.{i}@lovelace.dk', 'n', g), ARRAY['a,b', 'tag ' || g], g, timestamptz '2024-02-01' + g * interval '1 h',
    (enum_range(NULL::public."Mood"))[1 + g % 4], r, r % {leaves}, 'C' || r, r / 10, r % 10
FROM (SELECT g, 1 + (g * 7 + {i}) % {rows} AS r FROM generate_series(1, {rows}) AS g) AS made;
"""
_RULES = """\
  {name}:
    id: {{keep: a surrogate key}}
    bucket: {{keep: says where}}
    Code: {{keep: a code of ours}}
    tenant: {{keep: a number}}
    number: {{keep: a number}}
    email: {{mask: email}}
    full name: {{mask: full_name}}
    data: {{json: {{"$.email": {{mask: email}}, "$.n": {{keep: a number}}}}, unknown: error}}
    tags: {{keep: words of ours}}
    amount: {{keep: nobody's}}
    at: {{keep: says when and not who}}
    mood: {{keep: one of four}}
    ref: {{keep: a surrogate key}}
    ref_bucket: {{keep: says where}}
    ref_code: {{keep: a code of ours}}
    ref_tenant: {{keep: a number}}
    ref_number: {{keep: a number}}
"""
_AFTER = {
    "itself": "FOREIGN KEY (ref) REFERENCES {own} (id)",
    "a key": "FOREIGN KEY (ref) REFERENCES {other} (id) ON DELETE CASCADE",
    "a unique column": 'FOREIGN KEY (ref_code) REFERENCES {other} ("Code") ON UPDATE CASCADE ON DELETE SET NULL',
    "two columns": "FOREIGN KEY (ref_tenant, ref_number) REFERENCES {other} (tenant, number) MATCH FULL",
    "each other": "FOREIGN KEY (ref) REFERENCES {other} (id) DEFERRABLE INITIALLY DEFERRED, ALTER ref SET NOT NULL",
    "unchecked": "FOREIGN KEY (ref) REFERENCES {other} (id) NOT VALID",
    "a partitioned one": "FOREIGN KEY (ref, ref_bucket) REFERENCES {other} (id, bucket)",
}
_KINDS = tuple(_AFTER)
_NEEDS_PLAIN = {"itself", "unchecked", "each other"}  # on one side or both


@dataclass(frozen=True)
class Numbered:
    """A table by its number: every kind of reference meets every kind of name, schema and partitioning."""

    number: int

    @property
    def schema(self) -> str:
        return _SCHEMAS[self.number % len(_SCHEMAS)]

    @property
    def name(self) -> str:
        return f"{_NAMES[self.number % len(_NAMES)]}{self.number}"

    @property
    def spelt(self) -> str:
        return f"{_quote(self.schema)}.{_quote(self.name)}"

    @property
    def is_partitioned(self) -> bool:
        return self.number % _PARTITIONED_EVERY == _PARTITIONED_EVERY - 1

    @property
    def method(self) -> str:
        return _METHODS[self.number // _PARTITIONED_EVERY % len(_METHODS)]


def make_statements(tables: int = TABLES, rows: int = ROWS) -> Iterator[str]:
    """Scripts to be run in order: one transaction holds no more locks than a server has by default.

    Every table has as many ``rows``, and each refers to one that is there.
    """
    numbered = [Numbered(number) for number in range(tables)]
    yield "".join(f"CREATE SCHEMA {_quote(schema)};" for schema in _SCHEMAS[1:]) + _BEFORE.format()
    for table in numbered:
        yield "\n".join(_create(table)) + _FILL.format(
            name=table.spelt, i=table.number, rows=rows, leaves=LEAVES
        )
    for table in numbered:
        yield f"ALTER TABLE {table.spelt} ADD {_refer(table, numbered)}"
    yield "ANALYZE"


def make_rules(tables: int = TABLES) -> str:
    """Which decide every column."""
    return "version: 1\ntables:\n" + "".join(
        _RULES.format(name=json.dumps(table.spelt)) for table in map(Numbered, range(tables))
    )


def _create(table: Numbered) -> Iterator[str]:
    identity = "NOT NULL" if table.is_partitioned else "GENERATED BY DEFAULT AS IDENTITY"
    keys = _PARTITIONED_KEYS if table.is_partitioned else _KEYS
    partitions = f" PARTITION BY {table.method} (bucket)" if table.is_partitioned else ""
    yield _TABLE.format(name=table.spelt, identity=identity, keys=keys, partitions=partitions)
    if not table.is_partitioned:
        return
    for leaf in range(LEAVES):
        bound = {
            "RANGE": f"FROM ({leaf}) TO ({leaf + 1})",
            "LIST": f"IN ({leaf})",
            "HASH": f"WITH (MODULUS {LEAVES}, REMAINDER {leaf})",
        }[table.method]
        name = f"{_quote(table.schema)}.{_quote(f'{table.name[:40]} p{leaf}')}"
        yield f"CREATE TABLE {name} PARTITION OF {table.spelt} FOR VALUES {bound};"


def _refer(table: Numbered, numbered: list[Numbered]) -> str:
    kind = _KINDS[table.number % len(_KINDS)]
    if table.is_partitioned and kind in _NEEDS_PLAIN:
        kind = "a key"
    is_fit = [one for one in numbered if one.is_partitioned == (kind == "a partitioned one")]
    if kind == "each other":
        ring = [one for one in is_fit if _KINDS[one.number % len(_KINDS)] == kind]
        other = ring[(ring.index(table) + 1) % len(ring)]
    else:
        other = is_fit[table.number * 7 % len(is_fit)]
    return _AFTER[kind].format(own=table.spelt, other=other.spelt)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
