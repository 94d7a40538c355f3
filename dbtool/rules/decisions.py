"""What a rule file says of one column: keep with a reason, a mask, a domain, or decisions per path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from dbtool.rules.conditions import OTHERWISE, WHEN, Within, read_condition, refuse_conditions
from dbtool.rules.fields import Entry, is_empty, keep_known, read_entries, read_text
from dbtool.rules.mask_uses import Reading, read_mask, read_use
from dbtool.rules.model import Choice, Decision, DocumentPaths, Keep, MaskUse
from dbtool.rules.nodes import Fields, Node, Scalar
from dbtool.rules.position import Position
from dbtool.spelling import did_you_mean

_KINDS = ("keep", "mask", "domain", "json", "each", "hstore", "xml")
_CONDITIONAL = frozenset({WHEN, OTHERWISE})


def read_domain(name: str, entry: Entry, reading: Reading) -> MaskUse | None:
    """``domains:`` maps a name to a mask, its options and canonical steps."""
    what = f"domain {name}"
    fields = read_entries(entry.value, what, reading.problems)
    misplaced = [
        fields.pop(key)
        for key in ("keep", "json", "each", "hstore", "xml", "domain", "by", WHEN, OTHERWISE)
        if key in fields
    ]
    for one in misplaced:
        reading.problems.add(one.at, f"{what} cannot have {one.key.text}; it names a mask and its options")
    if not isinstance(entry.value, Fields) or (misplaced and "mask" not in fields):
        return None
    if "mask" not in fields:
        reading.problems.add(entry.value.at, f"{what} names no mask; write {name}: {{mask: …}}")
        return None
    return read_mask(fields, name, entry.value.at, reading)


def read_decision(
    node: Node, what: str, reading: Reading, *, within: Within | None = None
) -> Decision | None:
    """None after naming the problem."""
    if isinstance(node, Scalar):
        return _read_word(node, what, reading, in_json=_is_part(within))
    fields = read_entries(node, what, reading.problems)
    if not isinstance(node, Fields):
        return None
    if refuse_conditions(fields, what, within, reading.problems):
        return None
    if fields.keys() & _CONDITIONAL:
        return _read_choice(fields, what, node.at, reading)
    return _read_fields(fields, what, node.at, reading, in_json=_is_part(within))


def _is_part(within: Within | None) -> bool:
    return within in {"path", "key"}


def _read_fields(
    fields: dict[str, Entry], what: str, at: Position, reading: Reading, *, in_json: bool = False
) -> Keep | MaskUse | DocumentPaths | None:
    kinds = [kind for kind in _KINDS if kind in fields]
    if kinds == ["keep"]:
        return _read_keep(fields, what, reading)
    if kinds in (["json"], ["each"], ["hstore"], ["xml"]) and not in_json:
        return _PARTS[kinds[0]](fields, what, at, reading)
    if kinds and set(kinds) <= {"mask", "domain"}:
        return read_use(fields, what, at, reading, in_json=in_json)
    reading.problems.add(*_undecided(fields, kinds, what, at))
    return None


def _read_choice(fields: dict[str, Entry], what: str, at: Position, reading: Reading) -> Choice | None:
    """Everything is read before anything is given up, so that all that is wrong is told at once."""
    condition, other = fields.pop(WHEN, None), fields.pop(OTHERWISE, None)
    when = read_condition(condition, other, what, reading.problems)
    otherwise = _read_otherwise(other, what, reading) if other is not None else None
    if condition is not None and "keep" in fields:
        message = (
            f"{what} is kept and has when; write the mask of the rows that are not kept, for which rows that is, and "
            "otherwise: {keep: a reason}"
        )
        reading.problems.add(fields["keep"].at, message)
        return None
    chosen = _read_fields(fields, what, at, reading)
    if when is None or otherwise is None or chosen is None or isinstance(chosen, Keep):
        return None
    return Choice(when, chosen, otherwise, at)


def _read_otherwise(entry: Entry, what: str, reading: Reading) -> Keep | MaskUse | DocumentPaths | None:
    """A mask's name alone is a use of it: there is no other decision that one word could be."""
    node, what = entry.value, f"otherwise of {what}"
    if isinstance(node, Scalar) and _may_name_mask(node, reading):
        mask = Entry(Scalar("mask", node.at), node)
        return read_use({"mask": mask}, what, node.at, reading, in_json=False)
    decision = read_decision(node, what, reading, within="otherwise")
    return None if isinstance(decision, Choice) else decision


def _may_name_mask(node: Scalar, reading: Reading) -> bool:
    is_known = node.text in (reading.mask_names or ())
    is_other = node.text in {"keep", "", "~", *reading.domains}
    return is_known or not (is_other or not node.text.strip())


