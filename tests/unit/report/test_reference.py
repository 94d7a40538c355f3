"""docs/masks.md is what the masks say of themselves, and their examples do what they show."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from dbtool.masking.masks import MASKS
from dbtool.report.reference import render_masks_reference, run_example

_PAGE = Path(__file__).parents[3] / "docs" / "masks.md"
_STAND_INS = re.compile(r"^\| .* \| .* \|$", re.MULTILINE)


def test_the_reference_is_not_stale() -> None:
    """With another Faker than the page's only the words it made may differ."""
    page, rendered = _PAGE.read_text(encoding="utf-8"), render_masks_reference()
    made_with = re.search(r"from Faker ([\d.]+);", page)
    assert made_with is not None
    if made_with[1] != version("faker"):
        page, rendered = (_STAND_INS.sub("", text).replace(made_with[1], "") for text in (page, rendered))
        rendered = rendered.replace(version("faker"), "")
    assert page == rendered, "write it anew: python -m dbtool.report.reference > docs/masks.md"


@pytest.mark.parametrize("name", sorted(MASKS))
def test_a_mask_is_documented(name: str) -> None:
    mask = MASKS[name]
    assert mask.name == name
    assert mask.summary.endswith(".")
    assert f"mask: {name}" in mask.example.rule or f"mask: '{name}'" in mask.example.rule
    for option in mask.options.model_fields.values():
        assert option.description


@pytest.mark.parametrize("name", sorted(MASKS))
def test_an_example_shows_null_and_changes_a_value(name: str) -> None:
    inputs, outputs = MASKS[name].example.inputs, run_example(MASKS[name])
    assert None in inputs
    assert all(output is None for value, output in zip(inputs, outputs, strict=True) if value is None)
    assert any(value != output for value, output in zip(inputs, outputs, strict=True) if value is not None)
