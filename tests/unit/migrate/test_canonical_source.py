"""What changes the digest of a revision's code and what does not, under this Python and under others."""

import ast
import shutil
from pathlib import Path

import pytest

from dbtool import programs
from dbtool.errors import ProgramFailed
from dbtool.migrate.revisions import canonical
from dbtool.migrate.revisions.canonical import (
    digest_source,
    file_names_of,
    find_waivers,
    has_downgrade,
    imports_of,
)

_REVISION = '''"""Add a note

Revision ID: a1
"""
from alembic import op
import sqlalchemy as sa

revision = "a1"
down_revision = None
VERSION = f"v{revision!r:>10} and {1 + 1}"


@sa.event.listens_for(sa.Table, "x")
def upgrade(limit=10, *, table="users"):
    """Widen"""
    op.add_column(table, sa.Column("note", sa.String(limit), nullable=True))
    op.execute("UPDATE users SET note = 'x' WHERE id < 1000 AND share > 0.5")
'''

_SAME = {
    "a comment": _REVISION.replace("revision =", "# of the ticket\nrevision =", 1),
    "a comment behind code": _REVISION.replace('"a1"\n', '"a1"  # noqa\n', 1),
    "line endings": _REVISION.replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + _REVISION,
    "a declared encoding": "# -*- coding: utf-8 -*-\n" + _REVISION,
    "single quotes": _REVISION.replace('"note"', "'note'"),
    "a raw string": _REVISION.replace('"note"', 'r"note"'),
    "a string in two parts": _REVISION.replace('"note"', '"no" "te"'),
    "an f-string in two parts": _REVISION.replace('f"v{revision', '"v" f"{revision'),
    "an empty part beside an f-string": _REVISION.replace('{1 + 1}"', "{1 + 1}\" ''"),
    "the u of Python 2": _REVISION.replace('"note"', 'u"note"'),
    "a line broken": _REVISION.replace("op.add_column(table,", "op.add_column(\n        table,"),
    "parentheses": _REVISION.replace("VERSION = ", "VERSION = (").replace('{1 + 1}"', '{1 + 1}")'),
    "blank lines": _REVISION.replace("\n\n\n", "\n\n\n\n\n"),
    "indentation": _REVISION.replace("\n    ", "\n  "),
    "another spelling of a number": _REVISION.replace("limit=10", "limit=0xA"),
    "a trailing comma": _REVISION.replace("nullable=True)", "nullable=True,)"),
}

_OTHER = {
    "a literal": _REVISION.replace("limit=10", "limit=11"),
    "the type of a literal": _REVISION.replace("limit=10", "limit=10.0"),
    "a truth": _REVISION.replace("nullable=True", "nullable=False"),
    "the type of a truth": _REVISION.replace("nullable=True", "nullable=1"),
    "None for a default": _REVISION.replace("limit=10", "limit=None"),
    "the order of arguments": _REVISION.replace("revision!r:>10", "x").replace('"note", sa', 'sa, "note"'),
    "the name of an argument": _REVISION.replace("nullable=", "unique="),
    "a positional argument for a keyword": _REVISION.replace("limit=10, *,", "limit=10,"),
    "a string's content": _REVISION.replace("id < 1000", "id < 1001"),
    "white space in a string": _REVISION.replace("id < 1000", "id <  1000"),
    "a docstring": _REVISION.replace("Widen", "Narrow"),
    "the module's docstring": _REVISION.replace("Add a note", "Drop a note"),
    "no decorator": _REVISION.replace('@sa.event.listens_for(sa.Table, "x")\n', ""),
    "a conversion in an f-string": _REVISION.replace("!r", "!s"),
    "a format in an f-string": _REVISION.replace(">10", "<10"),
    "an operator": _REVISION.replace("1 + 1", "1 - 1"),
    "bytes for a text": _REVISION.replace('"note"', 'b"note"'),
    "an import": _REVISION.replace("import sqlalchemy as sa", "import sqlalchemy.orm as sa"),
    "the order of statements": _REVISION.replace('revision = "a1"\ndown_revision = None', 'down_revision = None\nrevision = "a1"'),
    "async": _REVISION.replace("def upgrade", "async def upgrade"),
    "a statement indented further": _REVISION.replace("    op.execute", "    if limit:\n        op.execute"),
    "a suffix": _REVISION + "\npass\n",
}  # fmt: skip


