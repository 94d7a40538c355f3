"""What a rule file says of one column: keep with a reason, a mask, a domain, or decisions per JSON path."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from dbtool.rules.fields import Entry, is_empty, keep_known, read_entries, read_text, read_texts
from dbtool.rules.model import Decision, JsonPaths, Keep, MaskUse
from dbtool.rules.names import parse_column
from dbtool.rules.nodes import Fields, Node, Problems, Scalar, plain_value
from dbtool.rules.position import Position
from dbtool.spelling import did_you_mean

CANONICAL_STEPS = ("trim", "casefold", "nfc", "digits")
_KINDS = ("keep", "mask", "domain", "json", "each", "hstore")
_BESIDE_A_MASK = frozenset({"mask", "domain", "canonical", "by"})
_NOT_YET = {
    "when": "when is not supported yet; decide the whole column",
    "otherwise": "otherwise is not supported yet; decide the whole column",
}


@dataclass(slots=True)
class Reading:
    """What is known while the files of one rule set are read. ``mask_names`` None: any name will do. A domain
    whose definition is wrong is None, so that its uses are not reported again.
    """

    problems: Problems
    mask_names: Collection[str] | None = None
    mask_options: Mapping[str, Collection[str]] = field(default_factory=dict)
    domains: dict[str, MaskUse | None] = field(default_factory=dict)


def read_domain(name: str, entry: Entry, reading: Reading) -> MaskUse | None:
    """``domains:`` maps a name to a mask, its options and canonical steps."""
    what = f"domain {name}"
    fields = keep_known_options(read_entries(entry.value, what, reading.problems), reading)
    misplaced = [
        fields.pop(key) for key in ("keep", "json", "each", "hstore", "domain", "by") if key in fields
    ]
    for one in misplaced:
        reading.problems.add(one.at, f"{what} cannot have {one.key.text}; it names a mask and its options")
    if not isinstance(entry.value, Fields) or (misplaced and "mask" not in fields):
        return None
    if "mask" not in fields:
        reading.problems.add(entry.value.at, f"{what} names no mask; write {name}: {{mask: …}}")
        return None
    return _read_mask(fields, name, entry.value.at, reading)


def keep_known_options(fields: dict[str, Entry], reading: Reading) -> dict[str, Entry]:
    """Options are the mask's to know; only what is not supported yet is refused here."""
    for key in _NOT_YET.keys() & fields.keys():
        reading.problems.add(fields.pop(key).at, _NOT_YET[key])
    return fields


def read_decision(node: Node, what: str, reading: Reading, *, in_json: bool = False) -> Decision | None:
    """None after naming the problem."""
    if isinstance(node, Scalar):
        return _read_word(node, what, reading, in_json=in_json)
    fields = read_entries(node, what, reading.problems)
    if not isinstance(node, Fields):
        return None
    unsupported = bool(_NOT_YET.keys() & fields.keys())
    fields = keep_known_options(fields, reading)
    kinds = [kind for kind in _KINDS if kind in fields]
    if kinds == ["keep"]:
        return _read_keep(fields, what, reading)
    if kinds in (["json"], ["each"], ["hstore"]) and not in_json:
        return _PARTS[kinds[0]](fields, what, node.at, reading)
    if kinds and set(kinds) <= {"mask", "domain"}:
        return _read_use(fields, what, node.at, reading, in_json=in_json)
    if not unsupported:
        reading.problems.add(*_undecided(fields, kinds, what, node.at))
    return None


def _undecided(fields: dict[str, Entry], kinds: list[str], what: str, at: Position) -> tuple[Position, str]:
    if len(kinds) > 1:
        return fields[kinds[1]].at, f"{what} has both {kinds[0]} and {kinds[1]}; choose one"
    if kinds:
        return fields[kinds[0]].at, f"{what} cannot have {kinds[0]}; it is kept or masked"
    for key, entry in fields.items():
        if nearest := did_you_mean(key, _KINDS):
            return entry.at, f"unknown key {key} in {what}{nearest}"
    return at, f"{what} decides nothing; write keep with a reason, mask, domain, json, hstore or each"


