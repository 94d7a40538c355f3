"""Rule files → RuleSet. Every problem of every file is listed at once, each with file:line:column."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from os.path import normpath
from pathlib import Path

from dbtool.catalog.relations import RelationName
from dbtool.errors import RulesInvalid
from dbtool.rules.decisions import read_domain
from dbtool.rules.fields import Entry, is_empty, keep_known, read_entries, read_text
from dbtool.rules.lockfile import lock_beside, read_lock
from dbtool.rules.mask_uses import Reading
from dbtool.rules.model import RuleSet, TableRules, VirtualRelation
from dbtool.rules.nodes import Fields, Items, Node, Problems, Scalar, parse_document
from dbtool.rules.position import Position
from dbtool.rules.profiles import SubsetReading
from dbtool.rules.relations import column_pairs, find_repeated, read_relations
from dbtool.rules.tables import read_table_rules

DEFAULT_LOCALE = "en_US"

_MOST_BYTES = 16 << 20  # some files, such as /dev/zero, never end
_TOP = ("version", "include", "defaults", "domains", "relations", "subset", "tables", "profiles")
_UNLISTED = (
    "there is no unlisted: a column that no rule decides stops the run, so that a new column never leaves "
    "production by default; decide each column under tables"
)
LOCALE = re.compile(r"[a-z]{2,3}_[A-Z]{2}\Z")


@dataclass(slots=True)
class _File:
    """One file's top-level entries, before domains and tables are read across all files."""

    name: str
    entries: dict[str, Entry]


@dataclass(slots=True)
class _Draft:
    reading: Reading
    subsets: SubsetReading
    contents: list[bytes] = field(default_factory=list)
    files: list[_File] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)
    locale: tuple[str, Position] | None = None
    tables: dict[RelationName, TableRules] = field(default_factory=dict)
    relations: list[VirtualRelation] = field(default_factory=list)

    @property
    def problems(self) -> Problems:
        return self.reading.problems


def load_rules(
    path: Path,
    mask_names: Collection[str] | None = None,
    mask_options: Mapping[str, Collection[str]] | None = None,
) -> RuleSet:
    """Read one file, or the *.yaml and *.yml of a folder in the order of their names, and dbtool.lock beside them.

    With ``mask_names`` unknown masks are problems; with ``mask_options`` (mask → its options' names) so are
    unknown options.

    :raises RulesInvalid: anything at all is wrong; ``problems`` lists everything.
    """
    problems = Problems()
    draft = _Draft(Reading(problems, mask_names, mask_options or {}), SubsetReading(problems))
    for file in _files_of(path):
        _read_file(file, draft)
    for step in (_read_defaults, _read_domains, _read_relations, _read_tables, _read_subsets):
        for one in draft.files:
            step(one, draft)
    for at, message in find_repeated(draft.relations):
        problems.add(at, message)
    subset, profiles = draft.subsets.complete()
    lock = read_lock(lock_beside(path), problems)
    problems.files.append(str(lock.file))
    if lines := problems.lines():
        raise RulesInvalid(lines)
    return RuleSet(
        tables=draft.tables,
        virtual_references=tuple(pair for one in draft.relations for pair in column_pairs(one)),
        relations=tuple(draft.relations),
        subset=subset,
        profiles=profiles,
        locale=draft.locale[0] if draft.locale else DEFAULT_LOCALE,
        files=tuple(one.name for one in draft.files),
        digest=hashlib.sha256(b"".join(draft.contents)).hexdigest(),
        lock=lock,
        idle_domains=_find_idle(draft.reading),
    )


def _find_idle(reading: Reading) -> dict[str, Position]:
    return {name: use.at for name, use in reading.domains.items() if use and name not in reading.used}


def _files_of(path: Path) -> list[Path]:
    if not _exists(path):
        first = path if path.suffix in {".yaml", ".yml"} else path / "main.yaml"
        missing = f"{path}: there is no such file or folder"
        raise RulesInvalid(
            [f"{missing}; make {first} with the line version: 1, or name the rules in dbtool.toml"]
        )
    if not path.is_dir():
        return [path]
    try:
        found = sorted(one for one in path.iterdir() if one.suffix in {".yaml", ".yml"} and one.is_file())
    except OSError as error:
        raise RulesInvalid(
            [f"{path}:1:1: cannot be read: {(error.strerror or 'unknown reason').lower()}"]
        ) from None
    if not found:
        raise RulesInvalid([f"{path}:1:1: the folder holds no rule file; add one whose name ends in .yaml"])
    return found


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # longer than names are, or with a null character in it
        return False


