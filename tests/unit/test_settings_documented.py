"""docs/configuration.md and docs/rules.md name every setting and every finding."""

from __future__ import annotations

import re
from pathlib import Path

from dbtool.settings_file import AlembicTable, EnvironmentTable, ProjectTable

_REPOSITORY = Path(__file__).parent.parent.parent
_CONFIGURATION = (_REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
_RULES = (_REPOSITORY / "docs" / "rules.md").read_text(encoding="utf-8")
_RULE_MODULES = (
    "accepted",
    "bind",
    "check_fit",
    "coverage",
    "kept_credentials",
    "partition_keys",
    "resolve",
    "several_keys",
    "uniqueness",
    "unused_rules",
)
_REFRESH_MODULES = ("keys", "sampled_checks", "skipped", "tried_constants", "tried_own")


def documented_settings() -> set[str]:
    return set(re.findall(r"^\| `([a-z_]+)` \|", _CONFIGURATION, re.MULTILINE))


def test_every_setting_is_documented_and_no_other() -> None:
    tables = (ProjectTable, AlembicTable, EnvironmentTable)
    assert documented_settings() == {name for table in tables for name in table.model_fields}


def test_every_finding_of_a_rule_file_is_documented_and_no_other() -> None:
    dbtool = _REPOSITORY / "dbtool"
    modules = [
        *(dbtool / "masking" / f"{name}.py" for name in _RULE_MODULES),
        *(dbtool / "subset").glob("*.py"),
        *(dbtool / "refresh" / f"{name}.py" for name in _REFRESH_MODULES),
    ]
    source = "".join(module.read_text(encoding="utf-8") for module in modules)
    raised = set(
        re.findall(
            r"""(?:check=|^[A-Z_]+ = |Finding\(\s*|UnprovedCheck\(\s*|refuse\(|_warning\()"([a-z]+(?:-[a-z]+)+)\"""",
            source,
            re.MULTILINE,
        )
    )
    table = re.findall(r"^\| (`[a-z, `-]+`) \| (?:error|warning|info)", _RULES, re.MULTILINE)
    documented = set(re.findall(r"`([a-z-]+)`", "".join(table)))
    assert raised == documented
