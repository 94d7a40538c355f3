"""The checks on the revisions' files and on the comments that allow findings."""

from __future__ import annotations

from dbtool.locks.checks.check import Check

_AN_ORDER = 'op.add_column("orders", sa.Column("note", sa.Text(), nullable=True))'
_ITSELF = "it is about the comment itself: mend or remove that"

DOWNGRADE = Check(
    "downgrade",
    "A pending revision has a downgrade().",
    "dbtool goes forward only and never runs it. Nobody rehearses it, so it would run for the first time on the worst day; "
    "what it drops is lost. The way back is another revision.",
    bad=f'{_AN_ORDER}\n\n\ndef downgrade():\n    op.drop_column("orders", "note")',
    good=f"{_AN_ORDER}\n# and no downgrade()",
)

WAIVER_INVALID = Check(
    "waiver-invalid",
    "A comment that allows a finding has no reason, names no check that there is, or cannot be read.",
    "A typing error in a waiver would otherwise look like a waiver that works.",
    bad=f"# dbtool: allow rewrite\n{_AN_ORDER}",
    good=f"# dbtool: allow rewrite-under-lock because the table has 300 rows until 2030-01-31\n{_AN_ORDER}",
    never_waived=_ITSELF,
)

WAIVER_EXPIRED = Check(
    "waiver-expired",
    "The date of a comment that allows a finding has passed.",
    "The reason was thought to hold until then. The finding counts again.",
    bad=f"# dbtool: allow rewrite-under-lock because the table is still small until 2020-01-31\n{_AN_ORDER}",
    good=f"# dbtool: allow rewrite-under-lock because the table has 300 rows until 2030-01-31\n{_AN_ORDER}",
    never_waived=_ITSELF,
)

WAIVER_UNUSED = Check(
    "waiver-unused",
    "A comment allows what was not found.",
    "It would allow it later, when nobody expects it any more.",
    bad=f"# dbtool: allow rewrite-under-lock because it was one once\n{_AN_ORDER}",
    good=_AN_ORDER,
    never_waived=_ITSELF,
)

SQUAWK_FAILED = Check(
    "squawk-failed",
    "squawk could not check the executed SQL.",
    "What the rehearsal saw is judged all the same; the static checks beside it are missing.",
    bad="# squawk is not installed beside dbtool",
    good="# python -m pip install squawk-cli",
    never_waived="it is about the installation, not about a revision",
)
