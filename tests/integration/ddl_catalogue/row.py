"""What a row of the catalogue is: a dangerous statement, and what its trace must show, by PostgreSQL's manual."""

from __future__ import annotations

from dataclasses import dataclass, field

AX = "ACCESS EXCLUSIVE"
X = "EXCLUSIVE"
SRX = "SHARE ROW EXCLUSIVE"
S = "SHARE"
SUE = "SHARE UPDATE EXCLUSIVE"
RX = "ROW EXCLUSIVE"
RS = "ROW SHARE"
AS = "ACCESS SHARE"

# Of each row's own schema: 2,000 rows that fit every type they are to become.
SETUP = """
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE t (
    id int PRIMARY KEY, n int, s text, v varchar(50), j json, d numeric(10, 2), r int4range, at timestamptz DEFAULT now()
);
CREATE INDEX t_v ON t (v);
"""
DATA = """
INSERT INTO p SELECT generate_series(1, 2000);
INSERT INTO t (id, n, s, v, j, d, r)
SELECT g, g, g::text, g::text, '{}', g, int4range(g, g + 1) FROM generate_series(1, 2000) AS g;
"""


@dataclass(frozen=True)
class Step:
    """One statement. ``locks`` are those new with it on tables, views and the like; ``documented`` those of them that
    nobody can measure; ``index_locks`` are compared where given. Relations are of the row's schema.
    """

    sql: str
    locks: dict[str, str] = field(default_factory=dict)
    rewrites: tuple[str, ...] = ()
    scans: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()
    fails: str | None = None
    truncated: tuple[str, ...] = ()
    rows: int = 0
    documented: dict[str, str] = field(default_factory=dict)
    index_locks: dict[str, str] | None = None
    created: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Row:
    """``setup`` is for both, ``data`` for the one that has rows, ``after`` for both once they are in.
    ``only_with_data``: it fails on rows alone, and passes on empty tables. ``autocommit``: its
    statements commit by themselves. ``majors`` are those on which it is as told.
    """

    name: str
    steps: tuple[Step, ...]
    setup: str = ""
    data: str = ""
    after: str = ""
    autocommit: bool = False
    only_with_data: bool = False
    majors: frozenset[int] = frozenset({15, 16, 17, 18})


def on(*majors: int) -> frozenset[int]:
    return frozenset(majors)


BEFORE_17 = on(15, 16)
BEFORE_18 = on(15, 16, 17)
SYNTAX_ERROR = "42601"
