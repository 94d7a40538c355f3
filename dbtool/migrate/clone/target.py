"""What of the target decides its clone: read only, from pg_catalog alone, a standby will do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.database import DatabaseFacts
from dbtool.errors import PrivilegeMissing
from dbtool.locks.trace import Sizes
from dbtool.postgres.builds import UsedCollation, read_used_collations
from dbtool.postgres.extensions import (
    ExtensionMember,
    ExtensionUse,
    read_extension_members,
    read_extension_uses,
)
from dbtool.postgres.facts import database_facts
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.privileges import missing_privileges
from dbtool.postgres.roles import Access, read_access
from dbtool.postgres.session import connect
from dbtool.postgres.session_defaults import read_session_defaults, read_start_settings
from dbtool.postgres.sizes import read_sizes
from dbtool.refresh.ends import naming
from dbtool.targets import Target


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """``session`` is what a session of the target's URL begins with, ``start`` what its server was started with."""

    facts: DatabaseFacts
    catalog: Catalog
    access: Access
    session: Mapping[str, str]
    start: Mapping[str, str]
    sizes: Sizes
    extensions: tuple[ExtensionUse, ...]
    members: tuple[ExtensionMember, ...]
    collations: tuple[UsedCollation, ...]


def look_at_target(target: Target) -> TargetSeen:
    """:raises PrivilegeMissing: with every GRANT that the role lacks."""
    with naming(target):
        connection = connect(target.url(), application_name="dbtool rehearse", read_only=True)
    with connection:
        facts, catalog = database_facts(connection), read_catalog(connection)
        grants = missing_privileges(connection, catalog)
        if grants:
            listed = "\n".join(f"  {grant}" for grant in grants)
            raise PrivilegeMissing(
                f"the role {facts.current_user} may not read all of {target}, as pg_dump must to copy its schema; nothing "
                f"was done. Grant it:\n{listed}"
            )
        return TargetSeen(
            facts,
            catalog,
            read_access(connection),
            read_session_defaults(connection),
            read_start_settings(connection),
            read_sizes(connection),
            read_extension_uses(connection),
            read_extension_members(connection),
            read_used_collations(connection),
        )
