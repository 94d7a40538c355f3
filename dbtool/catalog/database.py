"""What a run has to know of a database and its server before it looks at a relation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """``locale_provider`` is c (libc), i (ICU) or b (builtin); ``icu_locale`` the locale of the latter two.
    ``collation_version`` is the installed library's, None for the C locale: where two servers differ in it,
    they may sort alike and yet disagree. ``system_identifier`` is None where the role may not read it.
    ``comment`` is COMMENT ON DATABASE, where dbtool's stamp is kept. ``can_end_sessions`` does not reach
    superusers' sessions. ``has_tls`` speaks of the connection that asked. ``marks_columns`` tells of columns
    that carry the server's own mark among their options, which a pg_dump must know to leave out. ``connections`` is how many
    at once the role may have here, ``lock_slots`` how many locks the server has room for; None where nobody has asked.
    """

    name: str
    encoding: str
    collate: str
    ctype: str
    locale_provider: str
    icu_locale: str | None
    icu_rules: str | None
    collation_version: str | None
    system_identifier: int | None
    is_standby: bool
    server_version: str
    server_version_num: int
    block_size: int
    current_user: str
    is_superuser: bool
    can_createdb: bool
    can_end_sessions: bool
    bytes: int
    has_tls: bool
    comment: str | None
    marks_columns: bool
    connections: int | None = None
    lock_slots: int | None = None

    @property
    def major(self) -> int:
        return self.server_version_num // 10000
