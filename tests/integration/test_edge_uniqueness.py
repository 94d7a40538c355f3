"""Every form of uniqueness, exclusion and CHECK over masked columns: proved before, and built by PostgreSQL over the stand-ins."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import FindingsRefuse
from dbtool.findings import Finding
from dbtool.refresh.pipeline import refresh
from tests.acceptance import inspection
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]

_SCHEMA = """
CREATE EXTENSION btree_gist;
CREATE EXTENSION citext;
CREATE TABLE member (
    id bigint PRIMARY KEY,
    tenant int NOT NULL,
    email text NOT NULL,
    login citext UNIQUE,
    badge text,
    phone text,
    left_on date,
    seat int,
    CONSTRAINT member_of_tenant UNIQUE (tenant, email),
    CONSTRAINT member_seat UNIQUE (seat) DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX member_lower ON member (lower(email), tenant);
CREATE UNIQUE INDEX member_phone ON member (phone) WHERE left_on IS NULL;
CREATE UNIQUE INDEX member_badge ON member (badge) NULLS NOT DISTINCT;
CREATE UNIQUE INDEX member_badge_upper ON member (upper(badge)) INCLUDE (phone);
INSERT INTO member
SELECT n, 1 + n % 7, 'Member' || n / 7 || '@Lovelace.dk', 'Login' || n, CASE WHEN n > 1 THEN 'badge' || n END,
    '+45 20' || 100000 + n / 2, CASE WHEN n % 2 = 1 THEN date '2024-01-01' END, 100 + n
FROM generate_series(1, 5000) n;

-- 90,000 of the 100,000 codes there are
CREATE TABLE code (code char(5) PRIMARY KEY, number int UNIQUE CHECK (number BETWEEN 0 AND 99999), n int);
INSERT INTO code SELECT lpad((n * 7919 % 100000)::text, 5, '0'), n * 7919 % 100000, n FROM generate_series(1, 90000) n;

CREATE TABLE booking (
    id int PRIMARY KEY,
    room int NOT NULL,
    during daterange NOT NULL,
    starts_on date NOT NULL, ends_on date NOT NULL, paid_on date,
    CONSTRAINT booking_once EXCLUDE USING gist (room WITH =, during WITH &&),
    CONSTRAINT booking_order CHECK (ends_on > starts_on AND (paid_on IS NULL OR paid_on >= starts_on)),
    CONSTRAINT booking_late CHECK (starts_on >= '2000-01-01')
);
INSERT INTO booking
SELECT n, n % 5, daterange(d, d + 4), d, d + 4, CASE WHEN n % 3 > 0 THEN d + n % 9 END
FROM generate_series(1, 500) n, LATERAL (SELECT date '2024-01-01' + n / 5 * 4 AS d) AS s;

-- functions: of a CHECK, and of triggers that would change or refuse every row
CREATE FUNCTION has_at(value text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN position(''@'' in value) > 1; END';
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not allowed''; END';
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.stamps := NEW.stamps + 1; RETURN NEW; END';
CREATE TABLE letter (id int PRIMARY KEY, recipient text CHECK (has_at(recipient)), stamps int);
INSERT INTO letter SELECT n, 'recipient' || n || '@lovelace.dk', n FROM generate_series(1, 50) n;
CREATE TRIGGER letter_stamp BEFORE INSERT OR UPDATE ON letter FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TRIGGER letter_never BEFORE INSERT ON letter FOR EACH STATEMENT EXECUTE FUNCTION refuse();
ALTER TABLE letter ENABLE ALWAYS TRIGGER letter_never;
CREATE CONSTRAINT TRIGGER letter_later AFTER INSERT ON letter DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse();
ANALYZE;
"""
_RULES = """
  public.member:
    id: {mask: permute_integer}
    tenant: {mask: permute_integer, domain: tenant}
    email: {mask: email}
    login: {mask: email}
    badge: {mask: token}
    phone: {mask: phone, space: same_format}
    left_on: {keep: k}
    seat: {mask: permute_integer, domain: seat}
  public.code: {code: {mask: permute_digits}, number: {mask: permute_integer, domain: code, within: [0, 99999]}, n: {keep: k}}
  public.booking:
    id: {keep: k}
    room: {keep: k}
    [during, starts_on, ends_on, paid_on]: {mask: shift_date, by: room}
  public.letter: {id: {keep: k}, recipient: {mask: email}, stamps: {keep: k}}
"""


def test_all_of_them_hold_over_the_stand_ins(
    two_databases: TwoDatabases, tmp_path: Path, server: EmbeddedServer
) -> None:
    source, target = two_databases
    execute(source, _SCHEMA)
    refresh(request_for(source, target, tmp_path, rules_of(_RULES, tmp_path)))
    assert inspection.dump_schema(server, target) == inspection.dump_schema(server, source)
    for column in ("id", "email", "login", "badge", "phone", "seat"):
        distinct = f"SELECT count(*), count({column}), count(DISTINCT {column}) FROM member"
        ours, theirs = query(target, distinct)[0], query(source, distinct)[0]
        assert ours[:2] == theirs[:2], column
        assert ours[2] == (theirs[2] if column != "email" else 715), column
    together = "SELECT count(DISTINCT (tenant, email)), count(DISTINCT tenant) FROM member"
    assert query(target, together) == query(source, together) == [(5000, 7)]
    assert column_of(
        target, "SELECT count(*) FROM member WHERE email LIKE '%ovelace%' OR login::text LIKE 'Login%'"
    ) == [0]

    # permutations: as many as there were, in nine tenths of the space
    codes = "SELECT count(DISTINCT code), count(DISTINCT number), min(length(code)), max(length(code)) FROM code WHERE code ~ '^[0-9]{5}$'"
    assert query(target, codes) == query(source, codes) == [(90000, 90000, 5, 5)]
    same = "SELECT n, code, number FROM code ORDER BY n"
    fixed = [
        ours
        for ours, theirs in zip(query(target, same), query(source, same), strict=True)
        if set(ours[1:]) & set(theirs[1:])
    ]
    assert len(fixed) < 50

    # one shift for a room: no two bookings meet, and each keeps its length
    apart = "SELECT id, upper(during) - lower(during), ends_on - starts_on, paid_on - starts_on, starts_on = lower(during) FROM booking ORDER BY id"
    assert query(target, apart) == query(source, apart)
    moved = query(target, "SELECT id, starts_on FROM booking ORDER BY id")
    assert not set(moved) & set(query(source, "SELECT id, starts_on FROM booking ORDER BY id"))

    assert query(target, "SELECT id, stamps FROM letter ORDER BY id") == query(
        source, "SELECT id, stamps FROM letter ORDER BY id"
    )
    assert column_of(target, "SELECT count(*) FROM letter WHERE recipient LIKE '%lovelace%'") == [0]


_COLUMNS = {
    "member": "id tenant email login badge phone left_on seat",
    "code": "code number n",
    "booking": "id room during starts_on ends_on paid_on",
    "letter": "id recipient stamps",
}


def masking_one(table: str, column: str, decision: str) -> str:
    """Rules that keep everything but one column."""
    told = []
    for name, columns in _COLUMNS.items():
        kept = [one for one in columns.split() if (name, one) != (table, column)]
        masked = f", {column}: {decision}" if name == table else ""
        told.append(f"  public.{name}: {{[{', '.join(kept)}]: {{keep: k}}{masked}}}\n")
    return "".join(told)


@pytest.mark.parametrize(
    ("table", "column", "decision", "told"),
    [
        ("booking", "during", "{mask: shift_date, by: id}", "booking_once would not hold"),
        ("member", "email", "{mask: full_name}", "member_of_tenant would not hold"),
        ("member", "badge", "{mask: 'null'}", "NULLs are not distinct there"),
        ("member", "login", "{mask: permute_format}", "compared without regard to case"),
        ("member", "seat", "{mask: bucket, size: 10}", "member_seat would not hold"),
        ("booking", "starts_on", "{mask: shift_date}", "do not satisfy CHECK booking_order"),
        ("letter", "recipient", "{mask: phone}", "do not satisfy CHECK letter_recipient_check"),
    ],
)
@pytest.mark.one_major
def test_what_would_not_hold_is_refused_before_anything_is_copied(  # noqa: PLR0917  what it is given and what it makes of it
    two_databases: TwoDatabases, tmp_path: Path, table: str, column: str, decision: str, told: str
) -> None:
    source, target = two_databases
    execute(source, _SCHEMA)
    rules = rules_of(masking_one(table, column, decision), tmp_path)
    with pytest.raises(FindingsRefuse) as refused:
        refresh(request_for(source, target, tmp_path, rules))
    messages = [one.message for one in refused.value.findings if isinstance(one, Finding) and one.is_error]
    assert any(told in message for message in messages), messages
    assert query(target, "SELECT count(*) FROM pg_class WHERE relname = 'member'") == [(0,)]
