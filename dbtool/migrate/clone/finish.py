"""After the rows: what of post-data holds for them, sequences beyond them, materialised views, statistics."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import Relation, RelationKind, quote_identifier
from dbtool.errors import ServerFailed
from dbtool.findings import Finding, Severity
from dbtool.postgres import candidate as inside
from dbtool.postgres.archive import Restore
from dbtool.postgres.post_data_objects import (
    KeyDefinition,
    PostDataObject,
    add_unvalidated,
    read_key_definitions,
    read_post_data_objects,
)
from dbtool.postgres.session import Connection, connect
from dbtool.refresh.request import Cancellation
from dbtool.refresh.workers import run_shares

_ANALYZED = (RelationKind.TABLE, RelationKind.MATERIALIZED_VIEW)


@dataclass(frozen=True, slots=True)
class Expected:
    """What post-data makes on the target: to be looked for where rows may not have let it be made."""

    keys: tuple[KeyDefinition, ...]
    objects: tuple[PostDataObject, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows that post-data may not hold for came from, and what could be done about them."""

    rows: str
    remedy: str


STAGING = Origin("staging's rows", "refresh staging, or rehearse with --data schema")
SUBSET = Origin(
    "the masked rows", "correct the masks of its columns in the rules, or rehearse with --data schema"
)


def read_expected(target: Connection) -> Expected:
    return Expected(read_key_definitions(target), read_post_data_objects(target))


def restore_post_data(
    restore: Restore, clone: Connection, expected: Expected, jobs: int, origin: Origin
) -> tuple[Finding, ...]:
    """Indexes, keys, triggers. Keys that the rows do not keep are added NOT VALID."""
    if restore.post_data(jobs):
        return ()
    keys = {(key.relation, key.name) for key in read_key_definitions(clone)}
    missing = [key for key in expected.keys if (key.relation, key.name) not in keys]
    there = set(read_post_data_objects(clone))
    left_out = [one for one in expected.objects if one not in there]
    return (
        *(_left_out(one, origin) for one in left_out),
        *(_add_missing(clone, key, origin) for key in missing),
    )


def _add_missing(clone: Connection, key: KeyDefinition, origin: Origin) -> Finding:
    where = f"{key.relation}.{quote_identifier(key.name)}"
    try:
        add_unvalidated(clone, key)
    except ServerFailed:
        return Finding(
            "key-left-out",
            Severity.WARNING,
            where,
            f"{origin.rows} do not keep this foreign key in the target's schema: the clone is without it",
            origin.remedy,
        )
    return Finding(
        "key-not-valid",
        Severity.WARNING,
        where,
        f"{origin.rows} do not keep this foreign key in the target's schema: on the clone it is NOT VALID",
        origin.remedy,
    )


def _left_out(missing: PostDataObject, origin: Origin) -> Finding:
    return Finding(
        "left-out-of-clone",
        Severity.WARNING,
        missing.place,
        f"this {missing.kind} does not hold for {origin.rows} in the target's schema: the clone is without it",
        origin.remedy,
    )


def refresh_views(clone: Connection, catalog: Catalog) -> Iterator[Finding]:
    for name in catalog.materialized_views:
        try:
            inside.refresh_materialized_view(clone, name)
        except ServerFailed as error:
            yield Finding(
                "view-not-populated",
                Severity.WARNING,
                str(name),
                f"this materialised view has no rows on the clone: {error}",
            )


def analyze(url: str, relations: Collection[Relation], jobs: int) -> None:
    """Statistics of what was loaded; ``jobs`` sessions share the relations."""
    cancellation = Cancellation()
    wanted = sorted((each for each in relations if each.kind in _ANALYZED), key=lambda each: each.name)

    def analyze_share(share: Sequence[Relation]) -> None:
        with (
            connect(url, application_name="dbtool clone load") as connection,
            cancellation.ending(connection.cancel),
        ):
            for relation in share:
                cancellation.check()
                inside.analyze(connection, (relation,))

    run_shares(analyze_share, wanted, jobs, cancellation)
