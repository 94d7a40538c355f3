from pathlib import Path

import pytest

from dbtool.errors import ServerFailed
from dbtool.postgres.dump import (
    RestorePolicy,
    dump_schema,
    filter_toc,
    left_out_entries,
    parse_toc,
    put_keys_last,
    read_toc,
    restore_section,
    write_toc,
)

SECRET = "hunter2"
URL = f"postgresql://u:{SECRET}@h/d"

# As pg_restore --list of a dump in the custom format prints it, with one entry of every awkward kind.
LISTING = """\
;
; Archive created at 2026-01-02 03:04:05 UTC
;     dbname: shop
;     TOC Entries: 27
;     Compression: gzip
;
;
; Selected TOC Entries:
;
4711; 1262 16384 DATABASE - shop postgres
4712; 0 0 DATABASE PROPERTIES - shop postgres
7; 2615 16390 SCHEMA - audit shop
4713; 0 0 COMMENT - SCHEMA public pg_database_owner
4714; 0 0 COMMENT - SCHEMA audit shop
2; 3079 16391 EXTENSION - pgcrypto\x20
4715; 0 0 COMMENT - EXTENSION pgcrypto\x20
881; 1247 16500 TYPE public order_status shop
245; 1255 16510 FUNCTION public database(text) shop
216; 1259 16401 TABLE public users shop
4716; 0 0 COMMENT public TABLE users shop
4717; 0 0 COMMENT public COLUMN users.email shop
217; 1259 16410 TABLE public publication shop
215; 1259 16400 SEQUENCE public users_id_seq shop
4718; 0 0 SEQUENCE OWNED BY public users_id_seq shop
220; 1259 16420 MATERIALIZED VIEW public totals shop
3300; 1417 16600 SERVER - elsewhere postgres
4719; 0 0 USER MAPPING - USER MAPPING app SERVER elsewhere postgres
221; 1259 16601 FOREIGN TABLE public far shop
3301; 2604 16402 DEFAULT public users id shop
4720; 0 16420 MATERIALIZED VIEW DATA public totals shop
3302; 2606 16411 CONSTRAINT public users users_pkey shop
3303; 1259 16412 INDEX public users "by email" shop
3304; 2620 16413 TRIGGER public users touch shop
3305; 6104 16700 PUBLICATION - everything postgres
3306; 6106 16701 PUBLICATION TABLE public everything users postgres
3307; 6237 16702 PUBLICATION TABLES IN SCHEMA audit everything postgres
4721; 0 0 COMMENT - PUBLICATION everything postgres
3308; 6100 16703 SUBSCRIPTION - from_head postgres
4722; 0 0 COMMENT - SUBSCRIPTION from_head postgres
3309; 3466 16704 EVENT TRIGGER - guard_ddl postgres
4723; 0 0 COMMENT - EVENT TRIGGER guard_ddl postgres
4724; 0 0 ACL public TABLE users shop
"""
LEFT_OUT = {
    "DATABASE - shop postgres",
    "DATABASE PROPERTIES - shop postgres",
    "COMMENT - SCHEMA public pg_database_owner",
    "COMMENT - EXTENSION pgcrypto ",
    "USER MAPPING - USER MAPPING app SERVER elsewhere postgres",
    "MATERIALIZED VIEW DATA public totals shop",
    "PUBLICATION - everything postgres",
    "PUBLICATION TABLE public everything users postgres",
    "PUBLICATION TABLES IN SCHEMA audit everything postgres",
    "COMMENT - PUBLICATION everything postgres",
    "SUBSCRIPTION - from_head postgres",
    "COMMENT - SUBSCRIPTION from_head postgres",
    "EVENT TRIGGER - guard_ddl postgres",
    "COMMENT - EVENT TRIGGER guard_ddl postgres",
}


def test_every_line_but_the_comments_is_an_entry() -> None:
    entries = parse_toc(LISTING)
    assert [entry.line for entry in entries] == [line for line in LISTING.splitlines() if line[0] != ";"]


def test_what_reaches_out_fires_on_ddl_or_holds_credentials_is_left_out() -> None:
    entries = parse_toc(LISTING)
    kept = filter_toc(entries, extensions="create")
    assert {entry.text for entry in entries} - {entry.text for entry in kept} == LEFT_OUT


def test_order_stays_as_it_was() -> None:
    entries = parse_toc(LISTING)
    kept = filter_toc(entries, extensions="create")
    assert list(kept) == [entry for entry in entries if entry in kept]


def test_expected_extensions_are_the_target_s_own() -> None:
    entries = parse_toc(LISTING)
    kept = filter_toc(entries, extensions="expect")
    dropped = {entry.text for entry in entries} - {entry.text for entry in kept}
    assert dropped == LEFT_OUT | {"EXTENSION - pgcrypto "}


