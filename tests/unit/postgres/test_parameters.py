import pytest

from dbtool.errors import UrlInvalid
from dbtool.postgres.parameters import CONNECT_TIMEOUT_S, program_environment

SECRET = "hunter2"


def test_programs_are_told_everything_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "PGHOST",
        "PGPORT",
        "PGUSER",
        "PGPASSWORD",
        "PGDATABASE",
        "PGSSLMODE",
        "PGOPTIONS",
        "PGPASSFILE",
    ):
        monkeypatch.delenv(name, raising=False)
    url = f"postgresql://u:{SECRET}@h:5433/d?sslmode=require"
    assert program_environment(url, database="other", application_name="dbtool test") == {
        "PGUSER": "u",
        "PGPASSWORD": SECRET,
        "PGHOST": "h",
        "PGPORT": "5433",
        "PGDATABASE": "other",
        "PGSSLMODE": "require",
        "PGCONNECT_TIMEOUT": str(CONNECT_TIMEOUT_S),
        "PGAPPNAME": "dbtool test",
    }


def test_programs_reach_what_our_own_connections_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our libpq reads these variables in our process, and programs.py lets none of them through."""
    monkeypatch.setenv("PGHOST", "from-environment")
    monkeypatch.setenv("PGPASSWORD", SECRET)
    monkeypatch.setenv("PGAPPNAME", "not ours")
    environment = program_environment("postgresql://u@h/d")
    assert environment["PGHOST"] == "h"
    assert environment["PGPASSWORD"] == SECRET
    assert environment["PGAPPNAME"] == "dbtool"
    assert program_environment("postgresql:///d")["PGHOST"] == "from-environment"


def test_a_parameter_that_no_variable_carries_is_refused_by_name_alone() -> None:
    with pytest.raises(UrlInvalid, match="keepalives_idle") as failure:
        program_environment(f"postgresql://u:{SECRET}@h/d?keepalives_idle=77")
    assert SECRET not in str(failure.value)
    assert "77" not in str(failure.value)
