"""write in haste → rehearse → refused → mend → rehearse → staging → production → history"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from dbtool.demo.narrator import Narrator
from dbtool.demo.result import MigrationStory
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import OptionNames
from dbtool.migrate.pipeline import apply, history, rehearse
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.request import ApplyRequest, RehearseRequest
from dbtool.migrate.result import Application
from dbtool.rules.loader import load_rules
from dbtool.targets import Target

_REVISIONS = Path(__file__).parent / "revisions"
_BESIDE = "    phone: {domain: person_phone}\n"
_NEW_RULE = (
    "    mobile: {domain: person_phone}                       # the same number is the same stand-in\n"
)


@dataclass(frozen=True, slots=True)
class Shop:
    """A project of the demo's own: its files may be written to."""

    root: Path
    state: Path
    evidence_key: bytes
    production: Target
    staging: Target

    @property
    def migrations(self) -> Path:
        return self.root / "migrations"

    @property
    def rules(self) -> Path:
        return self.root / "masking_rules"


def tell_migration(shop: Shop, narrator: Narrator) -> MigrationStory:
    """The shop's next revisions on their way to production."""
    narrator.step(
        "rehearse two revisions written in haste on a clone of production, with staging's masked rows"
    )
    write_revisions(shop, "hasty")
    refused = rehearse(_rehearsal(shop))
    narrator.step(
        "mend them as the findings say, decide the new column in the masking rules, and rehearse again"
    )
    write_revisions(shop, "careful")
    decide_mobile(shop)
    passed = rehearse(_rehearsal(shop))
    narrator.step("apply to staging, then to production, what was rehearsed")
    applied: tuple[Application, ...] = tuple(
        apply(_application(shop, target)) for target in (shop.staging, shop.production)
    )
    return MigrationStory(refused, passed, applied, history(shop.production))


def write_revisions(shop: Shop, manner: str) -> None:
    """In place of those written in another manner."""
    for file in _REVISIONS.glob("*/2*.py"):
        (shop.migrations / "versions" / file.name).unlink(missing_ok=True)
    for file in sorted((_REVISIONS / manner).glob("2*.py")):
        shutil.copyfile(file, shop.migrations / "versions" / file.name)


def decide_mobile(shop: Shop) -> None:
    file = shop.rules / "shop.yaml"
    text = file.read_text(encoding="utf-8")
    if _NEW_RULE not in text:
        file.write_text(text.replace(_BESIDE, _BESIDE + _NEW_RULE, 1), encoding="utf-8")


def _project(shop: Shop) -> MigrationProject:
    return MigrationProject(shop.root, shop.migrations)


def _rehearsal(shop: Shop) -> RehearseRequest:
    return RehearseRequest(
        target=shop.production,
        project=_project(shop),
        state=shop.state,
        rules=load_rules(shop.rules, MASKS.keys(), OptionNames(MASKS)),
        staging=shop.staging,
        evidence_key=shop.evidence_key,
    )


def _application(shop: Shop, target: Target) -> ApplyRequest:
    return ApplyRequest(
        target=target,
        project=_project(shop),
        state=shop.state,
        evidence_key=shop.evidence_key,
        stagings=(shop.staging,),
        actor="the demo",
    )
