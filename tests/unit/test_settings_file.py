"""dbtool.toml: what is refused, all at once, and without quoting a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.errors import ConfigurationInvalid
from dbtool.settings_file import read_file


def refusal(folder: Path, text: str) -> str:
    file = folder / "dbtool.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationInvalid) as caught:
        read_file(file)
    told, nothing, rest = str(caught.value).replace(f"{folder}/", "").rpartition("nothing was done")
    assert nothing
    assert rest == ""
    return told.removesuffix("; ").removesuffix("\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[project]\nrulse = 'x'", "dbtool.toml: unknown key project.rulse; did you mean rules?"),
        ("[projcet]\n", "dbtool.toml: unknown key projcet; did you mean project?"),
        (
            "[environments.a]\ntier = 'staging'\nkeep_previuos = 1",
            "dbtool.toml: unknown key environments.a.keep_previuos; did you mean keep_previous?",
        ),
        ("[environments.a]\n", "dbtool.toml: environments.a.tier is missing"),
        (
            "[environments.a]\ntier = 'prod'",
            "dbtool.toml: environments.a.tier: it must be 'production', 'staging' or 'scratch'",
        ),
        (
            "[environments.'a b']\ntier = 'staging'",
            "dbtool.toml: environments.a b: an environment's name is up to 63 letters, digits, - and _, and starts with a letter",
        ),
        (
            "[environments.a-b]\ntier = 'staging'\n[environments.a_b]\ntier = 'staging'",
            "dbtool.toml: environments: a-b and a_b would both take their url from DBTOOL_A_B_URL",
        ),
        (
            "[environments.a]\ntier = 'staging'\nurl = { envv = 'X' }",
            "dbtool.toml: environments.a.url: unknown key envv; did you mean env?",
        ),
        (
            "[environments.a]\ntier = 'staging'\nurl = { env = 'X', file = 'y' }",
            (
                'dbtool.toml: environments.a.url: write exactly one of { env = "NAME" }, { file = "path" } or '
                '{ command = ["program", "argument"] }'
            ),
        ),
        ("project = 'x'", "dbtool.toml: project: it must be a table, such as [name] or { name = value }"),
        ("[[environments]]", "dbtool.toml: environments: it must be a table, such as [name] or { name = value }"),
        (
            "[environments.a]\ntier = 'staging'\npreserve = 'public.t'",
            "dbtool.toml: environments.a.preserve: it must be a list, such as [value, value]",
        ),
        ("[project]\nrules = 1", "dbtool.toml: project.rules: it must be a text in quotes"),
        ("[project]\nrules = ' '", "dbtool.toml: project.rules: it is empty; write it, or leave the line out"),
        (
            '[project]\nstate = "a\\u0000b"',
            "dbtool.toml: project.state: it holds a character that neither a name nor a path has, such as a line's end",
        ),
        (
            "[environments.a]\ntier = 'staging'\nkeep_previous = 1001",
            "dbtool.toml: environments.a.keep_previous: it must be less than or equal to 1000",
        ),
        (
            "[environments.a]\ntier = 'staging'\nkeep_previous = true",
            "dbtool.toml: environments.a.keep_previous: it must be a valid integer",
        ),
        (
            "[project.alembic]\ndriver = 'mysql'",
            "dbtool.toml: project.alembic.driver: write postgresql, or with its driver postgresql+psycopg",
        ),
        ("[project]\nevidence_ttl = '9999999d'", "dbtool.toml: project.evidence_ttl: write a duration as 3d, 72h or 90m"),
        (f"a = {'9' * 5000}", "dbtool.toml: not valid TOML: a number in it has thousands of digits"),
        (f"a = {'[' * 3000}{']' * 3000}", "dbtool.toml: not valid TOML: it is nested hundreds of levels deep"),
        ("[project\n", "dbtool.toml: not valid TOML: expected ']' at the end of a table declaration (at line 1, column 9)"),
    ],
)  # fmt: skip
def test_names_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, text) == message


@pytest.mark.parametrize("name", ["", "shop-masks", "shop.", "../shop", "shop_masks.py:f", "a b"])
def test_what_is_no_module_is_refused(tmp_path: Path, name: str) -> None:
    told = f"{name} is no module's name as it is imported, such as shop_masks or shop.masks"
    assert (
        refusal(tmp_path, f'[project]\npython_masks = ["{name}"]')
        == f"dbtool.toml: project.python_masks.0: {told}"
    )


def test_lists_every_problem_at_once(tmp_path: Path) -> None:
    lines = refusal(tmp_path, "[project]\nrulse = 'x'\nstat = 'y'\n[environments.a]\n").splitlines()
    assert len(lines) == 3


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app:hunter2@db/shop",
        "postgresql+psycopg://app:hunter2@db/shop",
        "postgresql://app:hun/ter2@db/shop",
        "postgresql://db/shop?password=hunter2",
        "postgresql://db/shop?pass%77ord=hunter2",
        "host=db password=hunter2",
        "host=db PASSWORD = 'hunter2'",
    ],
)
def test_a_url_with_a_password_is_refused_and_not_quoted(tmp_path: Path, url: str) -> None:
    message = refusal(tmp_path, f'[environments.a]\ntier = "staging"\nurl = "{url}"\n')
    assert "a url with a password is not written here; move it to { env" in message
    assert "hun" not in message


def test_a_key_written_into_the_file_is_refused_and_not_quoted(tmp_path: Path) -> None:
    message = refusal(tmp_path, '[project]\nkey = "hunter2hunter2hunter2hunter2hunter2"\n')
    assert message.startswith("dbtool.toml: project.key: a secret is not written here; write { env")
    assert "hunter2" not in message
