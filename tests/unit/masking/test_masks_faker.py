"""Any of Faker's providers as a pool, and no pool that would be another tomorrow."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import pytest
from faker.providers import BaseProvider
from pydantic import ValidationError

from dbtool.masking.faker_draws import draw_pool
from dbtool.masking.mask import DoesNotFit
from dbtool.masking.masks import MASKS
from dbtool.masking.pools import pools_digest

MaskValues = Any  # the fixture of conftest.py, which test files cannot import


def refusal(provider: str, locale: str = "en_US", **arguments: Any) -> str:
    with pytest.raises(DoesNotFit) as refused:
        draw_pool(provider, arguments, 100, locale)
    assert refused.value.alternative
    return refused.value.reason


def test_a_provider_is_called_with_its_arguments(mask_values: MaskValues) -> None:
    options = {"provider": "random_element", "arguments": {"elements": ["red", "blue"]}}
    outputs = mask_values("faker", [f"value {number}" for number in range(100)], options=options)
    assert set(outputs) == {"red", "blue"}


def test_a_pool_has_as_many_values_as_were_asked_for() -> None:
    assert len(draw_pool("name", {}, 30, "en_US")) == 30
    assert len(draw_pool("random_digit", {}, 30, "en_US")) == 10


def test_values_of_several_lines_stay_whole() -> None:
    assert all("\n" in address for address in draw_pool("address", {}, 20, "en_US"))


@pytest.mark.parametrize(
    "provider",
    ["date", "year", "am_pm", "credit_card_expire", "unix_time", "iso8601", "date_of_birth"],
)
def test_what_depends_on_the_day_is_refused(provider: str) -> None:
    assert "tomorrow" in refusal(provider) or "makes" in refusal(provider)


def test_what_depends_on_the_day_in_one_locale_is_refused_there_alone() -> None:
    assert "tomorrow" in refusal("ssn", "sv_SE")
    assert draw_pool("ssn", {}, 20, "en_US")


def test_what_no_seed_repeats_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseProvider, "random_letter", lambda _self: random.choice("abcdefgh"))
    assert refusal("random_letter") == "Faker's random_letter draws other values every time"


@pytest.mark.parametrize("provider", ["binary", "profile", "words", "null_boolean", "boolean", "pyobject"])
def test_what_is_no_text_is_refused(provider: str) -> None:
    assert refusal(provider).startswith(f"Faker's {provider} makes ")


@pytest.mark.parametrize(
    "provider",
    ["seed_instance", "add_provider", "random", "unique", "del_arguments", "generator", "__class__"],
)
def test_what_configures_the_generator_is_no_provider(provider: str) -> None:
    assert refusal(provider).startswith(f"Faker has no provider {provider} in en_US")


def test_an_unknown_provider_is_refused_with_the_nearest() -> None:
    assert refusal("colour_name") == "Faker has no provider colour_name in en_US; did you mean color_name?"


def test_an_unknown_locale_is_refused() -> None:
    assert refusal("job", "tlh_QO") == "there is no locale tlh_QO"


@pytest.mark.parametrize(
    "arguments", [{"texxt": "?"}, {"text": 7}, {"text": ["a"]}], ids=["name", "number", "list"]
)
def test_arguments_that_a_provider_does_not_take_are_refused(arguments: dict[str, Any]) -> None:
    assert refusal("bothify", **arguments).startswith("Faker's bothify does not work with these arguments (")


def test_texts_that_no_column_holds_are_refused() -> None:
    assert "makes texts with NUL" in refusal("bothify", text="a\0b")
    assert "over 10,000 characters" in refusal("bothify", text="?" * 20_000)
    assert refusal("bothify", text=" ") == "Faker's bothify draws nothing but empty texts"


def test_a_value_that_could_overflow_is_refused_and_a_shorter_one_fits(mask_values: MaskValues) -> None:
    with pytest.raises(DoesNotFit, match=r"varchar\(20\) holds 20") as refused:
        mask_values("faker", ["x"], "varchar(20)", {"provider": "job"})
    assert "max_length: 20" in refused.value.alternative
    options = {"provider": "job", "max_length": 20}
    assert len(mask_values("faker", ["x"], "varchar(20)", options)[0]) <= 20


@pytest.mark.parametrize("provider", ["", "Job", "os.system", "job()", "_seed", "9lives"])
def test_what_is_no_providers_name_is_a_wrong_option(provider: str) -> None:
    with pytest.raises(ValidationError, match="provider"):
        MASKS["faker"].options.model_validate({"provider": provider})


@pytest.mark.parametrize("size", [0, 1, 10**9])
def test_a_pool_of_one_value_or_of_billions_is_a_wrong_option(size: int) -> None:
    with pytest.raises(ValidationError, match="size"):
        MASKS["faker"].options.model_validate({"provider": "job", "size": size})


def test_the_pool_is_part_of_the_digest_that_shows_drift() -> None:
    draw_pool("job", {}, 40, "en_GB")
    before = pools_digest()
    draw_pool("job", {}, 41, "en_GB")
    assert pools_digest() != before


def test_another_process_draws_the_same() -> None:
    script = (
        "from dbtool.masking.faker_draws import draw_pool\nfrom dbtool.masking.pools import pools_digest\n"
        "draw_pool('job', {}, 500, 'en_GB')\nprint(pools_digest())"
    )
    runs = {
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 1
