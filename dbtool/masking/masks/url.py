"""Addresses on the web under a domain that RFC 2606 reserves."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_length, check_type, get_room
from dbtool.masking.mask import (
    TEXT_TYPES,
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Space,
    Uniqueness,
)
from dbtool.masking.options import taking

_CANONICAL = ("trim", "nfc")  # paths tell upper from lower case; the host is folded apart
_DIGEST_DIGITS = 16
_DOMAIN = ".example.com"
_SCHEMES = "https?|ftps?|sftp|wss?"  # another scheme may name an application, and with it somebody
_PARTS = rf"^(?i:(?P<scheme>{_SCHEMES})://(?P<authority>[^/?#\\\s]+))(?P<path>(?s:/[^?#]*)?)(?P<rest>(?s:[?#].*)?)$"
_SAFE_PATH = r"^/?$"  # says no more than that there is none
_LONGEST = len("https://") + _DIGEST_DIGITS + len(_DOMAIN) + 1 + _DIGEST_DIGITS


class UrlOptions(Options):
    keep_path: bool = Field(
        False,
        description="keep the path, as for pages of your own; one too long for the column becomes a token. What "
        "follows ? or # becomes a token in any case",
    )


def _bind(options: UrlOptions, context: MaskContext) -> BoundMask:
    check_type("url", context, TEXT_TYPES)
    check_length("url", _LONGEST, context, "token, or redact")
    key_text = plan_key(context, _CANONICAL)
    room = get_room(context)
    name_hosts = per_value(lambda hosts: context.digest.hex(hosts).str.slice(0, _DIGEST_DIGITS))

    def stand_in(values: pl.Series) -> pl.Series:
        keyed = key_text(values)
        frame = keyed.str.extract_groups(_PARTS).struct.unnest()
        host = frame.get_column("authority").str.to_lowercase().fill_null(keyed)
        frame = frame.with_columns(
            scheme_as_written="scheme",
            scheme=pl.col("scheme").str.to_lowercase().fill_null("https"),
            host=name_hosts("host " + host, pl.DataFrame()),
            token=context.digest.hex("path " + keyed).str.slice(0, _DIGEST_DIGITS),
        )
        return frame.select(_spell(room, keep_path=options.keep_path)).to_series()

    return per_value(stand_in)


def _spell(room: int | None, *, keep_path: bool) -> pl.Expr:
    """The parts put together again; a text that was no URL has no path, and gets a token for one.

    Two sites that differ in case are one host, and what told them apart goes into the token.
    """
    site = pl.concat_str("scheme", pl.lit("://"), "host", pl.lit(_DOMAIN))
    path, token = pl.col("path").fill_null("-"), pl.col("token")
    site_as_written = pl.concat_str("scheme_as_written", "authority")
    has_rest = (pl.col("rest") != "") | (site_as_written != site_as_written.str.to_lowercase())
    tokenised = site + "/" + token
    is_bare = path.str.contains(_SAFE_PATH) & ~has_rest.fill_null(value=True)
    if not keep_path:
        return pl.when(is_bare).then(site + path).otherwise(tokenised)
    kept = site + path + pl.when(has_rest).then("?" + token).otherwise(pl.lit(""))
    fits = pl.lit(value=True) if room is None else kept.str.len_bytes() <= room
    return pl.when(pl.col("path").is_not_null() & fits).then(kept).otherwise(tokenised)


def _is_reserved(values: pl.Series) -> pl.Series:
    return values.str.contains(
        r"(?i)^\s*[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?(?:[a-z0-9.-]+\.)?"
        r"(?:example\.(?:com|org|net)|example|test|invalid)(?::[0-9]*)?(?:[/?#\s]|$)"
    )


MASK = Mask(
    name="url",
    summary="A URL that leads nowhere: a host under example.com, the same for the same host, and a token for the path "
    "and all behind it, each of 64 bits of digest. The scheme stays; a text that is no URL becomes one.",
    types=TEXT_TYPES,
    uniqueness=Uniqueness.COLLISION_FREE,
    overlap=Overlap.DISJOINT,
    space=Space.RESERVED,
    bind=taking(UrlOptions, _bind),
    example=Example(
        "website: {mask: url}",
        "varchar(200)",
        ("https://www.lovelace.org/about", "https://www.lovelace.org", None),
    ),
    options=UrlOptions,
    canonical=_CANONICAL,
    in_space=_is_reserved,
)
