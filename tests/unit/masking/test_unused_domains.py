"""A domain that no rule uses is told of: the columns that it was written for may have another one's stand-ins."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.findings import Severity
from dbtool.masking.unused_rules import find_unused
from dbtool.rules.loader import load_rules

_NOTHING = build_catalog(180000, [])


def idle(folder: Path, decision: str) -> list[tuple[str, str]]:
    file = folder / "rules.yaml"
    file.write_text(
        f"version: 1\ndomains: {{person: {{mask: email}}}}\ntables: {{public.t: {{a: {decision}}}}}\n",
        encoding="utf-8",
    )
    found = [one for one in find_unused(_NOTHING, load_rules(file)) if one.check == "domain-unused"]
    assert all(one.severity is Severity.WARNING for one in found)
    return [(one.where.removeprefix(f"{folder}/"), one.message) for one in found]


def test_an_unused_domain_is_told_with_its_place(tmp_path: Path) -> None:
    assert idle(tmp_path, "{mask: email}") == [("rules.yaml:2:19", "domain person is used by no rule")]


@pytest.mark.parametrize(
    "decision",
    [
        "{domain: person}",
        "{mask: email, domain: person}",
        "{each: {domain: person}}",
        '{json: {"$.a": {domain: person}}}',
        '{mask: redact, when: "b", otherwise: {domain: person}}',
        '{domain: person, when: "b", otherwise: redact}',
    ],
)
def test_a_domain_is_used_wherever_a_mask_may_stand(tmp_path: Path, decision: str) -> None:
    assert idle(tmp_path, decision) == []
