"""What preflight has to say of what it saw, as findings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dbtool.catalog.relations import RelationName, quote_identifier
from dbtool.findings import Finding, Severity
from dbtool.masking.patterns import judge_schema_texts
from dbtool.refresh.ends import SourceSeen, TargetSeen
from dbtool.targets import Target

# The checks whose remedy is a statement of the server's admin.
PRIVILEGES = frozenset(
    {
        "no-createdb",
        "not-owner",
        "not-member",
        "role-missing",
        "extension-missing",
        "extension-expected",
        "preserve-privilege",
        "disk-full",
    }
)


def judge_source(source: Target, seen: SourceSeen) -> Iterator[Finding]:
    for sentence in seen.copied.not_copied:
        yield Finding("not-copied", Severity.WARNING, source.name, sentence)
    yield from judge_hidden(seen.hidden)
    if not seen.made.tables():
        yield Finding(
            "source-empty",
            Severity.ERROR,
            source.name,
            "the source has no table that could be copied: is its URL right?",
            "name the database that holds the tables",
        )
    if seen.stamp is not None:
        yield Finding(
            "already-masked",
            Severity.ERROR,
            source.name,
            f"the source is itself a masked copy of {seen.stamp.source} made at {seen.stamp.made_at}; masked values "
            "cannot be told from originals",
            f"refresh from {seen.stamp.source}",
        )
    yield from judge_schema_texts(seen.schema_texts)
    yield from _judge_role(source, seen)


def judge_hidden(hidden: Iterable[RelationName]) -> Iterator[Finding]:
    for name in hidden:
        yield Finding(
            "rows-hidden",
            Severity.ERROR,
            str(name),
            "row-level security hides rows of this relation from the role, so a copy would be incomplete",
            "read as the relation's owner or as a role with BYPASSRLS",
        )


def _judge_role(source: Target, seen: SourceSeen) -> Iterator[Finding]:
    if seen.writable:
        yield Finding(
            "source-writable",
            Severity.INFO,
            source.name,
            f"the role could write to {seen.writable} relations; every session is read-only, but a role with SELECT alone "
            "could not write by any mistake",
            "read through a role that has SELECT only, best on a standby",
        )


def judge_target(target: Target, seen: TargetSeen, source_major: int) -> Iterator[Finding]:
    role = quote_identifier(seen.facts.current_user)
    if source_major > seen.facts.major:
        yield Finding(
            "target-older",
            Severity.ERROR,
            target.name,
            f"the source is PostgreSQL {source_major}, the target {seen.facts.major}: a newer schema cannot be restored into "
            "an older server",
            f"refresh into a server of major {source_major} or newer",
        )
    if not (seen.facts.can_createdb or seen.facts.is_superuser):
        yield Finding(
            "no-createdb",
            Severity.ERROR,
            target.name,
            f"the role {role} may not create databases",
            f"ALTER ROLE {role} CREATEDB",
        )
    if not seen.may_rename:
        database = quote_identifier(seen.live_name)
        yield Finding(
            "not-owner",
            Severity.ERROR,
            target.name,
            f"the role {role} does not own the database {database}, so it could not be swapped",
            f"ALTER DATABASE {database} OWNER TO {role}",
        )
    if seen.live is not None and not (seen.facts.can_end_sessions or seen.facts.is_superuser):
        yield Finding(
            "sessions-stay",
            Severity.WARNING,
            target.name,
            f"the role {role} may end no sessions but its own: where others are connected to {seen.live_name} when all is "
            "loaded and verified, the swap will be refused as busy",
            f"GRANT pg_signal_backend TO {role}",
        )


def judge_key(target: Target, seen: TargetSeen, key_id: str) -> Iterator[Finding]:
    if seen.key_id not in {None, key_id}:
        yield Finding(
            "key-changed",
            Severity.WARNING,
            target.name,
            f"it was masked with the key {seen.key_id} before, and now with {key_id}: everybody gets another stand-in",
            "if that was not meant, end the run and give the former key",
        )
