from pathlib import Path

from dbtool.postgres.binaries import Installation, Tools
from dbtool.refresh.plan import describe_tools

NEW = Installation(Path("/new"), 18, "18.6", "PATH")
OLD = Installation(Path("/old"), 17, "17.10", "system")


def test_programs_of_one_installation_are_named_together() -> None:
    assert describe_tools(Tools(NEW, NEW, NEW)) == (
        "pg_dump, pg_restore, psql of PostgreSQL 18.6 (PATH, /new)",
    )
    assert describe_tools(Tools(NEW, OLD, NEW)) == (
        "pg_dump, psql of PostgreSQL 18.6 (PATH, /new)",
        "pg_restore of PostgreSQL 17.10 (system, /old)",
    )


def test_where_no_psql_serves_the_driver_is_named() -> None:
    assert describe_tools(Tools(NEW, NEW, None))[-1] == "psycopg reads and writes"
