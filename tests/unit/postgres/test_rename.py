import pytest

from dbtool.postgres.rename import setting_statement


@pytest.mark.parametrize(
    ("role", "setting", "statement"),
    [
        (None, "work_mem=64MB", """ALTER DATABASE "Shop" SET "work_mem" TO '64MB'"""),
        ("o'hara", "work_mem=1", """ALTER ROLE "o'hara" IN DATABASE "Shop" SET "work_mem" TO '1'"""),
        (None, "app.tenant=a=b'c", """ALTER DATABASE "Shop" SET "app"."tenant" TO 'a=b''c'"""),
        (None, "app.note=a, b", """ALTER DATABASE "Shop" SET "app"."note" TO 'a, b'"""),
        (None, "role=", """ALTER DATABASE "Shop" SET "role" TO ''"""),
        (None, "DateStyle=ISO, DMY", """ALTER DATABASE "Shop" SET "DateStyle" TO 'ISO, DMY'"""),
        (None, 'search_path=""', """ALTER DATABASE "Shop" SET "search_path" TO ''"""),
        (None, "search_path=", """ALTER DATABASE "Shop" SET "search_path" TO ''"""),
        (
            None,
            'search_path="$user", public, "a, ""b""", x',
            """ALTER DATABASE "Shop" SET "search_path" TO '$user', 'public', 'a, "b"', 'x'""",
        ),
        (
            "app",
            "session_preload_libraries=auto_explain",
            """ALTER ROLE "app" IN DATABASE "Shop" SET "session_preload_libraries" TO 'auto_explain'""",
        ),
    ],
)
def test_a_setting_is_written_as_it_was_meant(role: str | None, setting: str, statement: str) -> None:
    assert setting_statement("Shop", role, setting).as_string(None) == statement
