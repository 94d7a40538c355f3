"""Each file in broken/ has its message beside it: what a person with that file reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.errors import RulesInvalid
from dbtool.rules.loader import load_rules

BROKEN = Path(__file__).parent / "broken"
MASKS = {
    "email": (),
    "full_name": (),
    "permute_digits": (),
    "phone": (),
    "redact": (),
    "shift_date": ("days",),
}


@pytest.mark.parametrize("name", sorted(path.stem for path in BROKEN.glob("*.yaml")))
def test_says_what_is_wrong_with(name: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        load_rules(BROKEN / f"{name}.yaml", MASKS, MASKS)
    expected = (BROKEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert [problem.replace(f"{BROKEN}/", "") for problem in caught.value.problems] == expected


def test_every_message_has_its_file() -> None:
    texts = {path.stem for path in BROKEN.glob("*.txt")}
    assert texts == {path.stem for path in BROKEN.glob("*.yaml")}
