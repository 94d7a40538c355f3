"""What to do about a failure, by its SQLSTATE: the values' fault, the transaction's, the catalog's. Pure.

The codes are those of PostgreSQL's manual, appendix "PostgreSQL Error Codes".
"""

from __future__ import annotations

from collections.abc import Callable

from dbtool.catalog.relations import quote_identifier
from dbtool.locks import remedies_columns, remedies_constraints
from dbtool.locks.pasting import LATER, execute, in_autocommit, paste
from dbtool.locks.situation import Situation
from dbtool.locks.statements import Statement

Remedy = Callable[[Situation], str]

_INPUT_IS_VALID_SINCE = 16


def _find(situation: Situation) -> Statement | None:
    return next(iter(situation.parsed), None)


def _name(situation: Situation) -> str:
    one = _find(situation)
    return str(one.names[0]) if one is not None and one.names else "the_table"


def _nulls(situation: Situation) -> str:
    action = next(
        (each for one in situation.parsed for each in one.actions if each.kind == "SET NOT NULL"), None
    )
    if action is None:
        return (
            "Fill the NULLs first, in a revision of its own, in batches; a new column that is NOT NULL needs a DEFAULT, or to "
            "be nullable at first."
        )
    return paste(
        [
            "# the revision before, in batches where they are many: a value for the rows that have none",
            execute(f"UPDATE {_name(situation)} SET {action.name} = … WHERE {action.name} IS NULL"),
            LATER,
            *remedies_constraints.set_not_null(action, _name(situation), situation.major),
        ]
    )


def _duplicates(situation: Situation) -> str:
    one = _find(situation)
    if one is not None and one.verb == "INSERT":
        return (
            f"{execute(f'{one.text} ON CONFLICT DO NOTHING')}\n# or give no number: leave the key to its sequence, and set "
            "that above the greatest key after rows were inserted with numbers"
        )
    return (
        "Find the rows that share a key (SELECT key, count(*) … GROUP BY key HAVING count(*) > 1), decide which of them stays, "
        "and remove or change the others in a revision before this one."
    )


def _broken_constraint(situation: Situation) -> str:
    action = next(
        (each for one in situation.parsed for each in one.actions if each.kind in _CONSTRAINTS), None
    )
    if action is None:
        return (
            "Mend the rows that break the constraint in a revision before this one; or declare it NOT VALID, which holds for "
            "new rows, and validate it when the old ones are mended."
        )
    if action.kind == "VALIDATE CONSTRAINT":
        return "Mend the rows that break the constraint in a revision before this one: those without a partner, or out of range."
    return paste(
        [
            "# holds for new rows at once; the old ones are mended in between, in batches",
            *remedies_constraints.add_not_valid(action, _name(situation)),
        ]
    )


_CONSTRAINTS = ("ADD CHECK", "ADD FOREIGN KEY", "VALIDATE CONSTRAINT", "ADD NOT NULL")


def _in_a_transaction(situation: Situation) -> str:
    one = _find(situation)
    return paste(in_autocommit([execute(one.text if one is not None else "…")]))


def _not_supported(situation: Situation) -> str:
    one = _find(situation)
    if one is not None and one.verb == "CREATE INDEX" and one.names:
        return paste(remedies_constraints.index_on_partitions(one, str(one.names[0])))
    if one is not None and one.verb == "TRUNCATE":
        return (
            "Foreign keys reference the table: TRUNCATE it together with the tables that do, or DELETE its rows in batches. "
            "CASCADE would empty those tables as well."
        )
    if one is not None and one.find("ALTER TYPE") is not None:
        return (
            "A view or rule reads the column. Drop the view, change the column, and make the view and its grants again, all in "
            "the same transaction."
        )
    return "PostgreSQL does not support this here; take the statement apart, or do it another way."


def _wrong_kind(situation: Situation) -> str:
    one = _find(situation)
    if one is not None and one.find("ADD FOREIGN KEY") is not None:
        return (
            f"PostgreSQL {situation.major} adds no NOT VALID foreign key to a partitioned table: add it NOT VALID to each partition "
            "and validate it there, then add it to the root, which finds the partitions' ones; or upgrade to 18."
        )
    return "The object is of another kind than the statement takes: a view, an index, a partitioned table."


