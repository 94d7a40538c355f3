"""Rule files from a few lines of text."""

from __future__ import annotations

from pathlib import Path

from dbtool.rules.loader import load_rules
from dbtool.rules.model import RuleSet
from dbtool.rules.subset_model import SubsetRules


def load(folder: Path, text: str) -> RuleSet:
    """``text`` is what stands below version: 1, which is the first line."""
    file = folder / "rules.yaml"
    file.write_text(f"version: 1\n{text}\n", encoding="utf-8")
    return load_rules(file)


def load_subset(folder: Path, text: str) -> SubsetRules:
    """``text`` is the subset, in braces; the first character is in line 2, column 9."""
    subset = load(folder, f"subset: {text}").subset
    assert subset is not None
    return subset
