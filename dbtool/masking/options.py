"""Options that several masks share, and the bridge from the registry's ``Options`` to a mask's own model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import Field, field_validator

from dbtool.masking.mask import MaskContext, Options
from dbtool.spelling import did_you_mean

M = TypeVar("M", bound=Options)
R = TypeVar("R")


class LocaleOptions(Options):
    locale: str | None = Field(None, description="Faker's name of a locale; default: the rule file's")

    @field_validator("locale")
    @classmethod
    def _refuse_unknown(cls, locale: str | None) -> str | None:
        if locale is not None:
            from faker.config import AVAILABLE_LOCALES  # noqa: PLC0415  only rules with a locale of their own pay for it

            if locale not in AVAILABLE_LOCALES:
                nearest = (
                    did_you_mean(locale, AVAILABLE_LOCALES) or "; write one that Faker has, such as en_GB"
                )
                raise ValueError(f"there is no locale {locale}{nearest}")
        return locale

    def locale_in(self, context: MaskContext) -> str:
        return self.locale or context.locale


class PoolOptions(LocaleOptions):
    max_length: int | None = Field(
        None,
        ge=3,
        description="only words of at most so many characters; the same for all columns of a domain",
    )


def taking(model: type[M], function: Callable[[M, MaskContext], R]) -> Callable[[Options, MaskContext], R]:
    """A function of a mask's own options as a function of any; TypeError where a caller mixed masks up."""

    def called(options: Options, context: MaskContext) -> R:
        if not isinstance(options, model):
            raise TypeError(f"expected {model.__name__} and got {type(options).__name__}")
        return function(options, context)

    return called
