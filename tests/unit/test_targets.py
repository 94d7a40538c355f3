import pytest

from dbtool.errors import TargetRefused
from dbtool.targets import Target, Tier, refuse_unfit_target

SECRET = "hunter2"


def target(name: str, tier: Tier) -> Target:
    return Target(name, tier, lambda: f"postgresql://u:{SECRET}@h/d")


PRODUCTION = target("production", Tier.PRODUCTION)


@pytest.mark.parametrize("tier", [Tier.STAGING, Tier.SCRATCH])
@pytest.mark.parametrize("source", [PRODUCTION, target("elsewhere", Tier.STAGING)])
def test_staging_and_scratch_may_be_replaced(source: Target, tier: Tier) -> None:
    refuse_unfit_target(source, target("copy", tier))


def test_production_is_never_a_target() -> None:
    with pytest.raises(TargetRefused, match=r"^production has tier production: .*nothing was done\. Choose"):
        refuse_unfit_target(target("staging", Tier.STAGING), PRODUCTION)


def test_nothing_is_copied_onto_itself() -> None:
    staging = target("staging", Tier.STAGING)
    with pytest.raises(TargetRefused, match=r"source and target are both staging; nothing was done"):
        refuse_unfit_target(staging, staging)


def test_a_target_shows_its_name_and_never_its_url() -> None:
    assert str(PRODUCTION) == "production"
    assert SECRET not in repr(PRODUCTION)