def _read_file(path: Path, draft: _Draft) -> None:
    if path.resolve() in draft.seen:
        return
    draft.seen.add(path.resolve())
    name = str(path)
    draft.problems.files.append(name)
    start = Position(name, 1, 1)
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        draft.problems.add(start, "not UTF-8; save the file as UTF-8")
        return
    except OSError as error:
        draft.problems.add(start, f"cannot be read: {(error.strerror or 'unknown reason').lower()}")
        return
    if len(content) > _MOST_BYTES:
        draft.problems.add(start, f"has more than {_MOST_BYTES >> 20} MB, so it is no rule file")
        return
    draft.contents.append(content)
    before = len(draft.problems)
    node = parse_document(text, name, draft.problems)
    if node is not None and not is_empty(node):
        _read_top(path, node, draft)
    elif len(draft.problems) == before:
        draft.problems.add(start, "the file is empty; a rule file starts with version: 1")


def _read_top(path: Path, node: Node, draft: _Draft) -> None:
    entries = read_entries(node, "a rule file", draft.problems)
    if not isinstance(node, Fields):
        return
    known = keep_known(entries, _TOP, "a rule file", draft.problems)
    _check_version(known.get("version"), node, draft.problems)
    draft.files.append(_File(str(path), known))
    if "include" in known:
        _include(path, known["include"], draft)


def _check_version(entry: Entry | None, node: Node, problems: Problems) -> None:
    if entry is None:
        problems.add(node.at, "version is missing; a rule file starts with version: 1")
    elif not isinstance(entry.value, Scalar) or entry.value.value != 1 or entry.value.value is True:
        problems.add(entry.value.at, "this dbtool reads version 1 of rule files; write version: 1")


def _include(path: Path, entry: Entry, draft: _Draft) -> None:
    items = entry.value.items if isinstance(entry.value, Items) else (entry.value,)
    for item in items:
        included = read_text(item, "include", draft.problems)
        if included is None:
            continue
        target = path.parent / included
        if not _exists(target):
            draft.problems.add(
                item.at,
                f"included file {included} does not exist; its path starts at the folder of this file",
            )
            continue
        for file in _files_of(_without_turns(target)):
            _read_file(file, draft)


def _without_turns(path: Path) -> Path:
    """rules/../more.yaml is more.yaml, unless a link leads elsewhere."""
    straight = Path(normpath(path))
    return straight if straight.resolve() == path.resolve() else path


def _read_defaults(one: _File, draft: _Draft) -> None:
    if "defaults" not in one.entries:
        return
    entries = read_entries(one.entries["defaults"].value, "defaults", draft.problems)
    known = keep_known(entries, ("locale",), "defaults", draft.problems, refused={"unlisted": _UNLISTED})
    if "locale" in known:
        _read_locale(known["locale"], draft)


def _read_locale(entry: Entry, draft: _Draft) -> None:
    locale = read_text(entry.value, "locale", draft.problems)
    if locale is None:
        return
    if not LOCALE.match(locale):
        draft.problems.add(entry.value.at, f"locale {locale} is not spelt like en_GB")
    elif draft.locale is not None and draft.locale[0] != locale:
        draft.problems.add(
            entry.value.at, f"locale {locale} differs from {draft.locale[0]} at {draft.locale[1]}"
        )
    else:
        draft.locale = (locale, entry.value.at)


def _read_domains(one: _File, draft: _Draft) -> None:
    if "domains" not in one.entries:
        return
    for name, entry in read_entries(one.entries["domains"].value, "domains", draft.problems).items():
        if name in draft.reading.domains:
            first = draft.reading.domains[name]
            draft.problems.add(
                entry.at, f"domain {name} is already defined{f' at {first.at}' if first else ''}"
            )
        else:
            draft.reading.domains[name] = read_domain(name, entry, draft.reading)


def _read_relations(one: _File, draft: _Draft) -> None:
    if "relations" in one.entries:
        draft.relations.extend(read_relations(one.entries["relations"].value, draft.problems))


def _read_tables(one: _File, draft: _Draft) -> None:
    if "tables" not in one.entries:
        return
    for rules in read_table_rules(one.entries["tables"].value, draft.reading):
        if rules.name in draft.tables:
            message = f"{rules.name} already has its rules at {draft.tables[rules.name].at}; write them in one place"
            draft.problems.add(rules.at, message)
        draft.tables.setdefault(rules.name, rules)


def _read_subsets(one: _File, draft: _Draft) -> None:
    if "subset" in one.entries:
        draft.subsets.read_base(one.entries["subset"])
    if "profiles" in one.entries:
        draft.subsets.read_profiles(one.entries["profiles"].value)
