"""Options that several masks share, and the bridge from the registry's ``Options`` to a mask's own model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import Field

from dbtool.masking.mask import MaskContext, Options

M = TypeVar("M", bound=Options)
R = TypeVar("R")


class LocaleOptions(Options):
    locale: str | None = Field(None, description="Faker's name of a locale; default: the rule file's")

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