def _syntax(situation: Situation) -> str:
    return (
        f"The server is PostgreSQL {situation.major}: NOT NULL … NOT VALID and VIRTUAL columns need 18, SET EXPRESSION 17, "
        "MERGE 15. Write what the target's major knows."
    )


def _always(text: str) -> Remedy:
    return lambda _: text


def _by_preflight(situation: Situation) -> str:
    action = next(
        (each for one in situation.parsed for each in one.actions if each.kind == "ALTER TYPE"), None
    )
    if action is None:
        return "Some value does not fit: find such values, and mend them in a revision before this one."
    table, column = _name(situation), quote_identifier(action.name)
    found = f"pg_input_is_valid({column}::text, '{action.type}')"
    if situation.major < _INPUT_IS_VALID_SINCE:
        found = f"{column}::text ~ '…'"
    return paste(
        [
            "# the revision before: mend the values that do not fit; how many there are:",
            f"# SELECT count(*) FROM {table} WHERE NOT {found}",
            execute(f"UPDATE {table} SET {column} = … WHERE NOT {found}"),
            "# then, without a rewrite under the lock:",
            *remedies_columns.change_type(action, table),
        ]
    )


_EXISTS = (
    "The target may have been changed by hand, or an earlier attempt committed in part. IF NOT EXISTS hides the difference "
    "rather than to mend it: make the files and the target agree first."
)
_MISSING = (
    "What the statement needs is not there: an earlier revision dropped or renamed it, the target was changed by hand, or the "
    "name is looked up by another search_path. Name the schema."
)
_AGAIN = (
    "Nobody but the rehearsal is on the clone: env.py or the revision has opened a second session that stands in its own way. Use "
    "op.get_bind() only."
)

REMEDIES: dict[str, Remedy] = {
    "23502": _nulls,
    "23503": _broken_constraint,
    "23505": _duplicates,
    "23514": _broken_constraint,
    "23P01": _always(
        "Find the rows that overlap (join the table with itself on the constraint's operators), and change or remove one of "
        "each two in a revision before this one."
    ),
    "22P02": _by_preflight,
    "22001": _by_preflight,
    "22003": _by_preflight,
    "22007": _by_preflight,
    "22008": _by_preflight,
    "25001": _in_a_transaction,
    "25P02": _always(
        "An earlier statement of the transaction failed and was caught: the transaction is over. Let it fail."
    ),
    "55P04": _always(
        "A value that was added to an enum can be used when its transaction has committed: ALTER TYPE … ADD VALUE in one "
        "revision, its first use in the next."
    ),
    "42P16": _always(
        "CREATE OR REPLACE VIEW can only add columns at the end. Drop the view and make it again in the same transaction: "
        "DROP VIEW, CREATE VIEW, and its grants."
    ),
    "0A000": _not_supported,
    "42704": _always(
        "There is no such type, operator class, constraint or other object. gin and btree have no operator class for json: "
        "change the column to jsonb, or index an expression such as (document ->> 'key'). An extension's types need it on the "
        "target first."
    ),
    "42809": _wrong_kind,
    "42701": _always(f"The column exists already. {_EXISTS}"),
    "42P07": _always(f"The relation exists already. {_EXISTS}"),
    "42710": _always(f"The object exists already. {_EXISTS}"),
    "42P06": _always(f"The schema exists already. {_EXISTS}"),
    "42P01": _always(_MISSING),
    "42703": _always(_MISSING),
    "42883": _always(_MISSING),
    "3F000": _always(_MISSING),
    "2BP01": _always(
        "Other objects depend on it: drop or change those first, each by name. CASCADE would drop what nobody has looked at."
    ),
    "42804": _always(
        'There is no cast that PostgreSQL applies by itself: say how with postgresql_using="column::type", and change the default '
        "with it."
    ),
    "42601": _syntax,
    "42501": _always(
        "The role that migrates lacks a privilege or does not own the object; the clone's objects belong to it, so this is about "
        "the server: an extension, a role, a setting."
    ),
    "55P03": _always(_AGAIN),
    "40P01": _always(_AGAIN),
    "55006": _always(
        "The transaction has pending trigger events or an open cursor on the table: put the change of rows and the DDL into two "
        "revisions."
    ),
    "57014": _always(
        "A timeout that the project sets has ended it. Do the work in batches, or set it for this revision alone."
    ),
}
