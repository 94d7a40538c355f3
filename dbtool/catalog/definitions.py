"""All of a database's DDL as lines of text, one per thing, and their digest: what a migration was rehearsed for.

More than a copy depends on (catalog/fingerprint.py): every index, view, function, trigger and option. The lines are
alike for a database and for what pg_dump and pg_restore make of it, and on every major. Left out is what DDL alone does
not make alike (OIDs, sizes, statistics, sequences' values) or what is not the schema's affair (owners, grants, comments).

Partitions fold into their root, since cron makes new ones: what counts is which shapes they have.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dbtool.catalog.expression_text import normalise_definition, without_doubled_parentheses
from dbtool.catalog.relations import RelationName, quote_identifier

_FORM = b"dbtool ddl 1\n"
PARTITION = "partition"
_PARTITIONS = "partitions of "
_NAMED_BY_POSTGRESQL = ("check", "foreign key", "primary key", "unique", "exclusion", "index", "sequence")


@dataclass(frozen=True, slots=True)
class Definition:
    """``of`` is the relation that the thing belongs to, ``root`` that relation's topmost partitioned table where it is
    a partition; then ``name`` is that within the relation. Else ``name`` is spelt as SQL does, with its schema.
    """

    kind: str
    name: str
    text: str = ""
    of: RelationName | None = None
    root: RelationName | None = None

    @property
    def subject(self) -> str:
        if self.of is None:
            return f"{self.kind} {self.name}"
        if self.kind == "column":
            return f"column {self.of}.{quote_identifier(self.name)}"
        return f"{self.kind} {quote_identifier(self.name)} of {self.of}"


def describe_definitions(definitions: Iterable[Definition]) -> tuple[str, ...]:
    """The lines, sorted; two databases differ in these and in nothing else that a migration may depend on."""
    found = list(definitions)
    whole = (_line(one.subject, _normal_text(one)) for one in found if one.root is None)
    return tuple(sorted({*whole, *_describe_partitions(found)}))


def _normal_text(one: Definition) -> str:
    text = normalise_definition(one.text)
    return without_doubled_parentheses(text) if one.kind == "index" else text


def ddl_fingerprint(lines: Iterable[str]) -> str:
    return outline_fingerprint(outline_ddl(lines))


def outline_ddl(lines: Iterable[str]) -> tuple[str, ...]:
    """The lines with digests for texts: what may be kept. A default or a function may hold what somebody typed."""
    parts = (line.partition(": ") for line in lines)
    return tuple(
        sorted(f"{subject}: {hashlib.sha256(text.encode()).hexdigest()[:32]}" for subject, _, text in parts)
    )


def outline_fingerprint(outline: Iterable[str]) -> str:
    """The fingerprint of the DDL that the outline is of."""
    digest = hashlib.sha256(_FORM)
    for line in sorted(outline):
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _line(subject: str, text: str) -> str:
    """One line, even where a function's body or a name has several."""
    line = f"{subject}: {text}" if text else subject
    return line.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")


def _describe_partitions(definitions: Sequence[Definition]) -> Iterator[str]:
    """One line per root and shape: what its partitions have that the root does not say already."""
    columns = {
        (one.of, one.name, _without_identity(one.text))
        for one in definitions
        if one.kind == "column" and one.root is None
    }
    shapes: dict[RelationName, set[str]] = defaultdict(set)
    for root, members in _by_partition(definitions).values():
        own = (
            one
            for one in members
            if one.kind != "column" or (root, one.name, _without_identity(one.text)) not in columns
        )
        shapes[root].add("; ".join(sorted(filter(None, map(_describe_member, own)))))
    yield from (_line(f"{_PARTITIONS}{root}", shape) for root, shape in name_shapes(shapes))


def name_shapes(shapes: Mapping[RelationName, Collection[str]]) -> Iterator[tuple[RelationName, str]]:
    """(root, shape) of what is news: not of a root whose partitions, if there are any, are all as it is."""
    for root, found in shapes.items():
        if set(found) != {""}:
            yield from ((root, shape or "as their root") for shape in found)


def _without_identity(text: str) -> str:
    """A partition's column has its root's from 17 on, and none before."""
    return text.removesuffix(" identity always").removesuffix(" identity by default")


def _by_partition(
    definitions: Iterable[Definition],
) -> Mapping[RelationName | None, tuple[RelationName, list[Definition]]]:
    found: dict[RelationName | None, tuple[RelationName, list[Definition]]] = {}
    for one in definitions:
        if one.root is not None:
            found.setdefault(one.of, (one.root, []))[1].append(one)
    return found


def _describe_member(one: Definition) -> str:
    """Without the partition's name, and without names that are usually made of it."""
    text = _normal_text(one)
    if one.kind == PARTITION:
        return text
    if one.kind in _NAMED_BY_POSTGRESQL:
        return f"{one.kind} {text}"
    return f"{one.kind} {quote_identifier(one.name)} {text}"


_LONGEST = 120


def describe_drift(
    before: Sequence[str], now: Sequence[str], limit: int = 10, *, with_texts: bool = True
) -> str:
    """What was added, dropped and changed, as people say it; with more than ``limit`` things, how many more.

    Of outlines, take them both and leave the texts, which are digests.
    """
    gone, new = _by_subject(set(before) - set(now)), _by_subject(set(now) - set(before))
    sentences = [
        _describe_change(one, gone.get(one), new.get(one), with_texts=with_texts)
        for one in sorted({*gone, *new})
    ]
    more = [f"and {len(sentences) - limit} more"] if len(sentences) > limit else []
    return "; ".join([*sentences[:limit], *more])


def changed_subjects(before: Iterable[str], now: Iterable[str]) -> frozenset[str]:
    """The things in which the two differ, without their texts."""
    return frozenset(_by_subject(set(before) ^ set(now)))


def _by_subject(lines: Iterable[str]) -> dict[str, str]:
    return {subject: text for subject, _, text in (line.partition(": ") for line in sorted(lines))}


def _describe_change(subject: str, was: str | None, becomes: str | None, *, with_texts: bool) -> str:
    if subject.startswith(_PARTITIONS):
        return f"{subject} are of other shapes"
    if was is None:
        return f"{subject} was added"
    if becomes is None:
        return f"{subject} was dropped"
    if not with_texts or len(was) + len(becomes) > _LONGEST:
        return f"{subject} was changed"
    return f"{subject} was changed from {was or 'nothing'} to {becomes or 'nothing'}"