def _read_word(node: Scalar, what: str, reading: Reading, *, in_json: bool) -> Decision | None:
    if node.text == "keep" and in_json:
        return Keep(reason="", at=node.at)
    if node.text == "keep":
        message = f"{what}: keep needs a reason; write {{keep: why these values may leave production}}"
    elif node.text in (reading.mask_names or ()):
        message = f"{what} decides nothing; write {{mask: {node.text}}}"
    elif node.text in reading.domains:
        message = f"{what} decides nothing; write {{domain: {node.text}}}"
    else:
        message = (
            f"{what} decides nothing; write {{keep: a reason}}, {{mask: a mask}} or {{domain: a domain}}"
        )
    reading.problems.add(node.at, message)
    return None


def _read_keep(fields: dict[str, Entry], what: str, reading: Reading) -> Keep | None:
    entry = keep_known(fields, ("keep",), f"the keep of {what}", reading.problems)["keep"]
    if isinstance(entry.value, Scalar) and (is_empty(entry.value) or not entry.value.text.strip()):
        reading.problems.add(entry.value.at, f"{what}: keep needs a reason, such as {{keep: surrogate key}}")
        return None
    reason = read_text(entry.value, f"the reason of {what}", reading.problems)
    return Keep(reason, entry.at) if reason is not None else None


def _read_json(fields: dict[str, Entry], what: str, at: Position, reading: Reading) -> JsonPaths | None:
    known = keep_known(fields, ("json", "unknown"), f"the json of {what}", reading.problems)
    paths = read_entries(known["json"].value, f"the paths of {what}", reading.problems)
    for path in [path for path in paths if not path.startswith("$")]:
        at_path = paths.pop(path).at
        reading.problems.add(at_path, f'path {path} of {what} must start at the root: "$.{path}"')
    unknown = _read_unknown(known.get("unknown"), what, reading)
    return JsonPaths(_read_within(paths, "path", reading), unknown, at)


def _read_hstore(fields: dict[str, Entry], what: str, at: Position, reading: Reading) -> JsonPaths | None:
    known = keep_known(fields, ("hstore", "unknown"), f"the hstore of {what}", reading.problems)
    keys = read_entries(known["hstore"].value, f"the keys of {what}", reading.problems)
    unknown = _read_unknown(known.get("unknown"), what, reading)
    return JsonPaths(_read_within(keys, "key", reading), unknown, at, is_hstore=True)


def _read_within(
    entries: Mapping[str, Entry], kind: Literal["path", "key"], reading: Reading
) -> dict[str, MaskUse | Keep]:
    decisions = {
        name: read_decision(entry.value, f"{kind} {name}", reading, in_json=True)
        for name, entry in entries.items()
    }
    return {name: one for name, one in decisions.items() if isinstance(one, (Keep, MaskUse))}


def _read_each(fields: dict[str, Entry], what: str, at: Position, reading: Reading) -> MaskUse | None:
    """Arrays have any number of dimensions, so there is nothing that an each within each could mean."""
    entry = keep_known(fields, ("each",), f"the each of {what}", reading.problems)["each"]
    decision = read_decision(entry.value, f"each of {what}", reading)
    if isinstance(decision, MaskUse) and not decision.each:
        otherwise = decision.otherwise
        if isinstance(otherwise, MaskUse):
            otherwise = replace(otherwise, each=True)
        return replace(decision, at=at, each=True, otherwise=otherwise)
    if decision is not None:
        message = f"each of {what} takes a mask or a domain; an array is kept as a whole: {{keep: a reason}}"
        reading.problems.add(entry.value.at, message)
    return None


_PARTS = {"json": _read_json, "each": _read_each, "hstore": _read_hstore}


def _read_unknown(entry: Entry | None, what: str, reading: Reading) -> Literal["error", "drop", "keep"]:
    word = entry.value.text if entry and isinstance(entry.value, Scalar) else "error"
    if word == "drop":
        return "drop"
    if word == "keep":
        return "keep"
    if entry and (word != "error" or not isinstance(entry.value, Scalar)):
        reading.problems.add(entry.value.at, f"unknown of {what} must be error, drop or keep")
    return "error"


def _read_use(
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
        defined = reading.domains[domain]
        return _use_domain(fields, defined, what, at, reading) if defined else None
    if "mask" not in fields:
        nearest = did_you_mean(domain, reading.domains) or "; define it under domains, or name its mask here"
        reading.problems.add(named.value.at, f"unknown domain {domain}{nearest}")
        return None
    return _read_mask(fields, domain, at, reading)


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


def _read_mask(fields: dict[str, Entry], domain: str, at: Position, reading: Reading) -> MaskUse | None:
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
        options = keep_known(options, [*own, *_BESIDE_A_MASK], what, reading.problems, otherwise=listed)
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
