"""What of a revision's code, and of its SQL, makes it another revision: digests that formatting does not change.

Also loaded by its path into the project's own interpreter: nothing but the standard library, and Python 3.9 upwards.
"""

from __future__ import annotations

import ast
import hashlib
import io
import re
import tokenize
import warnings
from collections.abc import Iterator

_SOURCE_FORM = b"dbtool source 1\n"
_STATEMENT_FORM = b"dbtool statement 1\n"


def digest_source(source: bytes) -> str:
    """The same for the same code under every minor version of Python that can read it.

    Comments, layout, line endings and the style of quotes do not matter; docstrings do, as all strings.

    :raises SyntaxError: this Python cannot read it.
    """
    digest = hashlib.sha256(_SOURCE_FORM)
    for piece in _pieces(parse_source(source)):
        digest.update(piece)
    return digest.hexdigest()


def parse_source(source: bytes) -> ast.Module:
    """:raises SyntaxError: this Python cannot read it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of invalid escapes; whoever runs the code will see them
            return ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:  # NUL bytes; nested too deeply
        raise SyntaxError(f"the source cannot be read: {error}") from None


def _pieces(tree: ast.AST) -> Iterator[bytes]:
    """The tree as text that can be told apart: every text with its length before it, every list with its own.

    Without recursion: SQL is often put together from hundreds of strings, each one level deeper than the last.
    """
    left: list[object] = [tree]
    while left:
        value = left.pop()
        if isinstance(value, ast.Constant):
            yield _constant(value.value)
        elif isinstance(value, ast.AST):
            fields = _fields(value)
            yield b"(%s %d" % (type(value).__name__.encode(), len(fields))
            for name, content in reversed(fields):
                left += [content, name]
        elif isinstance(value, list):
            yield b"[%d" % len(value)
            left += reversed(value)
        else:
            yield _constant(value)


def _fields(node: ast.AST) -> list[tuple[str, object]]:
    """By name, without empty ones: a later Python's new field is empty for what an earlier one can read."""
    found = {name: getattr(node, name, None) for name in node._fields}
    if isinstance(node, ast.JoinedStr):
        found["values"] = _joined(node.values)
    return sorted((name, value) for name, value in found.items() if not _is_empty(value))


def _is_empty(value: object) -> bool:
    return value is None or value == [] or (type(value) is int and value == 0)


def _joined(values: list[ast.expr]) -> list[ast.expr]:
    """The parts of an f-string, of which Python's versions cut the plain text differently."""
    joined: list[ast.expr] = []
    for value in values:
        before = joined[-1] if joined else None
        if isinstance(value, ast.Constant) and isinstance(before, ast.Constant):
            joined[-1] = ast.Constant(str(before.value) + str(value.value))
        elif not isinstance(value, ast.Constant) or value.value:
            joined.append(value)
    return joined


def _constant(value: object) -> bytes:
    content = _spell(value)
    return b"%s %d:%s" % (type(value).__name__.encode(), len(content), content)


