"""Every form of foreign key, with every key masked: each row refers to the row that it referred to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import sql

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import ServerFailed
from dbtool.refresh.pipeline import refresh
from tests.acceptance import inspection
from tests.acceptance.project import databases_of
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

LoadSchema = Callable[[str], str]
Pairs = dict[str, set[tuple[str, str]]]

_RULES = """
  public.tenant: {id: {mask: permute_integer}, code: {mask: permute_format}, label: {keep: k}}
  public.customer: {id: {mask: permute_integer, domain: customer}, email: {mask: email}, label: {keep: k}}
  billing.invoice: {number: {mask: permute_integer, domain: invoice}, label: {keep: k}}
  public.visit: {label: {keep: k}}
  public.event: {id: {mask: permute_integer, domain: event}, year: {keep: k}, label: {keep: k}}
  public.remark: {label: {keep: k}}
  public.first_remark: {label: {keep: k}}
  public.node: {id: {mask: permute_integer, domain: node}, label: {keep: k}}
  public.hen: {id: {mask: permute_integer, domain: hen}, label: {keep: k}}
  public.egg: {id: {mask: permute_integer, domain: egg}, label: {keep: k}}
  public.rock: {id: {mask: permute_integer, domain: rock}, label: {keep: k}}
  public.scissors: {id: {mask: permute_integer, domain: scissors}, label: {keep: k}}
  public.paper: {id: {mask: permute_integer, domain: paper}, label: {keep: k}}
  public.lost: {id: {keep: k}, label: {keep: k}}
"""
_KEYS = """
SELECT k.conname::text, k.conrelid::regclass::text, k.confrelid::regclass::text,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(num, place)
             JOIN pg_attribute a ON (a.attrelid, a.attnum) = (k.conrelid, u.num) ORDER BY u.place),
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(num, place)
             JOIN pg_attribute a ON (a.attrelid, a.attnum) = (k.confrelid, u.num) ORDER BY u.place)
FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0
"""


def read_pairs(url: str) -> Pairs:
    """By foreign key, the labels of the rows that refer and of those that they refer to."""
    found: Pairs = {}
    with inspection.reading(url) as connection:
        for name, referencing, referenced, columns, keys in connection.execute(_KEYS).fetchall():
            meets = sql.SQL(" AND ").join(
                sql.SQL("k.{} = r.{}").format(sql.Identifier(key), sql.Identifier(column))
                for key, column in zip(keys, columns, strict=True)
            )
            joined = sql.SQL("SELECT r.label, k.label FROM {} r JOIN {} k ON {}").format(
                sql.SQL(referencing), sql.SQL(referenced), meets
            )
            found[f"{referencing} {name}"] = set(connection.execute(joined).fetchall())
    return found


def labels(url: str) -> dict[str, set[str]]:
    """By table; of a partitioned one, by partition as well."""
    tables = [*inspection.find_columns(url), ("public", "event")]
    return {".".join(table): inspection.read_distinct(url, (*table, "label")) for table in tables}


@pytest.fixture
def references(load_schema: LoadSchema) -> str:
    return load_schema("edge_references")


def test_every_row_refers_to_the_row_that_it_referred_to(
    references: str, target_url: str, tmp_path: Path, server: EmbeddedServer
) -> None:
    refresh(request_for(references, target_url, tmp_path, rules_of(_RULES, tmp_path)))
    pairs = read_pairs(references)
    assert read_pairs(target_url) == pairs
    assert len(pairs) == 20
    assert {name for name, found in pairs.items() if not found} == set()
    assert labels(target_url) == labels(references)
    for masked in (
        "SELECT label, id FROM tenant",
        "SELECT label, number FROM billing.invoice",
        "SELECT label, id FROM node",
    ):
        assert not set(query(target_url, masked)) >= set(query(references, masked))
    assert inspection.dump_schema(server, target_url) == inspection.dump_schema(server, references)


def test_trees_partly_null_tuples_and_orphans_stay_as_they_were(
    references: str, target_url: str, tmp_path: Path
) -> None:
    """No row is dropped for having nothing that it refers to, and no row's reference is mended."""
    execute(references, "INSERT INTO billing.invoice VALUES (401, 3, NULL, NULL, NULL, NULL, 'partly')")
    execute(references, "INSERT INTO visit VALUES (4321, NULL, 'of nobody')")
    result = refresh(request_for(references, target_url, tmp_path, rules_of(_RULES, tmp_path)))
    ours = (
        "SELECT t.label, i.customer, i.payer_tenant, i.payer FROM billing.invoice i JOIN tenant t ON t.id = i.tenant "
        "WHERE i.label = 'partly'"
    )
    assert query(target_url, ours) == [("tenant 3", None, None, None)]
    ((tenant, email),) = query(target_url, "SELECT tenant, email FROM visit WHERE label = 'of nobody'")
    assert tenant not in {None, 4321}
    assert email is None
    climbed = (
        "WITH RECURSIVE up AS (SELECT id, above, 1 AS depth FROM node WHERE label = 'node 10000' UNION ALL "
        "SELECT n.id, n.above, depth + 1 FROM up JOIN node n ON n.id = up.above WHERE up.id <> up.above) SELECT max(depth) FROM up"
    )
    assert query(target_url, climbed) == [(10000,)]
    assert column_of(target_url, "SELECT label FROM node WHERE id = above") == ["node 1"]
    state = "SELECT conname, convalidated, confdeltype FROM pg_constraint WHERE conrelid = 'lost'::regclass AND contype = 'f'"
    assert query(target_url, state) == [("lost_tenant", False, "c")]
    nowhere = (
        "SELECT label FROM lost l WHERE NOT EXISTS (SELECT FROM tenant t WHERE t.id = l.tenant) ORDER BY 1"
    )
    assert column_of(target_url, nowhere) == column_of(references, nowhere)
    assert len(column_of(target_url, nowhere)) == 10
    (told,) = [one for one in result.findings if one.check == "orphans-in-source"]
    assert told.where == "public.lost.tenant"
    assert told.message.startswith("10 references to public.tenant lead nowhere in the source")
    assert any("; 10 lead nowhere" in sentence for sentence in result.verification.checked)


