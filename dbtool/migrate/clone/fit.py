"""Can a server hold the target's schema, and what will differ? Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dbtool.catalog.database import DatabaseFacts
from dbtool.catalog.relations import quote_identifier
from dbtool.findings import Finding, Severity
from dbtool.migrate.clone.target import TargetSeen
from dbtool.postgres.builds import Build

_IN_A_CONTAINER = "rehearse in a container that has it: --clone container --image …"
_ICU = "i"


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """``extensions`` by name, with the version that CREATE EXTENSION makes. ``name`` is for people."""

    name: str
    is_image: bool
    facts: DatabaseFacts
    extensions: Mapping[str, str]
    build: Build


def judge_fit(target: str, seen: TargetSeen, server: ServerSeen) -> tuple[Finding, ...]:
    """An error says that the schema cannot be restored there."""
    return (
        *judge_major(target, seen.facts.major, server),
        *judge_extensions(seen, server),
        *judge_collations(seen, server),
        *judge_xml(seen, server),
    )


def judge_major(target: str, wanted: int, server: ServerSeen) -> Iterator[Finding]:
    major = server.facts.major
    if major < wanted or (server.is_image and major != wanted):
        yield Finding(
            "clone-major-differs",
            Severity.ERROR,
            target,
            f"the target runs PostgreSQL {wanted} and {server.name} is {major}",
            f"name an image of PostgreSQL {wanted} with --image",
        )
    elif major != wanted:
        yield Finding(
            "clone-major-differs",
            Severity.WARNING,
            target,
            f"the target runs PostgreSQL {wanted} and the clone {major}: locks, rewrites and errors may differ",
            f"install PostgreSQL {wanted}, or rehearse in a container: --clone container --image postgres:{wanted}",
        )


def judge_extensions(seen: TargetSeen, server: ServerSeen) -> Iterator[Finding]:
    for use in seen.extensions:
        name = quote_identifier(use.name)
        offered = server.extensions.get(use.name)
        if offered is not None:
            if offered != use.version:
                yield Finding(
                    "extension-version-differs",
                    Severity.INFO,
                    name,
                    f"the target has version {use.version} of it, the clone {offered}",
                )
        elif use.is_used:
            yield Finding(
                "extension-missing",
                Severity.ERROR,
                name,
                f"the target's schema stands on this extension, which {server.name} does not have",
                _IN_A_CONTAINER,
            )
        else:
            yield Finding(
                "extension-left-out",
                Severity.WARNING,
                name,
                f"the target has this extension and {server.name} does not; nothing of the schema stands on it, so the "
                "clone is made without. A revision or a function's text that uses it fails there",
                _IN_A_CONTAINER,
            )


def judge_collations(seen: TargetSeen, server: ServerSeen) -> Iterator[Finding]:
    for used in seen.collations:
        if used.is_servers and used.name.name not in server.build.collations:
            yield Finding(
                "collation-missing",
                Severity.ERROR,
                str(used.name),
                f"the target's schema names this collation, which {server.name} did not come with",
                "install the locale before the server's programs make a cluster, or " + _IN_A_CONTAINER,
            )
        elif not used.is_servers and used.provider == _ICU and not server.build.has_icu:
            yield Finding(
                "icu-missing",
                Severity.ERROR,
                str(used.name),
                f"this collation of the target is ICU's, and {server.name} was built without ICU",
                _IN_A_CONTAINER,
            )


def judge_xml(seen: TargetSeen, server: ServerSeen) -> Iterator[Finding]:
    if server.build.has_xml:
        return
    for relation in seen.catalog.relations.values():
        for column in relation.columns:
            if column.type.base == "xml" and relation.holds_rows:
                yield Finding(
                    "xml-missing",
                    Severity.WARNING,
                    str(relation.name),
                    f"the column {quote_identifier(column.name)} holds XML, and {server.name} was built without: no value of "
                    "it can be made there",
                    _IN_A_CONTAINER,
                )
