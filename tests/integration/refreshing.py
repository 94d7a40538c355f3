"""A refresh within the test's own process, between two databases that the fixtures made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from dbtool.catalog.catalog import Catalog
from dbtool.digest import ProjectKey
from dbtool.masking.coverage import ruled_relations
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import OptionNames
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from dbtool.refresh.request import RefreshRequest
from dbtool.rules.loader import load_rules
from dbtool.rules.model import ColumnRule, Keep, RuleSet, TableRules
from dbtool.rules.position import Position
from dbtool.targets import Target, Tier

KEY = ProjectKey(b"a key of these tests alone: 0123456789abcdef")
_HERE = Position("test", 1, 1)
_KEEP = Keep("kept by this test", _HERE)


def rules_of(text: str, folder: Path) -> RuleSet:
    """The ``tables:`` of a rule file, without the line that says so."""
    file = folder / "rules.yaml"
    file.write_text(f"version: 1\ntables:\n{text}", encoding="utf-8")
    return load_rules(file, MASKS.keys(), OptionNames(MASKS))


def keep_everything(catalog: Catalog) -> RuleSet:
    tables = {
        relation.name: TableRules(
            relation.name,
            tuple(ColumnRule((column.name,), _KEEP, _HERE) for column in relation.copied_columns),
            _HERE,
        )
        for relation in ruled_relations(catalog)
    }
    return RuleSet(tables, digest="everything is kept")


def request_for(
    source: str, target: str, state: Path, rules: RuleSet | None = None, **options: Any
) -> RefreshRequest:
    """``options`` are the request's, or those of the target environment."""
    of_target = {name: options.pop(name) for name in list(options) if name in Target.__dataclass_fields__}
    if rules is None:
        with connect(source) as connection:
            rules = keep_everything(read_catalog(connection))
    request = RefreshRequest(
        source=Target("production", Tier.PRODUCTION, lambda: source),
        target=Target("staging", Tier.STAGING, lambda: target, **of_target),
        rules=rules,
        key=KEY,
        state=state,
    )
    return replace(request, **options)
