"""The example's rule file: it decides every column of the schema that the migrations make, and nothing else."""

from __future__ import annotations

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.demo.project import get_project_folder, migrate_shop
from dbtool.digest import ProjectKey
from dbtool.findings import Severity
from dbtool.masking.accepted import find_kept
from dbtool.masking.compile import plan_masking
from dbtool.masking.coverage import decide
from dbtool.masking.mask import TEXT_TYPES
from dbtool.masking.masks import MASKS
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from dbtool.rules.loader import load_rules
from dbtool.rules.lockfile import LOCK_NAME, render_lock
from dbtool.rules.model import Keep, MaskUse, RuleSet


def rules_of_the_shop() -> RuleSet:
    options = {name: mask.options.model_fields.keys() for name, mask in MASKS.items()}
    return load_rules(get_project_folder() / "masking_rules", MASKS.keys(), options)


def catalog_of(database: str) -> Catalog:
    migrate_shop(database)
    with connect(database) as connection:
        return read_catalog(connection)


def test_every_column_is_decided_and_every_rule_names_one(database: str) -> None:
    assert decide(catalog_of(database), rules_of_the_shop(), MASKS).findings == ()


def test_every_mask_fits_its_column_and_keeps_what_is_unique_so(database: str) -> None:
    plan = plan_masking(catalog_of(database), rules_of_the_shop(), ProjectKey(b"k" * 32), MASKS)
    told = [
        (finding.check, finding.where) for finding in plan.findings if finding.severity is not Severity.INFO
    ]
    assert told == [("check-not-proved", "public.subscribers.email")], (
        "tried on the source's rows by every refresh"
    )


def test_what_is_kept_are_keys_dates_amounts_and_labels(database: str) -> None:
    """Text that a person typed is never kept; the catalogue's is the shop's own."""
    catalog = catalog_of(database)
    decisions = decide(catalog, rules_of_the_shop(), MASKS).decisions
    kept = {
        f"{ref.relation.name}.{ref.column}"
        for ref, one in decisions.items()
        if isinstance(one.decision, Keep)
        and ref.relation.name != "products"
        and catalog.relations[ref.relation].get_column(ref.column).type.base in TEXT_TYPES
    }
    assert kept == {
        "tenants.country",
        "tenants.plan",
        "addresses.country",
        "employees.job_title",
        "payments.method",
        "categories.name",
        "product_prices.sku",
        "product_manuals.title",
        "support_tickets.agent",
        "documents.about_kind",
        "contracts.about_kind",
        "subscriber_history.action",
    }


def test_who_refers_to_a_masked_key_follows_it(database: str) -> None:
    decisions = decide(catalog_of(database), rules_of_the_shop(), MASKS).decisions
    inherited = {
        f"{ref.relation.name}.{ref.column}": one.decision.mask
        for ref, one in decisions.items()
        if isinstance(one.decision, MaskUse) and one.inherited_from is not None
    }
    assert inherited == {
        "orders.handled_by": "permute_integer",
        "employees.manager_id": "permute_integer",
        "absences.employee_id": "permute_integer",
        "loyalty_cards.customer_no": "permute_digits",
        "Gift Card Uses.Card No": "permute_format",
        "subscriber_history.email": "email",
    }


def test_every_table_kept_has_a_reason_a_reviewer_can_weigh() -> None:
    rules = rules_of_the_shop()
    assert RelationName("public", "customers") in rules.tables
    for table in rules.tables.values():
        for rule in table.columns:
            if isinstance(rule.decision, Keep):
                assert len(rule.decision.reason.split()) >= 3, (str(table.name), rule.columns)


def test_what_is_kept_is_what_the_shops_lock_has_accepted(database: str) -> None:
    """``dbtool rules accept production --prune`` in the change that keeps another column."""
    catalog, rules = catalog_of(database), rules_of_the_shop()
    kept = find_kept(catalog, decide(catalog, rules, MASKS))
    written = (get_project_folder() / "masking_rules" / LOCK_NAME).read_text(encoding="utf-8")
    assert written == render_lock(kept)
