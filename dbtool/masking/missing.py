"""The YAML to paste for columns that no rule decides, with a mask suggested where the name speaks for itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from dbtool.catalog.relations import Column, ColumnRef
from dbtool.masking.guesses import Guess, guess_rule
from dbtool.masking.mask import Registry
from dbtool.rules.yaml_text import quote_yaml, spell_name

_BARE_YAML = re.compile(r"[A-Za-z_][A-Za-z0-9_$ .-]*(?<![ .-])\Z")


@dataclass(frozen=True, slots=True)
class MissingRule:
    """``guess`` is None where only a person can tell; the rule then asks for a reason and is no rule yet."""

    column: ColumnRef
    type: str
    guess: Guess | None = None


def suggest_rule(ref: ColumnRef, column: Column, registry: Registry, locale: str = "en_US") -> MissingRule:
    return MissingRule(ref, column.type.sql, guess_rule(column, registry, locale))


def render_missing_rules(missing: Iterable[MissingRule]) -> str:
    """One YAML block, tables in order. ``{keep: ""}`` is not accepted as it stands: it asks for the reason."""
    lines: list[str] = []
    for relation, rules in groupby(missing, key=lambda rule: rule.column.relation):
        lines.append(f"  {spell_name(relation)}:")
        lines.extend(f"    {spell_key(rule.column.column)}: {_spell_rule(rule)}" for rule in rules)
    return "\n".join(["tables:", *lines]) if lines else ""


def _spell_rule(rule: MissingRule) -> str:
    if rule.guess is None:
        return '{keep: ""}'
    options = "".join(f", {name}: {value}" for name, value in rule.guess.options.items())
    spelt = f"{{mask: {rule.guess.mask}{options}}}"
    return f"{{each: {spelt}}}" if rule.guess.each else spelt


def spell_key(column: str) -> str:
    """A column's exact name as a YAML key; double quotes serve SQL and YAML alike, so those are doubled."""
    if len(column) > 2 and column.startswith('"') and column.endswith('"'):  # noqa: PLR2004  the two quotes
        column = '"' + column.replace('"', '""') + '"'
    return column if _BARE_YAML.match(column) else quote_yaml(column)
