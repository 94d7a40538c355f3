"""CHECKs of partitions that are partitioned themselves are tried on the rows of their own partitions."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.findings import Finding
from dbtool.refresh.check_rules import check_rules
from dbtool.targets import Target, Tier
from tests.databases import execute
from tests.integration.refreshing import rules_of

pytestmark = pytest.mark.one_major


def _find(url: str, folder: Path, mask: str) -> tuple[Finding, ...]:
    rules = rules_of(f"  public.parts: {{id: {{keep: k}}, code: {{mask: {mask}}}}}\n", folder)
    _, findings = check_rules(Target("production", Tier.PRODUCTION, lambda: url), rules)
    return tuple(one for one in findings if one.check.startswith("check-"))


def test_a_check_of_a_partition_that_is_partitioned_itself_is_tried_on_its_own_rows(
    database: str, tmp_path: Path
) -> None:
    execute(
        database,
        "CREATE TABLE public.parts (id int, code text) PARTITION BY RANGE (id);"
        "CREATE TABLE public.first PARTITION OF public.parts FOR VALUES FROM (0) TO (50) PARTITION BY RANGE (id);"
        "CREATE TABLE public.first_1 PARTITION OF public.first FOR VALUES FROM (0) TO (50);"
        "CREATE TABLE public.rest PARTITION OF public.parts DEFAULT;"
        "ALTER TABLE public.first ADD CONSTRAINT code_form CHECK (substr(code, 1, 3) = 'AB-');"
        "INSERT INTO public.parts SELECT n, CASE WHEN n < 50 THEN 'AB-' ELSE 'ZZ-' END || n FROM generate_series(1, 100) n",
    )
    (found,) = _find(database, tmp_path, "permute_digits")
    assert (found.check, "all of 49 sampled rows" in found.message) == ("check-sampled", True), found
    (found,) = _find(database, tmp_path, "permute_format")
    assert (found.check, "of 49 sampled rows" in found.message) == ("check-would-fail", True), found
