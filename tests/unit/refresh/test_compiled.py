from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.digest import ProjectKey
from dbtool.errors import Interrupted
from dbtool.masking.block import mask_block
from dbtool.masking.survivors import distinct_hashes, hash_originals
from dbtool.postgres.copy_out import CopyOut
from dbtool.refresh.chunks import Chunk
from dbtool.refresh.compiled import compile_for, confirm_originals
from dbtool.refresh.request import RefreshRequest
from dbtool.rules.model import ColumnRule, Keep, MaskUse, RuleSet, TableRules
from dbtool.rules.position import Position
from dbtool.targets import Target, Tier

AT = Position("rules.yaml", 1, 1)
KEY = ProjectKey(b"k" * 32)
SEED = KEY.survivors_seed()
USERS, CODES = RelationName("public", "users"), RelationName("public", "codes")
TEXT, INT8 = ColumnType("text", "text"), ColumnType("bigint", "int8")
CATALOG = build_catalog(
    180000,
    [
        Relation(
            USERS, RelationKind.TABLE, (Column("id", INT8), Column("email", TEXT), Column("city", TEXT))
        ),
        Relation(CODES, RelationKind.TABLE, (Column("code", TEXT),)),
    ],
)


def rule(column: str, decision: Keep | MaskUse) -> ColumnRule:
    return ColumnRule((column,), decision, AT)


def request() -> RefreshRequest:
    keep = Keep("not personal", AT)
    users = (
        rule("id", keep),
        rule("email", MaskUse("email", "email", AT)),
        rule("city", MaskUse("city", "city", AT)),
    )
    tables = {USERS: TableRules(USERS, users, AT), CODES: TableRules(CODES, (rule("code", keep),), AT)}
    return RefreshRequest(
        source=Target("production", Tier.PRODUCTION, lambda: ""),
        target=Target("staging", Tier.STAGING, lambda: ""),
        rules=RuleSet(tables),
        key=KEY,
        state=Path("state"),
    )


class Source:
    def __init__(self) -> None:
        self.opened: list[CopyOut] = []

    @contextmanager
    def open(self, copy: CopyOut) -> Iterator[Iterator[bytes]]:
        self.opened.append(copy)
        yield iter([b"1\tada@x.org\tParis1234\n", b"2\tbob@y.org\t\\N\n3\ttest@example.org\t\\N\n"])


def test_originals_of_disjoint_masks_are_recorded_while_blocks_are_masked() -> None:
    inputs, plan = compile_for(request(), CATALOG)
    assert [finding for finding in inputs.findings if finding.is_error] == []
    mask_block(plan.relations[USERS], b"1\tada@x.org\tParis1234\n2\ttest@example.org\t\\N\n", {}, SEED)
    asked = hash_originals(pl.Series(["ada@x.org", "Paris1234", "test@example.org"]), SEED)
    found = inputs.originals.found_in(asked)
    assert found.tolist() == hash_originals(pl.Series(["ada@x.org"]), SEED).tolist()
    assert inputs.pools_digest


def test_suspects_are_confirmed_by_the_masked_relations_alone() -> None:
    source = Source()
    suspects = distinct_hashes(hash_originals(pl.Series(["bob@y.org", "eve@z.org", "Paris1234"]), SEED))
    certain = confirm_originals(
        request(), CATALOG, source, suspects, [Chunk(name, 0) for name in CATALOG.relations]
    )
    assert certain.found_in(suspects).tolist() == hash_originals(pl.Series(["bob@y.org"]), SEED).tolist()
    assert [(copy.relation, copy.first_page, copy.end_page, copy.binary) for copy in source.opened] == [
        (USERS, None, None, False)
    ]


def test_a_run_that_is_being_ended_confirms_no_further() -> None:
    asked = request()
    asked.cancellation.request()
    suspects = hash_originals(pl.Series(["bob@y.org"]), SEED)
    with pytest.raises(Interrupted):
        confirm_originals(asked, CATALOG, Source(), suspects, [Chunk(USERS, 0)])
