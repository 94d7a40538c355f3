"""How a rule file uses a mask: by its own name or a domain's, with its options and the steps before it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from dbtool.rules.conditions import OTHERWISE, WHEN
from dbtool.rules.fields import Entry, keep_known, read_text, read_texts
from dbtool.rules.model import MaskUse
from dbtool.rules.names import parse_column
from dbtool.rules.nodes import Node, Problems, Scalar, plain_value
from dbtool.rules.position import Position
from dbtool.spelling import did_you_mean

CANONICAL_STEPS = ("trim", "casefold", "nfc", "digits")
_BESIDE_A_MASK = frozenset({"mask", "domain", "canonical", "by"})
_OF_A_COLUMN = (WHEN, OTHERWISE)  # read by now where they may stand, but for their nearest spelling


@dataclass(slots=True)
class Reading:
    """What is known while the files of one rule set are read. ``mask_names`` None: any name will do. A domain
    whose definition is wrong is None, so that its uses are not reported again; ``used`` are those that have some.
    """

    problems: Problems
    mask_names: Collection[str] | None = None
    mask_options: Mapping[str, Collection[str]] = field(default_factory=dict)
    domains: dict[str, MaskUse | None] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)


def read_use(
    fields: dict[str, Entry], what: str, at: Position, reading: Reading, *, in_json: bool
) -> MaskUse | None:
    if in_json and "by" in fields:
        reading.problems.add(
            fields["by"].at, f"{what} cannot have by: a value within another is masked by itself"
        )
        return None
    named = fields.get("domain") or fields["mask"]
    domain = read_text(named.value, f"the {named.key.text} of {what}", reading.problems)
    if domain is None:
        return None
    if domain in reading.domains:
        reading.used.add(domain)
        defined = reading.domains[domain]
        return _use_domain(fields, defined, what, at, reading) if defined else None
    if "mask" not in fields:
        nearest = did_you_mean(domain, reading.domains) or "; define it under domains, or name its mask here"
        reading.problems.add(named.value.at, f"unknown domain {domain}{nearest}")
        return None
    return read_mask(fields, domain, at, reading)


def _use_domain(
    fields: dict[str, Entry], defined: MaskUse, what: str, at: Position, reading: Reading
) -> MaskUse | None:
    """A domain is one mask with one set of options, or one person would get two stand-ins."""
    entry = fields.get("mask")
    if entry and isinstance(entry.value, Scalar) and entry.value.text != defined.mask:
        message = (
            f"{what} uses mask {entry.value.text} in domain {defined.domain}, "
            f"which has mask {defined.mask} at {defined.at}"
        )
        reading.problems.add(entry.value.at, message)
        return None
    beside = fields.keys() - {"mask", "domain", "by"}
    for key in sorted(beside):
        message = f"{key} of {what} belongs in domain {defined.domain} at {defined.at}, for all its columns"
        reading.problems.add(fields[key].at, message)
    return replace(defined, at=at, by=_read_by(fields.get("by"), what, reading))


def read_mask(fields: dict[str, Entry], domain: str, at: Position, reading: Reading) -> MaskUse | None:
    mask = read_text(fields["mask"].value, "a mask", reading.problems)
    if mask is None:
        return None
    if reading.mask_names is not None and mask not in reading.mask_names:
        nearest = did_you_mean(mask, reading.mask_names)
        reading.problems.add(fields["mask"].value.at, f"unknown mask {mask}{nearest}")
        return None
    options = _read_options(fields, mask, reading)
    return MaskUse(
        mask,
        domain,
        at,
        {key: plain_value(entry.value) for key, entry in options.items()},
        _read_canonical(fields.get("canonical"), reading),
        _read_by(fields.get("by"), f"mask {mask}", reading),
        places={key: _place(entry.value) for key, entry in options.items()},
    )


def _place(node: Node) -> Position:
    return (node.text_at if isinstance(node, Scalar) else None) or node.at


def _read_options(fields: dict[str, Entry], mask: str, reading: Reading) -> dict[str, Entry]:
    options = {key: entry for key, entry in fields.items() if key not in _BESIDE_A_MASK}
    if mask in reading.mask_options:
        own = sorted(reading.mask_options[mask])
        what = f"the options of mask {mask}"
        listed = f"; its options: {', '.join(own)}" if own else "; it has none"
        options = keep_known(
            options, [*own, *_BESIDE_A_MASK, *_OF_A_COLUMN], what, reading.problems, otherwise=listed
        )
    return options


def _read_canonical(entry: Entry | None, reading: Reading) -> tuple[str, ...] | None:
    if entry is None:
        return None
    steps = read_texts(entry.value, "a canonical step", reading.problems)
    for step in steps:
        if step not in CANONICAL_STEPS:
            nearest = did_you_mean(step, CANONICAL_STEPS) or f"; the steps are {', '.join(CANONICAL_STEPS)}"
            reading.problems.add(entry.value.at, f"unknown canonical step {step}{nearest}")
    return steps


def _read_by(entry: Entry | None, what: str, reading: Reading) -> tuple[str, ...]:
    if entry is None:
        return ()
    columns = read_texts(entry.value, f"by of {what}", reading.problems)
    return tuple(parse_column(column) for column in columns)
