"""Values as XML spells them ↔ the texts that masks read and write, as columns."""

from __future__ import annotations

import re

import polars as pl

from dbtool.masking.documents import Mask
from dbtool.masking.mask import BoundMask
from dbtool.masking.xml_names import Leaf
from dbtool.masking.xml_text import BLANK

_NO_COLUMNS = pl.DataFrame()
_ODD = r"[&<\r\n\t]"
_SPELT = re.compile(r"(?s)<!\[CDATA\[(.*?)\]\]>|&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|([A-Za-z]+));")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_NO_LETTER = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x{FFFE}\x{FFFF}]"  # no XML can hold it, not even as a number
_STRAY = "\ufffd"


def bind_values(mask: BoundMask, leaf: Leaf) -> Mask:
    """From values as they are spelt, of attributes with their quotes, to stand-ins spelt alike. NULL becomes ''.

    The blanks around a text are no part of it: a document that is indented says the same as one that is not.
    """

    def masked(spelt: pl.Series) -> pl.Series:
        values = spelt.alias("value")
        first, inner, last = _part_quotes(values) if leaf is Leaf.ATTRIBUTE else _part_blanks(values)
        outputs = mask(_read(inner, leaf), _NO_COLUMNS).fill_null("")
        stand_ins = _SPELLERS[leaf](outputs.str.replace_all(_NO_LETTER, _STRAY), inner, first)
        parts = pl.DataFrame({"first": first, "stand_in": stand_ins, "last": last})
        return parts.select(pl.concat_str(pl.all())).to_series().alias(spelt.name)

    return masked


def _part_quotes(spelt: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    quotes = spelt.str.head(1)
    return quotes, spelt.str.slice(1, spelt.str.len_chars() - 2), quotes


def _part_blanks(spelt: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    ahead = spelt.str.strip_chars_start(BLANK)
    inner = ahead.str.strip_chars_end(BLANK)
    before, behind = (
        spelt.str.len_bytes() - ahead.str.len_bytes(),
        ahead.str.len_bytes() - inner.str.len_bytes(),
    )
    return spelt.str.head(before), inner, ahead.str.tail(behind)


def _read(inner: pl.Series, leaf: Leaf) -> pl.Series:
    if leaf in {Leaf.COMMENT, Leaf.INSTRUCTION}:
        return inner
    odd = inner.str.contains(_ODD)
    if not odd.any():
        return inner
    read = [read_text(text, leaf) for text in inner.filter(odd).to_list()]
    return inner.clone().scatter(odd.arg_true(), pl.Series(read, dtype=pl.String))


def read_text(spelt: str, leaf: Leaf = Leaf.TEXT) -> str:
    """What a text, with CDATA in it, or an attribute says, as a reader of XML is told it."""
    lines = spelt.replace("\r\n", "\n").replace("\r", "\n")
    if leaf is Leaf.ATTRIBUTE:
        lines = re.sub(r"[\t\n]", " ", lines)
    return _SPELT.sub(_read_one, lines)


def _read_one(found: re.Match[str]) -> str:
    cdata, hexadecimal, decimal, entity = found.groups()
    if cdata is not None:
        return str(cdata)
    if entity is not None:
        return _ENTITIES[entity]
    return chr(int(hexadecimal, 16) if hexadecimal is not None else int(decimal))


def _spell_text(outputs: pl.Series, inner: pl.Series, _quotes: pl.Series) -> pl.Series:
    """What is CDATA from end to end stays so."""
    spelt = _escape(outputs)
    is_cdata = inner.str.starts_with("<![CDATA[") & inner.str.ends_with("]]>")
    is_cdata &= ~outputs.str.contains("]]>", literal=True)
    if not is_cdata.any():
        return spelt
    return ("<![CDATA[" + outputs + "]]>").zip_with(is_cdata, spelt)


def _escape(outputs: pl.Series) -> pl.Series:
    if not outputs.str.contains(r"[&<>\r]").any():
        return outputs
    spelt = outputs.str.replace_all("&", "&amp;", literal=True).str.replace_all("<", "&lt;", literal=True)
    return spelt.str.replace_all(">", "&gt;", literal=True).str.replace_all("\r", "&#13;", literal=True)


def _spell_attribute(outputs: pl.Series, _inner: pl.Series, quotes: pl.Series) -> pl.Series:
    spelt = _escape(outputs)
    if not outputs.str.contains("[\"'\\t\\n]").any():
        return spelt
    spelt = spelt.str.replace_all("\t", "&#9;", literal=True).str.replace_all("\n", "&#10;", literal=True)
    double = spelt.str.replace_all('"', "&quot;", literal=True)
    return double.zip_with(quotes == '"', spelt.str.replace_all("'", "&apos;", literal=True))


def _spell_comment(outputs: pl.Series, _inner: pl.Series, _first: pl.Series) -> pl.Series:
    """Two signs of a comment's end are parted by a blank."""
    return (
        outputs.str.replace_all("--", "- -", literal=True)
        .str.replace_all("--", "- -", literal=True)
        .str.replace("-$", "- ")
    )


def _spell_instruction(outputs: pl.Series, _inner: pl.Series, _first: pl.Series) -> pl.Series:
    return outputs.str.replace_all("?>", "? >", literal=True)


_SPELLERS = {
    Leaf.TEXT: _spell_text,
    Leaf.ATTRIBUTE: _spell_attribute,
    Leaf.COMMENT: _spell_comment,
    Leaf.INSTRUCTION: _spell_instruction,
}
