"""Signed evidence: what comes back is what was signed, and anything else is refused."""

from __future__ import annotations

import gzip
import json
import stat
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from dbtool.catalog.definitions import ddl_fingerprint
from dbtool.errors import ConfigurationInvalid, EnvironmentFailed, EvidenceRefused
from dbtool.migrate.gate.evidence import (
    canonical_bytes,
    find_evidence,
    read_evidence,
    sign,
    write_evidence,
)
from dbtool.migrate.gate.outlines import Outlines, find_outlines
from tests.unit.migrate.evidence_cases import EVIDENCE, KEY, MADE_AT

_SIGNED = sign(EVIDENCE, KEY)


def test_what_was_signed_comes_back(tmp_path: Path) -> None:
    assert read_evidence(_SIGNED, KEY) == EVIDENCE
    assert read_evidence(write_evidence(tmp_path, EVIDENCE, KEY), KEY) == EVIDENCE


def test_the_zone_in_which_the_time_is_told_does_not_matter() -> None:
    elsewhere = replace(EVIDENCE, made_at=MADE_AT.astimezone(timezone(timedelta(hours=5))))
    assert sign(elsewhere, KEY) == _SIGNED


def test_the_signed_bytes_do_not_depend_on_the_order_of_fields() -> None:
    assert canonical_bytes({"b": 1, "a": [2]}) == canonical_bytes({"a": [2], "b": 1}) == b'{"a":[2],"b":1}'


def test_people_can_read_it_and_it_holds_no_key() -> None:
    document = json.loads(_SIGNED)
    assert list(document) == ["evidence", "key_id", "signature"]
    assert document["evidence"]["revisions"][0]["id"] == "b2"
    assert KEY.hex() not in _SIGNED.decode()


def _change(name: str, value: object) -> bytes:
    document = json.loads(_SIGNED)
    document["evidence"][name] = value
    return json.dumps(document, indent=2).encode() + b"\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"", "cannot be read"),
        (b"{", "cannot be read"),
        (b"[]", "cannot be read"),
        (b"{}", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"null", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (_SIGNED[: len(_SIGNED) // 2], "cut off"),
        (_SIGNED[:-1], "was altered"),
        (_SIGNED + b" ", "was altered"),
        (_SIGNED.replace(b"\n", b"\r\n"), "was altered"),
        (json.dumps(json.loads(_SIGNED)).encode(), "was altered"),
        (_change("verdict", "fail"), "was altered"),
        (_change("made_at", "2027-11-23T07:30:00.123456+00:00"), "was altered"),
        (_change("made_at", "2026-11-23T07:30:00"), "cannot be read"),
        (_change("made_at", None), "cannot be read"),
        (_change("made_at", "0001-01-01T00:00:00+12:00"), "cannot be read"),
        (_change("target", "staging"), "was altered"),
        (_change("waivers", []), "was altered"),
        (_change("waivers", [{"x": 1}]), "cannot be read"),
        (_change("revisions", {}), "was altered"),
        (_change("revisions", 3), "cannot be read"),
        (_change("more", 1), "cannot be read"),
        (_SIGNED.replace(b'    "verdict": "pass",\n', b""), "cannot be read"),
        (_change("schema", 2), "another form"),
        (_change("schema", "1"), "another form"),
        (_change("schema", True), "was altered"),
    ],
)
def test_anything_else_is_refused(given: bytes, said: str) -> None:
    with pytest.raises(EvidenceRefused, match=said) as refused:
        read_evidence(given, KEY)
    assert refused.value.exit_code == 5
    assert "dbtool migrate rehearse" in str(refused.value)


def test_another_key_is_named_as_the_reason() -> None:
    with pytest.raises(EvidenceRefused, match="another evidence key"):
        read_evidence(_SIGNED, bytes(32))


def test_a_forged_key_id_does_not_help() -> None:
    other = sign(EVIDENCE, bytes(32))
    forged = other.replace(json.loads(other)["key_id"].encode(), json.loads(_SIGNED)["key_id"].encode())
    with pytest.raises(EvidenceRefused, match="was altered"):
        read_evidence(forged, KEY)


@pytest.mark.parametrize("length", [0, 31])
def test_a_short_key_is_refused_by_both_ends(length: int) -> None:
    with pytest.raises(ConfigurationInvalid, match="at least 32"):
        sign(EVIDENCE, bytes(length))
    with pytest.raises(ConfigurationInvalid, match="at least 32"):
        read_evidence(_SIGNED, bytes(length))


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(EvidenceRefused, match=r"there is no evidence .*nowhere\.json"):
        read_evidence(tmp_path / "nowhere.json", KEY)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceRefused, match="cannot be read"):
        read_evidence(tmp_path, KEY)


