"""The table in docs/evidence.md says of each change what the servers say of it in test_ddl_fingerprint.py."""

import re
from pathlib import Path

import pytest

from tests.integration.ddl_cases import SEEN_BY_BOTH, SEEN_BY_NONE, SEEN_BY_THE_GATE

_PAGE = Path(__file__).parents[3] / "docs" / "evidence.md"
_ROW = re.compile(r"^\| `(.+)` \| (yes|no) \| (yes|no) \|$", re.MULTILINE)
_ROWS: list[tuple[str, str, str]] = _ROW.findall(_PAGE.read_text(encoding="utf-8"))


def test_the_table_is_found() -> None:
    assert {(rules, gate) for _, rules, gate in _ROWS} == {("yes", "yes"), ("no", "yes"), ("no", "no")}


@pytest.mark.parametrize(("change", "rules", "gate"), _ROWS)
def test_a_documented_change_counts_where_the_page_says(change: str, rules: str, gate: str) -> None:
    tested = {
        ("yes", "yes"): {sql for sql, _ in SEEN_BY_BOTH},
        ("no", "yes"): {sql for sql, _ in SEEN_BY_THE_GATE},
        ("no", "no"): set(SEEN_BY_NONE),
    }
    assert change in tested[rules, gate]
