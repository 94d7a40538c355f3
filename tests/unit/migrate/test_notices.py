from __future__ import annotations

import pytest

from dbtool.migrate.rehearse.notices import Notices, parse_notices


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('rewriting table "t"', Notices(rewritten=("t",))),
        ('verifying table "My ""Table"""', Notices(verified=('My ""Table""',))),
        ('building index "i" on table "t" serially', Notices(built=(("i", "t"),))),
        ('building index "i" on table "t" with request for 1 parallel worker', Notices(built=(("i", "t"),))),
        ('building index "i" on table "t" with request for 3 parallel workers', Notices(built=(("i", "t"),))),
        ('validating foreign key constraint "f"', Notices(validated=("f",))),
    ],
)
def test_a_notice_names_its_work(text: str, expected: Notices) -> None:
    assert parse_notices([text]) == expected


@pytest.mark.parametrize(
    "text",
    [
        'existing constraints on column "t.c" are sufficient to prove that it does not contain nulls',
        'ALTER TABLE / ADD UNIQUE will create implicit index "u" for table "t"',
        'he said: rewriting table "t"',
        'rewriting table "t" soon',
        "",
    ],
)
def test_other_notices_are_passed_over(text: str) -> None:
    assert parse_notices([text]) == Notices()


def test_a_table_rewritten_twice_is_named_once_and_in_order() -> None:
    texts = ['rewriting table "b"', 'rewriting table "a"', 'rewriting table "b"']
    assert parse_notices(texts).rewritten == ("b", "a")
