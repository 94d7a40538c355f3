"""The checks on the clone, and on what is there when the last revision has run."""

from __future__ import annotations

from dbtool.locks.checks.check import Check

_ABOUT_CLONE = "it is about the clone, not about a revision"

MIGRATION_FAILS = Check(
    "migration-fails",
    "The migration ended outside of any statement: an import, an exception, a check of env.py's own.",
    "It would end on the target as well.",
    bad='raise RuntimeError("SHOP_REGION is not set")',
    good="# what a revision needs to know, it reads from the database",
    never_waived="nothing can be said of what did not run",
)

HEADS_DIFFER = Check(
    "heads-differ",
    "After the last revision the clone is not at the heads that the files have.",
    "A revision wrote Alembic's own table, or env.py ended early: the next run would start from a wrong place.",
    bad="op.execute(\"UPDATE alembic_version SET version_num = 'a1'\")",
    good="# Alembic alone stamps versions",
    never_waived="the target would end in a state that Alembic does not know",
)

INDEX_INVALID = Check(
    "index-invalid",
    "A revision leaves an INVALID index.",
    "A concurrent build that failed leaves one. Every write keeps it up, and no query uses it.",
    bad='op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_note ON orders (note)")  # over what a failure left',
    good="""\
with op.get_context().autocommit_block():
    op.execute("DROP INDEX CONCURRENTLY IF EXISTS orders_note")
    op.execute("CREATE INDEX CONCURRENTLY orders_note ON orders (note)")""",
    never_waived="it serves nobody",
)

CONSTRAINT_NOT_VALID = Check(
    "constraint-not-valid",
    "A constraint is left NOT VALID.",
    "It holds for new rows only, and the planner does not rely on it. That is right until the next revision validates it.",
    bad='op.create_check_constraint("orders_total_positive", "orders", "total >= 0", postgresql_not_valid=True)',
    good="""\
# the next revision:
op.execute("ALTER TABLE orders VALIDATE CONSTRAINT orders_total_positive")""",
)

MODEL_DRIFT = Check(
    "model-drift",
    "The migrated database differs from the models that env.py names.",
    "The application expects what is not there, or does not know what is.",
    bad='op.add_column("orders", sa.Column("note", sa.Text()))  # and no such column in the model',
    good='op.add_column("orders", sa.Column("note", sa.Text()))  # in the model, too',
)

COLUMN_WITHOUT_RULE = Check(
    "column-without-rule",
    "A new column has no masking rule.",
    "The next refresh would refuse to copy anything, because nobody has said whether the column holds a person's data.",
    bad='op.add_column("users", sa.Column("passport", sa.Text(), nullable=True))  # and no rule',
    good='op.add_column("users", sa.Column("passport", sa.Text(), nullable=True))  # with a rule in masking_rules',
    never_waived="a rule is the answer, and keep is one",
)

COLUMN_NOT_ACCEPTED = Check(
    "column-not-accepted",
    "A new column is kept, or a kept one changes its type or becomes a key, and dbtool.lock does not have it.",
    "The next refresh would refuse to copy anything: what was a code may have become a text that somebody typed.",
    bad='op.alter_column("orders", "status", type_=sa.Text())  # kept, and accepted as varchar(10)',
    good='op.alter_column("orders", "status", type_=sa.Text())  # with its line in dbtool.lock, beside the older one',
    never_waived="a line in dbtool.lock is the answer, and a reviewer reads it",
)

REVISION_EDITED = Check(
    "revision-edited",
    "A revision that was applied has other code than its file has now.",
    "The database does not change with the file, and two databases need not be alike any more.",
    bad="# a line added to a revision that staging has applied already",
    good="# the line in a revision of its own",
    never_waived="dbtool migrate accept puts on record that the difference is none to the database",
)


def _about_clone(name: str, summary: str, why: str) -> Check:
    return Check(name, summary, why, bad="", good="", never_waived=_ABOUT_CLONE)


ALREADY_MASKED = _about_clone(
    "already-masked",
    "The target whose rows were asked for is itself a masked copy.",
    "Masked values cannot be told from originals, so that nothing could be verified.",
)
CLONE_SERVER_FAILED = _about_clone(
    "clone-server-failed",
    "A server for the clone could not be started, and another was taken.",
    "The rehearsal stands; it may have run on another kind of server than was asked for.",
)
CLONE_MAJOR_DIFFERS = _about_clone(
    "clone-major-differs",
    "The clone's server is of another major than the target's.",
    "Majors differ in what they lock and rewrite, and in their syntax.",
)
CLONE_DIFFERS = _about_clone(
    "clone-differs",
    "The clone's DDL is not the target's.",
    "What the two have not in common was not rehearsed as it is on the target.",
)
EXTENSION_VERSION_DIFFERS = _about_clone(
    "extension-version-differs",
    "An extension has another version on the clone.",
    "Its functions and types may behave otherwise.",
)
EXTENSION_MISSING = _about_clone(
    "extension-missing",
    "The clone's server does not have an extension that the target's schema needs.",
    "What depends on it could not be made.",
)
EXTENSION_LEFT_OUT = _about_clone(
    "extension-left-out",
    "An extension that nothing in the schema needs is not on the clone.",
    "A revision that begins to use it would fail on the clone alone.",
)
LOCALE_DIFFERS = _about_clone(
    "locale-differs",
    "The clone sorts texts by another locale.",
    "Unique indexes and range constraints on texts may judge otherwise.",
)
EVENT_TRIGGERS_LEFT_OUT = _about_clone(
    "event-triggers-left-out",
    "The target has event triggers, and the clone does not.",
    "They run for DDL, and could refuse or change what the rehearsal saw pass.",
)
SETTING_NOT_CARRIED = _about_clone(
    "setting-not-carried",
    "A setting of the target's database or role could not be set on the clone.",
    "A revision that depends on it may behave otherwise.",
)
KEY_LEFT_OUT = _about_clone(
    "key-left-out",
    "The rows of the clone do not keep a foreign key of the target's schema, and it is without it.",
    "Staging's rows and production's schema are of different days. What the key would have locked was not seen.",
)
KEY_NOT_VALID = _about_clone(
    "key-not-valid",
    "The rows of the clone do not keep a foreign key of the target's schema: there it is NOT VALID.",
    "Staging's rows and production's schema are of different days.",
)
LEFT_OUT_OF_CLONE = _about_clone(
    "left-out-of-clone",
    "Something of the target's schema does not hold for the rows of the clone, and is not on it.",
    "Staging's rows and production's schema are of different days. What it would have cost was not seen.",
)
VIEW_NOT_POPULATED = _about_clone(
    "view-not-populated",
    "A materialized view has no rows on the clone.",
    "Its query failed there. What a revision does to the view was seen on an empty one.",
)
COLLATION_MISSING = _about_clone(
    "collation-missing",
    "The clone's server does not have a collation that the target's schema names.",
    "The schema cannot be made there as it is.",
)
ICU_MISSING = _about_clone(
    "icu-missing",
    "A collation of the target is ICU's, and the clone's server was built without ICU.",
    "The schema cannot be made there as it is.",
)
XML_MISSING = _about_clone(
    "xml-missing",
    "A column holds XML, and the clone's server was built without.",
    "No value of it can be made there, so that nothing of it was rehearsed.",
)