def test_a_huge_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    with pytest.raises(EvidenceRefused, match="64 MiB"):
        read_evidence(path, KEY)


def test_the_file_is_for_its_owner_alone_and_named_for_time_and_target(tmp_path: Path) -> None:
    path = write_evidence(tmp_path / "state", EVIDENCE, KEY, ddl=["table a"], ddl_after=["table b"])
    assert path.name == "20261123T073000123456Z-production-0123456789abcdef.json"
    assert path.parent == tmp_path / "state" / "evidence"
    modes = {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert modes == {0o600}
    assert sorted(each.suffix for each in path.parent.iterdir()) == [".gz", ".json"]


def test_a_folder_that_cannot_be_written_is_an_error_that_says_what_stands(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("in the way")
    with pytest.raises(EnvironmentFailed, match="nothing proves it"):
        write_evidence(tmp_path, EVIDENCE, KEY)


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path: Path) -> None:
    path = write_evidence(tmp_path, EVIDENCE, KEY)
    before = set(path.parent.iterdir())
    path.unlink()
    path.mkdir()
    with pytest.raises(EnvironmentFailed):
        write_evidence(tmp_path, EVIDENCE, KEY)
    assert set(path.parent.iterdir()) == before


def test_the_newest_of_a_target_is_found(tmp_path: Path) -> None:
    def write(target: str, at: datetime) -> Path:
        return write_evidence(tmp_path, replace(EVIDENCE, target=target, made_at=at), KEY)

    assert find_evidence(tmp_path, "production") is None
    later = MADE_AT + timedelta(microseconds=1)
    newest = write("production", later)
    write("production", MADE_AT)
    other = write("production-eu", later + timedelta(days=1))
    (tmp_path / "evidence" / "99999999T999999999999Z-production-x.json").write_text("{}")
    assert find_evidence(tmp_path, "production") == newest
    assert find_evidence(tmp_path, "production-eu") == other
    assert find_evidence(tmp_path, "staging") is None


_BEFORE = ("table public.users", "column public.users.status: text default 'secret'::text")
_AFTER = (*_BEFORE, "column public.users.note: text")


def test_outlines_come_back_and_hold_no_text(tmp_path: Path) -> None:
    path = write_evidence(tmp_path, EVIDENCE, KEY, ddl=_BEFORE, ddl_after=_AFTER)
    found = find_outlines(path, before=ddl_fingerprint(_BEFORE), after=ddl_fingerprint(_AFTER))
    assert found == Outlines.of(_BEFORE, _AFTER)
    content = gzip.decompress(path.with_suffix(".ddl.gz").read_bytes())
    assert b"public.users.status" in content
    assert b"secret" not in content


def test_outlines_of_another_fingerprint_are_not_used(tmp_path: Path) -> None:
    path = write_evidence(tmp_path, EVIDENCE, KEY, ddl=_BEFORE, ddl_after=_AFTER)
    found = find_outlines(path, before="0" * 64, after=ddl_fingerprint(_AFTER))
    assert found == Outlines((), Outlines.of((), _AFTER).after)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        gzip.compress(b"{}", mtime=0)[:-4],
        gzip.compress(b"{}", mtime=0),
        gzip.compress(b'{"before": 1, "after": 2}', mtime=0),
    ],
    ids=["empty", "no archive", "cut off", "no outlines", "no lists"],
)
def test_outlines_that_cannot_be_read_are_none(content: bytes, tmp_path: Path) -> None:
    path = write_evidence(tmp_path, EVIDENCE, KEY)
    path.with_suffix(".ddl.gz").write_bytes(content)
    assert find_outlines(path, before="0" * 64, after="0" * 64) == Outlines()
    path.with_suffix(".ddl.gz").unlink()
    assert find_outlines(path, before="0" * 64, after="0" * 64) == Outlines()