def test_what_was_left_out_is_told_without_the_comments_on_it() -> None:
    told = left_out_entries(parse_toc(LISTING))
    assert "EVENT TRIGGER - guard_ddl postgres" in told
    assert not [text for text in told if text.startswith("COMMENT")]


POST_DATA = """\
1; 2606 1 CONSTRAINT public event event_pkey shop
2; 0 0 INDEX ATTACH public event_2024_pkey shop
3; 2606 2 FK CONSTRAINT public event event_account_id_fkey shop
4; 0 0 COMMENT public CONSTRAINT event_account_id_fkey ON event shop
5; 2620 3 TRIGGER public event touch shop
6; 0 0 COMMENT public TRIGGER touch ON event shop
"""


def test_foreign_keys_and_their_comments_wait_until_indexes_are_attached() -> None:
    first, last = put_keys_last(parse_toc(POST_DATA))
    assert [entry.line[0] for entry in first] == ["1", "2", "5", "6"]
    assert [entry.line[0] for entry in last] == ["3", "4"]


def test_foreign_keys_do_not_wait_where_no_index_is_attached() -> None:
    entries = [entry for entry in parse_toc(POST_DATA) if "ATTACH" not in entry.line]
    assert put_keys_last(entries) == (tuple(entries), ())


def test_a_list_is_written_as_pg_restore_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "toc"
    write_toc(parse_toc(LISTING)[:2], path)
    assert path.read_text() == (
        "4711; 1262 16384 DATABASE - shop postgres\n4712; 0 0 DATABASE PROPERTIES - shop postgres\n"
    )


@pytest.mark.parametrize(
    ("policy", "present", "absent"),
    [
        (RestorePolicy(), {"--no-owner", "--no-privileges"}, {"--role"}),
        (RestorePolicy(owner="shop"), {"--no-owner", "--role", "shop", "--no-privileges"}, set[str]()),
        (RestorePolicy(grants="source"), {"--no-owner"}, {"--no-privileges", "--role"}),
    ],
)
def test_owner_and_grants_are_as_the_environment_says(
    policy: RestorePolicy, present: set[str], absent: set[str]
) -> None:
    assert present <= set(policy.arguments())
    assert absent.isdisjoint(policy.arguments())


def make_program(folder: Path, name: str, script: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    return program


def test_a_dump_is_told_nothing_of_the_url_in_its_arguments(tmp_path: Path) -> None:
    told = tmp_path / "told"
    pg_dump = make_program(
        tmp_path, "pg_dump", f'echo "$*" > {told}; echo "$PGPASSWORD" >> {told}; echo "$PGOPTIONS" >> {told}'
    )
    dump_schema(pg_dump, URL, snapshot="3-1B-1", archive=tmp_path / "archive")
    arguments, password, options = told.read_text().splitlines()
    assert "-c lc_monetary=C" in options
    assert password == SECRET
    assert SECRET not in arguments
    assert {"--schema-only", "--exclude-schema=dbtool", "--snapshot=3-1B-1"} <= set(arguments.split())


def test_a_restore_goes_into_the_database_that_is_named(tmp_path: Path) -> None:
    told = tmp_path / "told"
    pg_restore = make_program(
        tmp_path, "pg_restore", f'echo "$*" > {told}; echo "$PGDATABASE $PGOPTIONS" >> {told}'
    )
    restore_section(
        pg_restore,
        f"{URL}?options=-c%20jit%3Doff",
        database="candidate",
        archive=tmp_path / "archive",
        toc=tmp_path / "toc",
        section="post-data",
        policy=RestorePolicy(),
        jobs=2,
    )
    arguments, environment = told.read_text().splitlines()
    assert SECRET not in arguments
    assert {"--section=post-data", "--exit-on-error", "--dbname=dbname=candidate", "--jobs=2"} <= set(
        arguments.split()
    )
    assert environment.startswith("candidate -c jit=off -c DateStyle=ISO,\\ MDY -c ")
    assert "-c lc_monetary=C" in environment
    assert environment.endswith("-c default_transaction_read_only=off")


def test_a_restore_that_fails_quotes_no_row(tmp_path: Path) -> None:
    pg_restore = make_program(
        tmp_path,
        "pg_restore",
        f"""echo 'pg_restore: error: could not execute query: ERROR:  could not create unique index "k"
DETAIL:  Key (email)=({SECRET}
{SECRET}) is duplicated.
Command was: CREATE UNIQUE INDEX k
    ON t ({SECRET});' >&2; exit 1""",
    )
    with pytest.raises(ServerFailed) as failure:
        read_toc(pg_restore, tmp_path / "archive")
    assert str(failure.value) == (
        "pg_restore failed with exit code 1: pg_restore: error: could not execute query: ERROR:  could not create "
        'unique index "k" while reading the archive\'s table of contents'
    )
