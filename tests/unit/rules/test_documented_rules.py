"""The examples of docs/rules.md are rule files, alone and together."""

from __future__ import annotations

import re
from pathlib import Path

from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import OptionNames
from dbtool.rules.loader import load_rules

_PAGE = Path(__file__).parent.parent.parent.parent / "docs" / "rules.md"


def test_the_documented_examples_are_read_without_a_problem(tmp_path: Path) -> None:
    examples = re.findall(r"^```yaml\n(.*?)^```", _PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(examples) == 7
    for number, example in enumerate(examples):
        text = example if example.startswith("version") else f"version: 1\n{example}"
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")
    rules = load_rules(tmp_path, MASKS, OptionNames(MASKS))
    assert rules.subset is not None
    assert (len(rules.relations), sorted(rules.profiles)) == (3, ["dev", "full"])
