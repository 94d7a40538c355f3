"""The YAML to paste for columns that no rule decides, with a mask suggested where the name speaks for itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from dbtool.catalog.relations import Column, ColumnRef, ColumnType, TypeKind
from dbtool.masking.mask import Registry
from dbtool.rules.yaml_text import quote_yaml, spell_name

# How a reader of the schema would guess: word patterns of a column's name, in order of trust. Wrong guesses
# are seen in review, since the rule is pasted by a person; what is not guessed stays undecided.
_LIKELY: tuple[tuple[str, str], ...] = (
    (r"e_?mail", "email"),
    (r"(first|given|fore)_?name", "first_name"),
    (r"(last|family|sur)_?name|surname", "last_name"),
    (r"(full|display|contact|customer|person|holder|recipient)_?name|recipient", "full_name"),
    (r"phone|mobile|fax|(cell|tel)(_?(no|number))?", "phone"),
    (r"street|address(_?(line)?_?\d?)?", "street"),
    (r"city|town", "city"),
    (r"post(al)?_?code|zip(_?code)?", "postcode"),
    (r"company(_?name)?|employer", "company"),
    (r"user_?name|login|nick(_?name)?", "username"),
    (r"(birth_?(date|day)|date_of_birth|dob)", "birth_date"),
    (r"(access|auth|session|api|refresh)?_?(token|secret|key_?hash)|password(_?hash)?|pass_?hash", "token"),
    (r"ip(_?addr(ess)?)?|remote_addr", "ip"),
    (r"user_?agent", "user_agent"),
    (r"iban", "iban"),
    (r"card(_?(no|number))?|pan", "card"),
    (r"ssn|national_?(id|number)|tax_?(id|no|number)", "national_id"),
    (r"notes?|comments?|body|message|bio|remarks?", "text"),
)
_BARE_YAML = re.compile(r"[A-Za-z_][A-Za-z0-9_$ .-]*(?<![ .-])\Z")
_ASIDE = re.compile(r"([a-z0-9])([A-Z])")


@dataclass(frozen=True, slots=True)
class MissingRule:
    """``mask`` is None where only a person can tell; the rule then asks for a reason and is no rule yet. ``each``: it is
    for the elements of an array.
    """

    column: ColumnRef
    type: str
    mask: str | None = None
    each: bool = False


def suggest_rule(ref: ColumnRef, column: Column, registry: Registry) -> MissingRule:
    mask = likely_mask(column.name, column.type, registry)
    return MissingRule(ref, column.type.sql, mask, column.type.is_array)


def likely_mask(column: str, column_type: ColumnType, registry: Registry) -> str | None:
    """A mask that is there, reads only this column, and serves its type."""
    words = _ASIDE.sub(r"\1_\2", column).lower()
    plain = column_type.kind is TypeKind.BASE
    plural = "s?" if column_type.is_array else ""
    for pattern, name in _LIKELY:
        mask = registry.get(name)
        if mask is None or mask.needs_by or not plain or column_type.base not in mask.types:
            continue
        if re.search(rf"(\A|_)({pattern}){plural}(_|\Z)", words):
            return name
    return None


def render_missing_rules(missing: Iterable[MissingRule]) -> str:
    """One YAML block, tables in order. ``{keep: ""}`` is not accepted as it stands: it asks for the reason."""
    lines: list[str] = []
    for relation, rules in groupby(missing, key=lambda rule: rule.column.relation):
        lines.append(f"  {spell_name(relation)}:")
        lines.extend(f"    {spell_key(rule.column.column)}: {_spell_rule(rule)}" for rule in rules)
    return "\n".join(["tables:", *lines]) if lines else ""


def _spell_rule(rule: MissingRule) -> str:
    if rule.mask is None:
        return '{keep: ""}'
    return f"{{each: {{mask: {rule.mask}}}}}" if rule.each else f"{{mask: {rule.mask}}}"


def spell_key(column: str) -> str:
    """A column's exact name as a YAML key; double quotes serve SQL and YAML alike, so those are doubled."""
    if len(column) > 2 and column.startswith('"') and column.endswith('"'):  # noqa: PLR2004  the two quotes
        column = '"' + column.replace('"', '""') + '"'
    return column if _BARE_YAML.match(column) else quote_yaml(column)