@pytest.mark.parametrize("change", _SAME)
def test_what_people_reformat_keeps_the_digest(change: str) -> None:
    assert _SAME[change] != _REVISION
    assert digest_source(_SAME[change].encode()) == digest_source(_REVISION.encode())


@pytest.mark.parametrize("change", _OTHER)
def test_what_the_code_does_changes_the_digest(change: str) -> None:
    assert _OTHER[change] != _REVISION
    assert digest_source(_OTHER[change].encode()) != digest_source(_REVISION.encode())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("f(a, [b])", "f([a], b)"),
        ("f([], a)", "f([a])"),
        ("f('a', 'b')", "f('ab', '')"),
        ("x = 'a' 'b', 'c'", "x = 'a', 'b' 'c'"),
        ("x = 1j", "x = 1"),
        ("x = 0", "x = False"),
        ("x = ''", "x = None"),
        ("x = ...", "x = 'Ellipsis'"),
        ("x = 1e999", "x = 1e308"),
        ("{**a, b: c}", "{b: c, **a}"),
        ("def f(*, a, b=1): 0", "def f(*, a=1, b): 0"),
        ("from . import a", "from .. import a"),
        ("x: int", "x: int = 0"),
        ("[a for a in b]", "[a async for a in b]"),
        ("return_ = f'{a}'", "return_ = f'{{a}}'"),
        ("-1", "+1"),
        ("x[1:2]", "x[1, 2]"),
        ("global a", "nonlocal a"),
        ("a; b", "a, b"),
        ("x[1:]", "x[:1]"),
        ("def f(*a): 0", "def f(**a): 0"),
        ("def f(a, /): 0", "def f(*, a): 0"),
        ("{a: b}", "{**b, a: b}"),
        ("try: a\nexcept b: c", "try: a\nfinally: c"),
        (r"x = '\ud800'", r"x = '\udfff'"),
    ],
)
def test_trees_that_hold_the_same_leaves_are_told_apart(one: str, other: str) -> None:
    assert digest_source(one.encode()) != digest_source(other.encode())


def test_strings_joined_by_the_thousand_and_long_numbers_are_digested() -> None:
    long = "x = " + " + ".join(["'part'"] * 900) + f"\ny = 0x{'f' * 9000}"
    assert digest_source(long.encode()) != digest_source(long.replace("fff", "ffe", 1).encode())


def test_another_encoding_of_the_same_text_keeps_the_digest() -> None:
    text = "# coding: latin-1\nx = 'Straße'"
    assert digest_source(text.encode("latin-1")) == digest_source(b"x = 'Stra\xc3\x9fe'")


@pytest.mark.parametrize(
    "broken",
    [b"def upgrade(:", b"x = '\0'", b"\xff\xfe", b"x = a" + b"+a" * 20_000, b"x = " + b"-" * 99_999 + b"1"],
)
def test_what_python_cannot_read_is_a_syntax_error(broken: bytes) -> None:
    with pytest.raises(SyntaxError):
        digest_source(broken)


def test_an_invalid_escape_warns_whoever_runs_it_and_not_us() -> None:
    assert digest_source(rb"x = '\d'") == digest_source(rb"x = '\\d'")


