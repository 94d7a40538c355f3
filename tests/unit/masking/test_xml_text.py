"""What is no XML is told as such, however long it is."""

from __future__ import annotations

import time

import pytest

from dbtool.masking.xml_text import NotWellFormed, find_tokens

LONG = 50_000
AT_MOST = 2.0  # seconds; trying at each sign anew would take half a minute


@pytest.mark.parametrize("start", ["", "<a>", "<!-- c --> "])
def test_a_text_of_nothing_but_open_tags_is_refused_at_once(start: str) -> None:
    begun = time.monotonic()
    with pytest.raises(NotWellFormed):
        find_tokens(start + "<" * LONG)
    assert time.monotonic() - begun < AT_MOST