def _spell(value: object) -> bytes:
    """As repr does, but for integers of thousands of digits, which Python refuses to print."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, complex):
        return f"{value.real.hex()} {value.imag.hex()}".encode()
    if isinstance(value, float):
        return value.hex().encode()
    return hex(value).encode() if type(value) is int else repr(value).encode()


def imports_of(source: bytes) -> tuple[str, ...]:
    """Every name that might be a module the code loads: ``a.b.c`` with ``a`` and ``a.b``; ``.x`` where it is relative.

    ``from a import b`` gives ``a.b`` too, which may be a module or not. Names made up at run time are not found, but
    those given to import_module or __import__ as they are.

    :raises SyntaxError: this Python cannot read it.
    """
    found: set[str] = set()
    for node in ast.walk(parse_source(source)):
        for name in _imported(node):
            start = len(name) - len(name.lstrip("."))
            ends = [at for at, sign in enumerate(name) if sign == "." and at >= start]
            found.update(name[:end] for end in [*ends, len(name)])
    return tuple(sorted(found - {""}))


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        module = "." * (node.level or 0) + (node.module or "")
        between = "." if node.module else ""
        return [module, *(f"{module}{between}{alias.name}" for alias in node.names if alias.name != "*")]
    if isinstance(node, ast.Call) and _name_called(node) in {"import_module", "__import__"}:
        texts = [argument.value for argument in node.args[:1] if isinstance(argument, ast.Constant)]
        return [text for text in texts if isinstance(text, str)]
    return []


def _name_called(node: ast.Call) -> str:
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")


_FILE_NAME = re.compile(r"[^\n\r\0<>|*?\"]{0,200}\.[A-Za-z][A-Za-z0-9]{0,7}")


def file_names_of(source: bytes) -> tuple[str, ...]:
    """Strings of the code that may name a file it reads, as ``sql/backfill.sql``; most will name none.

    :raises SyntaxError: this Python cannot read it.
    """
    constants = (node.value for node in ast.walk(parse_source(source)) if isinstance(node, ast.Constant))
    texts = {value for value in constants if isinstance(value, str)}
    return tuple(sorted(text for text in texts if _FILE_NAME.fullmatch(text)))


_WAIVER = re.compile(r"#\s*dbtool:\s*allow\b", re.IGNORECASE)


def find_waivers(source: bytes) -> list[tuple[int, str]]:
    """(line, text) of every comment that begins ``# dbtool: allow``, which no string can pretend to be.

    :raises SyntaxError: this Python cannot read it.
    """
    try:
        tokens = list(tokenize.tokenize(io.BytesIO(source).readline))
    except tokenize.TokenError as error:
        raise SyntaxError(str(error)) from None
    comments = (token for token in tokens if token.type == tokenize.COMMENT)
    return [(token.start[0], token.string.strip()) for token in comments if _WAIVER.match(token.string)]


def has_downgrade(tree: ast.Module) -> bool:
    """The revision defines a downgrade that does more than pass, return nothing or raise."""
    return any(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.name == "downgrade"
        and not all(map(_does_nothing, node.body))
        for node in tree.body
    )


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Return, ast.Expr)):  # of the latter: a docstring, or ...
        return statement.value is None or isinstance(statement.value, ast.Constant)
    return isinstance(statement, (ast.Pass, ast.Raise))


_LETTER = r"A-Za-z_\x80-\U0010ffff"
_SQL_TOKEN = re.compile(
    rf"""
      (?P<space> [ \t\n\r\f\v]+ | --[^\n\r]* )
    | (?P<comment> /\* )
    | (?P<escaped> [eE]'[^'\\]*(?:(?:''|\\.)[^'\\]*)*' )
    | (?P<literal> (?:[uU]&|[bBxXnN])?'[^']*(?:''[^']*)*' )
    | (?P<name> (?:[uU]&)?"[^"]*(?:""[^"]*)*" )
    | (?P<dollar> \$(?:[{_LETTER}][{_LETTER}0-9]*)?\$ )
    | (?P<word> [{_LETTER}][{_LETTER}0-9$]* )
    | (?P<number> [0-9][0-9A-Za-z_]*(?:\.[0-9A-Za-z_]*)? )
    | (?P<operator> (?:(?!--|/\*)[+\-*/<>=~!@\#%^&|`?])+ | :: | := )
    | (?P<open> ['"] )
    | (?P<sign> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def statement_digest(sql: str) -> str:
    """The same where whitespace and comments outside of literals and quoted names differ, and the last semicolon.

    What cannot be read with certainty is digested as it is.
    """
    tokens = _sql_tokens(sql)
    while tokens and tokens[-1] == ";":
        tokens.pop()
    digest = hashlib.sha256(_STATEMENT_FORM)
    for token in [sql] if tokens is None else tokens:
        digest.update(_constant(token))
    return digest.hexdigest()


def _sql_tokens(sql: str) -> list[str] | None:
    """None where a literal or a comment has no end, or its end depends on standard_conforming_strings."""
    tokens: list[str] = []
    at = 0
    while at < len(sql):
        match = _SQL_TOKEN.match(sql, at)
        kind = match.lastgroup if match else "open"
        if match is None or kind == "open" or (kind == "literal" and "\\'" in match[0]):
            return None
        end = _end_of_enclosed(sql, match) if kind in {"comment", "dollar"} else match.end()
        if end < 0:
            return None
        if kind not in {"space", "comment"}:
            tokens.append(sql[at:end])
        at = end
    return tokens


def _end_of_enclosed(sql: str, start: re.Match[str]) -> int:
    """Behind the comment, which may hold others, or the dollar-quoted text; -1 where it has no end."""
    if start.lastgroup == "dollar":
        found = sql.find(start[0], start.end())
        return found + len(start[0]) if found >= 0 else -1
    depth = 1
    for edge in _COMMENT_EDGE.finditer(sql, start.end()):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return -1


_DATA_VERBS = frozenset(
    re.findall(
        r"\w+", "INSERT UPDATE DELETE SELECT MERGE WITH VALUES TABLE COPY SET RESET SHOW SAVEPOINT RELEASE"
    )
)


def is_plain_dml(sql: str) -> bool:
    """It reads or writes rows, or sets something of the session, and changes no definition by its own words.

    What a function that it calls may do is not known. False for what cannot be read with certainty.
    """
    tokens = _sql_tokens(sql)
    if tokens is None:
        return False
    words = [token.upper() for token in tokens]
    return all(map(_is_data_statement, _split(words))) and not _makes_a_table(words)


def _split(words: list[str]) -> list[list[str]]:
    statements: list[list[str]] = [[]]
    for word in words:
        if word == ";":
            statements.append([])
        else:
            statements[-1].append(word)
    return statements


def _is_data_statement(words: list[str]) -> bool:
    verbs = [word for word in words if word != "("][:2]
    return not verbs or verbs[0] in _DATA_VERBS or verbs == ["ROLLBACK", "TO"]


def _makes_a_table(words: list[str]) -> bool:
    """SELECT … INTO."""
    return any(
        word == "INTO" and (at == 0 or words[at - 1] not in {"INSERT", "MERGE"})
        for at, word in enumerate(words)
    )
