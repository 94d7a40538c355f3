"""XML as text: whether it is well-formed, and its tokens. What is not changed is never spelt anew.

Expat, of Python's own library, says whether a document or a fragment is well-formed. It is given no DTD, so there are no
entities to expand and nothing to fetch. What it has accepted can be cut by one pattern, since the signs that begin and end
markup then stand nowhere else.
"""

from __future__ import annotations

import re
from xml.parsers import expat

from dbtool.masking.fates import DocumentRefused

BLANK = " \t\r\n"
_TOKEN = re.compile(
    r"(?s)<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>|<[^\"'>]*(?:\"[^\"]*\"[^\"'>]*|'[^']*'[^\"'>]*)*>|[^<]+"
)
_DECLARATION = re.compile(
    "\ufeff?"
    r"(?:<\?xml\s+version\s*=\s*(?:'1\.[0-9]'|\"1\.[0-9]\")"
    r"(?:\s+encoding\s*=\s*(?:'[A-Za-z][\w.-]*'|\"[A-Za-z][\w.-]*\"))?"
    r"(?:\s+standalone\s*=\s*(?:'(?:yes|no)'|\"(?:yes|no)\"))?\s*\?>)?",
    re.ASCII,
)
_ATTRIBUTE = re.compile(r"(?s)(\s+([^\s=>]+)\s*=\s*)(\"[^\"]*\"|'[^']*')", re.ASCII)
_TAG_NAME = re.compile(r"</?[^\s/>]+", re.ASCII)


class NotWellFormed(DocumentRefused):
    def __init__(self, reason: str) -> None:
        super().__init__(
            f"a document is no well-formed XML ({reason}). Mend it in the source, or decide the whole column"
        )


class HasDoctype(DocumentRefused):
    def __init__(self) -> None:
        super().__init__(
            "a document has a DOCTYPE, which may define what stands in it, and is not read. Decide the whole column, or "
            "those rows apart with when and otherwise"
        )


def find_tokens(document: str) -> list[str]:
    """The XML declaration, which may be '', and all that follows it; joined they are the document.

    :raises NotWellFormed: it is neither a document nor the content of an element; with Expat's reason, of no value.
    :raises HasDoctype: there is one, of whatever kind.
    """
    declaration = _DECLARATION.match(document)
    body = document[declaration.end() :] if declaration else document
    _check(body)
    return [document[: len(document) - len(body)], *_TOKEN.findall(body)]


def _check(body: str) -> None:
    """What is no document by itself is well-formed within an element. So is no DOCTYPE."""
    parser = expat.ParserCreate("utf-8")
    try:
        parser.Parse(f"<x>{body}</x>".encode(), True)
    except expat.ExpatError as error:
        if _has_doctype(body):
            raise HasDoctype from None
        raise NotWellFormed(expat.ErrorString(error.code)) from None


def _has_doctype(body: str) -> bool:
    """No further than to the first sign that begins no token: to search on from each of many takes hours."""
    at = 0
    while token := _TOKEN.match(body, at):
        if not token[0].startswith(("<!--", "<?")) and token[0].strip(BLANK):
            return token[0].startswith("<!DOCTYPE")
        at = token.end()
    return False


def split_tag(tag: str) -> tuple[str, list[tuple[str, str, str]], str]:
    """``<name``, per attribute what stands before its value, its name and the value in quotes, and the tag's end."""
    name = _TAG_NAME.match(tag)
    at = name.end() if name else 0
    start, attributes = tag[:at], []
    while attribute := _ATTRIBUTE.match(tag, at):
        attributes.append((attribute[1], attribute[2], attribute[3]))
        at = attribute.end()
    return start, attributes, tag[at:]
