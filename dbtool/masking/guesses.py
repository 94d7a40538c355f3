"""What a reader of the schema would guess of a column by its name: a mask to begin with, to be seen in review."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from dbtool.catalog.relations import Column, ColumnType, TypeKind
from dbtool.digest import ProjectKey
from dbtool.masking.fit import get_room
from dbtool.masking.inner_values import inner_type
from dbtool.masking.mask import DoesNotFit, Mask, MaskContext, Registry, Uniqueness

# Word patterns of a column's name, in order of trust. Wrong guesses are seen in review, since the rule is pasted by a
# person; what is not guessed stays undecided.
_LIKELY: tuple[tuple[str, str], ...] = (
    (r"e_?mail(?!_name)|reply_?to|sender_?addr(ess)?|\Abcc\Z", "email"),
    (r"mac(_?addr(ess)?)?", "mac"),
    (r"ip(_?addr(ess)?)?|remote_addr", "ip"),
    (r"(first|given|fore)_?name", "first_name"),
    (r"(last|family|sur)_?name|surname", "last_name"),
    (
        r"(full|contact|customer|person|holder|recipient|attendee|author|speaker|guest|patient)_?name",
        "full_name",
    ),
    (r"(employee|student|owner|member|sender|payer)_?name|recipient|beneficiary", "full_name"),
    (r"\A((user|owner|author|member|contact|customer)_)?display_?name", "full_name"),
    (r"(tele)?phone|mobile|(tele)?fax|(cell|tel)(_?(no|number))?", "phone"),
    (r"street|(?<!server_)(?<!host_)address(_?(line)?_?\d?)?", "street"),
    (r"city|town", "city"),
    (r"post(al)?_?code|zip(_?code)?", "postcode"),
    (r"company(_?name)?|employer", "company"),
    (r"user_?name|login|nick(_?name)?", "username"),
    (r"(birth_?(date|day)|date_of_birth|dob)", "birth_date"),
    (r"((access|auth|session|api|refresh)_?)?(token|secret)(?!_name)|key_?hash|pass_?hash", "token"),
    (r"(access|account|api|auth|encryption|private|secret|session|signing)_?key", "token"),
    (r"password(_?hash)?|passwd|passphrase", "token"),
    (r"user_?agent", "user_agent"),
    (r"iban", "iban"),
    (r"card(_?(no|number))?|pan", "card"),
    (r"ssn|national_?(id|number)|tax_?(id|no|number)", "national_id"),
    (r"notes?|comments?|body|message|bio(graphy)?|remarks?", "lorem"),
)
_ANY = "|".join(pattern for pattern, _ in _LIKELY)
# Last words of names that speak of the thing and are not the thing: email_subject, secret_type.
_ABOUT = re.compile(
    r"_(algorithm|config(uration)?|count|enabled|expir\w+|format|json|kind|label|length|mode|policy|prefix|provider"
    r"|required|schema|scopes?|settings?|state|status|subject|template|type|verified|version)\Z"
)
_ASIDE = re.compile(r"([a-z0-9])([A-Z])")
_NOBODYS = ProjectKey(b"what fits does not depend on the key")


@dataclass(frozen=True, slots=True)
class Guess:
    mask: str
    options: Mapping[str, object] = field(default_factory=dict)
    each: bool = False


def guess_rule(column: Column, registry: Registry, locale: str) -> Guess | None:
    """The mask that the name speaks of, shortened to the column; or one without a meaning, where it would not fit."""
    name = likely_mask(column.name, column.type, registry)
    if name is None:
        return None
    mask = registry[name]
    inner = inner_type(column.type, mask, each=column.type.is_array)
    context = MaskContext(inner, _NOBODYS.digest_for(name), locale)
    for guess in _shortened(mask, context, registry):
        if _fits(registry[guess.mask], guess, context):
            return replace(guess, each=column.type.is_array)
    return None


def likely_mask(column: str, column_type: ColumnType, registry: Registry) -> str | None:
    """A mask that is there, reads only this column, and serves its type."""
    words = _ASIDE.sub(r"\1_\2", column).lower()
    if column_type.kind is not TypeKind.BASE or _ABOUT.search(words):
        return None
    plural = "s?" if column_type.is_array else ""
    if not _speaks(words, _ANY, plural):  # most names: no mask's module is loaded for them
        return None
    for pattern, name in _LIKELY:
        if _speaks(words, pattern, plural):
            mask = registry.get(name)
            if mask is not None and not mask.needs_by and column_type.base in mask.types:
                return name
    return None


def _speaks(words: str, pattern: str, plural: str) -> bool:
    return re.search(rf"(\A|_)({pattern}){plural}(_|\Z)", words) is not None


def _shortened(mask: Mask, context: MaskContext, registry: Registry) -> Iterator[Guess]:
    yield Guess(mask.name)
    if "max_length" in mask.options.model_fields:
        yield Guess(mask.name, {"max_length": get_room(context)})
    other = "redact" if mask.uniqueness is Uniqueness.LOSSY else "permute_format"
    if other in registry:
        yield Guess(other)


def _fits(mask: Mask, guess: Guess, context: MaskContext) -> bool:
    """Only where there is little room it has to be tried: binding may draw a pool of words."""
    if get_room(context) is None:
        return True
    try:
        mask.bind(mask.options.model_validate(guess.options), context)
    except (DoesNotFit, ValidationError):
        return False
    return True
