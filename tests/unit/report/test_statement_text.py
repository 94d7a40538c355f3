from __future__ import annotations

import pytest

from dbtool.report.statement_text import shown

_SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "sql",
    [
        f"CREATE ROLE app LOGIN PASSWORD '{_SECRET}'",
        f"ALTER ROLE app WITH ENCRYPTED PASSWORD E'it\\'s {_SECRET}'",
        f"ALTER ROLE app PASSWORD $q${_SECRET}$q$ VALID UNTIL 'infinity'",
        f"CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'app', password '{_SECRET}')",
        f"CREATE SUBSCRIPTION s CONNECTION 'host=db user=app password={_SECRET} dbname=x' PUBLICATION p",
        f"SELECT dblink('postgresql://app:{_SECRET}@db/x', 'SELECT 1')",
        f"UPDATE users SET password = 'it''s {_SECRET}', name = 'x'",
    ],
)
def test_passwords_are_not_shown(sql: str) -> None:
    assert _SECRET not in shown(sql)
    assert "…" in shown(sql)
    assert shown(shown(sql)) == shown(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users ADD COLUMN password text DEFAULT 'x'",
        "UPDATE users SET password = old_password WHERE note = 'x'",
        "INSERT INTO links VALUES ('https://example.com/a:b')",
        "ALTER ROLE app PASSWORD NULL",
        "SELECT 1",
    ],
)
def test_everything_else_is_shown_as_it_is(sql: str) -> None:
    assert shown(sql) == sql
