"""Which column holds bytes that are no text? Looked for when a COPY has failed for them: the server names none."""

from __future__ import annotations

from dataclasses import replace

from dbtool.catalog.relations import ColumnRef
from dbtool.errors import ServerFailed, ServerUnreachable
from dbtool.postgres.copy_io import CopyReader
from dbtool.postgres.copy_out import CopyOut
from dbtool.postgres.sql import NO_EQUIVALENT, NO_TEXT


def naming_column(
    error: ServerFailed | ServerUnreachable, reader: CopyReader, copy: CopyOut
) -> ServerFailed | ServerUnreachable:
    """``error``, or what to do about it where ``copy`` failed for text that cannot be read or written."""
    if isinstance(error, ServerUnreachable) or error.sqlstate not in NO_TEXT:
        return error
    column = _find_unreadable(reader, copy)
    if column is not None:
        return ServerFailed(
            f"{ColumnRef(copy.relation, column)} holds bytes that are no text of the source's encoding, or that UTF-8 has "
            "no character for, and nothing is put in their place. Repair them in the source, or have the column masked "
            "by null or constant, which do not read it.",
            error.sqlstate,
        )
    if error.sqlstate == NO_EQUIVALENT:
        return ServerFailed(
            f"a stand-in for {copy.relation} has a character that the encoding of source and copy lacks. Give its masks a "
            "locale whose letters that encoding has.",
            error.sqlstate,
        )
    return error


def _find_unreadable(reader: CopyReader, copy: CopyOut) -> str | None:
    """Read column by column until the first that fails alike. What the source makes itself was never read."""
    for index, name in enumerate(copy.columns):
        if index in copy.pushed:
            continue
        try:
            with reader.open(replace(copy, columns=(name,), pushed={}, beside=())) as blocks:
                for _block in blocks:
                    pass
        except ServerFailed as error:
            if error.sqlstate in NO_TEXT:
                return name
    return None