def _undecided(fields: dict[str, Entry], kinds: list[str], what: str, at: Position) -> tuple[Position, str]:
    if len(kinds) > 1:
        return fields[kinds[1]].at, f"{what} has both {kinds[0]} and {kinds[1]}; choose one"
    if kinds:
        return fields[kinds[0]].at, f"{what} cannot have {kinds[0]}; it is kept or masked"
    for key, entry in fields.items():
        if nearest := did_you_mean(key, _KINDS):
            return entry.at, f"unknown key {key} in {what}{nearest}"
    return at, f"{what} decides nothing; write keep with a reason, mask, domain, json, hstore, xml or each"


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
            f"{did_you_mean(node.text, ['keep', *(reading.mask_names or ()), *reading.domains])}"
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


def _read_json(fields: dict[str, Entry], what: str, at: Position, reading: Reading) -> DocumentPaths | None:
    known = keep_known(fields, ("json", "unknown"), f"the json of {what}", reading.problems)
    paths = read_entries(known["json"].value, f"the paths of {what}", reading.problems)
    for path in [path for path in paths if not path.startswith("$")]:
        at_path = paths.pop(path).at
        reading.problems.add(at_path, f'path {path} of {what} must start at the root: "$.{path}"')
    unknown = _read_unknown(known.get("unknown"), what, reading)
    return DocumentPaths(_read_within(paths, "path", reading), unknown, at)


def _read_hstore(fields: dict[str, Entry], what: str, at: Position, reading: Reading) -> DocumentPaths | None:
    known = keep_known(fields, ("hstore", "unknown"), f"the hstore of {what}", reading.problems)
    keys = read_entries(known["hstore"].value, f"the keys of {what}", reading.problems)
    unknown = _read_unknown(known.get("unknown"), what, reading)
    return DocumentPaths(_read_within(keys, "key", reading), unknown, at, "hstore")


def _read_xml(fields: dict[str, Entry], what: str, at: Position, reading: Reading) -> DocumentPaths | None:
    known = keep_known(fields, ("xml", "unknown", "namespaces"), f"the xml of {what}", reading.problems)
    paths = read_entries(known["xml"].value, f"the paths of {what}", reading.problems)
    for path in [path for path in paths if not path.startswith("/")]:
        message = f'path {path} of {what} must start at the root, "/{path}", or be for any depth, "//{path}"'
        reading.problems.add(paths.pop(path).at, message)
    namespaces = _read_namespaces(known.get("namespaces"), what, reading)
    unknown = _read_unknown(known.get("unknown"), what, reading)
    return DocumentPaths(_read_within(paths, "path", reading), unknown, at, "xml", namespaces)


def _read_namespaces(entry: Entry | None, what: str, reading: Reading) -> dict[str, str]:
    if entry is None:
        return {}
    entries = read_entries(entry.value, f"the namespaces of {what}", reading.problems)
    texts = {
        prefix: read_text(one.value, f"namespace {prefix} of {what}", reading.problems)
        for prefix, one in entries.items()
    }
    return {prefix: text for prefix, text in texts.items() if text is not None}


def _read_within(
    entries: Mapping[str, Entry], kind: Literal["path", "key"], reading: Reading
) -> dict[str, MaskUse | Keep]:
    decisions = {
        name: read_decision(entry.value, f"{kind} {name}", reading, within=kind)
        for name, entry in entries.items()
    }
    return {name: one for name, one in decisions.items() if isinstance(one, (Keep, MaskUse))}


def _read_each(fields: dict[str, Entry], what: str, at: Position, reading: Reading) -> MaskUse | None:
    """Arrays have any number of dimensions, so there is nothing that an each within each could mean."""
    entry = keep_known(fields, ("each",), f"the each of {what}", reading.problems)["each"]
    decision = read_decision(entry.value, f"each of {what}", reading, within="each")
    if isinstance(decision, MaskUse) and not decision.each:
        return replace(decision, at=at, each=True)
    if decision is not None:
        message = f"each of {what} takes a mask or a domain; an array is kept as a whole: {{keep: a reason}}"
        reading.problems.add(entry.value.at, message)
    return None


_PARTS = {"json": _read_json, "each": _read_each, "hstore": _read_hstore, "xml": _read_xml}


def _read_unknown(entry: Entry | None, what: str, reading: Reading) -> Literal["error", "drop", "keep"]:
    word = entry.value.text if entry and isinstance(entry.value, Scalar) else "error"
    if word == "drop":
        return "drop"
    if word == "keep":
        return "keep"
    if entry and (word != "error" or not isinstance(entry.value, Scalar)):
        reading.problems.add(entry.value.at, f"unknown of {what} must be error, drop or keep")
    return "error"
