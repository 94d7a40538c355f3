"""Values of many megabytes: carried whole, searched for originals, and within the memory that was promised."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dbtool.errors import VerificationFailed
from dbtool.refresh.pipeline import refresh
from tests.databases import execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]

_MEGABYTES = 60
_CONSTANT_MEGABYTES = 500
_RULES = "  public.t: {id: {keep: k}, body: {keep: k}, mail: {mask: email}}\n"
_REFRESH_ALONE = """
import sys
from pathlib import Path
from dbtool.refresh.pipeline import refresh
from tests.integration.refreshing import request_for, rules_of
source, target, folder, rules = sys.argv[1:]
refresh(request_for(source, target, Path(folder), rules_of(rules, Path(folder))))
for line in Path("/proc/self/status").read_text().splitlines():
    if line.startswith("VmHWM:"):
        print(int(line.split()[1]) // 1000)
"""


def make_long(url: str, megabytes: int, inside: str = "") -> None:
    """One row with a text of so many megabytes, of lines with e-mail addresses, and a thousand others."""
    execute(
        url,
        "CREATE TABLE t (id int, body text, mail text); ALTER TABLE t ALTER body SET STORAGE EXTERNAL;"
        "INSERT INTO t SELECT 1, string_agg(md5(n::text) || ' wrote to p' || n || '@byron.dk, call +45 20 20 '"
        f" || n % 90 + 10 || CASE n WHEN {megabytes * 6_000} THEN '{inside}' ELSE '' END, E'\\n'), 'ada@lovelace.dk'"
        f" FROM generate_series(1, {megabytes * 13_500}) n;"
        "INSERT INTO t SELECT n, 'short', n || '@lovelace.dk' FROM generate_series(2, 1000) n",
    )


@pytest.mark.one_major
def test_a_long_value_takes_no_more_than_three_times_itself(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    """In a process of its own, for the peak is of all that a process ever did."""
    if not Path("/proc/self/status").exists():
        pytest.skip("cannot run here: only Linux tells a process's own peak")
    source, target = two_databases
    make_long(source, _MEGABYTES)
    ran = subprocess.run(
        [sys.executable, "-c", _REFRESH_ALONE, source, target, str(tmp_path), _RULES],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent.parent,
    )
    digests = "SELECT id, md5(body) FROM t ORDER BY id"
    assert query(target, digests) == query(source, digests)
    ((longest,),) = query(source, "SELECT max(octet_length(body)) FROM t")
    assert longest > _MEGABYTES * 1_000_000
    assert int(ran.stdout) < _CONSTANT_MEGABYTES + 3 * longest / 1_000_000


def test_an_original_within_a_long_value_is_found(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    make_long(source, 20, inside=" and to 77@Lovelace.dk, too")
    with pytest.raises(VerificationFailed) as failed:
        refresh(request_for(source, target, tmp_path, rules_of(_RULES, tmp_path)))
    assert "public.t.body" in str(failed.value.findings)