@pytest.mark.parametrize("empty", [0, None, []])
def test_a_field_that_a_later_python_adds_empty_keeps_the_digest(
    empty: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = digest_source(b"import a\ndef f(): 0")
    for kind in (ast.Module, ast.Import, ast.FunctionDef, ast.arguments):
        monkeypatch.setattr(kind, "_fields", ("later", *kind._fields))
        monkeypatch.setattr(kind, "later", empty, raising=False)
    assert digest_source(b"import a\ndef f(): 0") == expected


_SCRIPT = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("canonical", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
with open(sys.argv[2], "rb") as file:
    source = file.read()
print(module.digest_source(source), *module.imports_of(source), *module.find_waivers(source))
print(*(module.digest_source(part) for part in source.split(b"\\n\\n\\n")))
"""
_FOR_EVERY_PYTHON = _REVISION + """

# dbtool: allow set-not-null because it is empty
from . import parts
x = f'{1:>{2}}{"a" "b"}' 'c'; y = f"{x=}"; z = f"{{}}"; a = f"{x:%Y-%m}"; b = f'' '' ; c = f"{x!r}" "d" f"{x:}"
def f(a, /, b: "int" = 1, *c, d=lambda: (yield), **e) -> None: ...
class C(object, metaclass=type): x: int = 0
with open("a") as g, open("b"): pass
l = m[1:2, ::3, ...], [*a, *b], {**x}, {i async for i in y if i if j} if f else 1_000.5e-3j, not a < b <= c
try: raise A from B
except (A, B) as e: del e, f[0]
else: global h
finally: assert 1, 'x'
if (n := 10) > 5: print(f"{n:{'>'}{10}}", b"a" b"b", 0o17, -1 ** 2, ~x, x @ y, "\\N{BULLET}", 1e999)
"""  # fmt: skip


def _find_python(minor: int) -> str | None:
    """Another minor version of Python: where pyenv keeps it, or on PATH."""
    kept = Path.home() / ".pyenv" / "versions"
    there = [str(path) for path in sorted(kept.glob(f"3.{minor}.*/bin/python3.{minor}"))]
    on_path = shutil.which(f"python3.{minor}")
    return next((python for python in [*there, on_path] if python and _runs(python)), None)


def _runs(python: str) -> bool:
    """Not so a wrapper that names a Python which is not there."""
    try:
        programs.run([python, "-I", "-c", "0"])
    except ProgramFailed:
        return False
    return True


@pytest.mark.parametrize("minor", [9, 10, 12, 13, 14])
def test_every_minor_version_of_python_agrees(minor: int, tmp_path: Path) -> None:
    python = _find_python(minor)
    if python is None:
        pytest.skip(f"cannot run here: there is no Python 3.{minor}")
    revision = tmp_path / "revision.py"
    revision.write_text(_FOR_EVERY_PYTHON, encoding="utf-8")
    source = _FOR_EVERY_PYTHON.encode()
    expected = [
        " ".join([digest_source(source), *imports_of(source), *map(str, find_waivers(source))]),
        " ".join(digest_source(part) for part in source.split(b"\n\n\n")),
    ]
    found = programs.run([python, "-I", "-c", _SCRIPT, str(Path(canonical.__file__)), str(revision)])
    assert found.splitlines() == expected


def test_waivers_are_comments_and_not_strings() -> None:
    source = b"""x = '# dbtool: allow a because b'
# dbtool: allow set-not-null because it is empty
y = 1  # dbtool:allow drop-column because nobody reads it until 2027-01-31
# dbtool: allows nothing
# about dbtool: allow
f('''
# dbtool: allow in-a-string because it is none
''')
"""
    assert find_waivers(source) == [
        (2, "# dbtool: allow set-not-null because it is empty"),
        (3, "# dbtool:allow drop-column because nobody reads it until 2027-01-31"),
    ]


def test_waivers_of_what_python_cannot_read_are_a_syntax_error() -> None:
    with pytest.raises(SyntaxError):
        find_waivers(b"x = (\n# dbtool: allow a because b\n")


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "return",
        "return None",
        "...",
        '"""no way back"""',
        "raise NotImplementedError('x')",
        '"""no"""\n    pass',
    ],
)
def test_a_downgrade_that_does_nothing_is_none(body: str) -> None:
    assert not has_downgrade(ast.parse(f"def downgrade():\n    {body}\ndef upgrade(): f()\n"))


@pytest.mark.parametrize(
    "source",
    [
        "def downgrade():\n    op.drop_table('x')",
        "async def downgrade():\n    f()",
        "def downgrade():\n    return f()",
    ],
)
def test_a_downgrade_that_does_something_is_one(source: str) -> None:
    assert has_downgrade(ast.parse(source))


def test_imports_are_every_module_that_might_be_loaded() -> None:
    source = b"""
import os.path as p, a.b.c
from . import near
from ..above import thing
from app.models import *
def upgrade():
    from late import one
    importlib.import_module("by.name")
    __import__("by_call")
    import_module(name)
"""
    relative = [".", ".near", "..above", "..above.thing"]
    absolute = ["a", "a.b", "a.b.c", "app", "app.models", "late", "late.one", "os", "os.path"]
    assert set(imports_of(source)) == {*relative, *absolute, "by", "by.name", "by_call"}


def test_file_names_are_strings_that_may_name_a_file() -> None:
    source = b"""op.execute((HERE / "sql/backfill.sql").read_text()); open("countries.csv")
op.execute("ALTER TABLE x ADD y int"); a = "a sentence."; b = "no_suffix"; c = "two\\nlines.sql" """
    assert file_names_of(source) == ("countries.csv", "sql/backfill.sql")