def test_orphans_under_a_key_that_claims_to_be_valid_end_the_run_and_name_the_key(
    references: str, target_url: str, tmp_path: Path, server: EmbeddedServer
) -> None:
    """Such rows come with replication roles and disabled triggers; PostgreSQL itself quotes the value of one."""
    before = databases_of(server, target_url.rsplit("/", 1)[1])
    execute(
        references,
        "SET session_replication_role = replica; INSERT INTO billing.invoice VALUES (9999, 77123456, NULL, NULL, NULL, NULL, 'x')",
    )
    with pytest.raises(ServerFailed, match="invoice_tenant_fkey") as failed:
        refresh(request_for(references, target_url, tmp_path, rules_of(_RULES, tmp_path)))
    assert "as it was" in " ".join(failed.value.__notes__)
    masked = {
        "77123456",
        *map(str, column_of(references, "SELECT tenant FROM billing.invoice WHERE tenant > 100")),
    }
    assert not any(value in str(failed.value) for value in masked)
    assert databases_of(server, target_url.rsplit("/", 1)[1]) == before


_SUBSET = """
subset:
  roots: [{table: public.tenant, ids: [3]}, {table: public.node, ids: [300]}, {table: public.hen, ids: [2]}]
  referencing: {edges: {public.node.above: none, public.node.left_of: none, public.node.like_it: none}}
"""


def test_a_subset_of_masked_keys_is_closed(references: str, target_url: str, tmp_path: Path) -> None:
    refresh(request_for(references, target_url, tmp_path, rules_of(_RULES + _SUBSET, tmp_path)))
    theirs, ours, chosen = read_pairs(references), read_pairs(target_url), labels(target_url)
    for name, pairs in ours.items():
        of_chosen = {pair for pair in theirs[name] if pair[0] in chosen[name.partition(" ")[0]]}
        assert pairs == of_chosen, name
    assert chosen["public.node"] == {f"node {number}" for number in range(1, 301)}
    assert chosen["public.hen"] == {"hen 2", "hen 5"}  # around the circle
    assert 0 < len(chosen["public.customer"]) < 600
