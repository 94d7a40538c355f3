"""A function of the project's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import Field, StringConstraints

from dbtool.errors import DbtoolError, MaskFailed
from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_type, get_room
from dbtool.masking.mask import (
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Promise,
    Space,
    Uniqueness,
)
from dbtool.masking.options import taking
from dbtool.masking.project_modules import Function, load_function
from dbtool.masking.python_values import TYPES, NoSuchValue, are_of, python_type, read_value, spell_value

_REPEATED = 100  # values that are masked twice, to see whether a function gives the same again

FunctionName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"),
]


class PythonOptions(Options):
    function: FunctionName = Field(
        description="module:function, of a module in dbtool.toml's folder that its `python_masks` names"
    )
    takes: Literal["series", "text", "value"] = Field(
        "series",
        description="what a call is given, and returns: a Polars Series of texts, with a Series of as many UInt64 as `seed`; or "
        "one text, a str, with an int as `seed`; or one value as Python has it: int, float, Decimal, bool, date, datetime, UUID, "
        "bytes, what json reads",
    )
    unique: bool = Field(
        False,
        description="you know that no two values get one stand-in, as a unique index needs it; where two do, the load fails "
        "and the live database stays as it is",
    )


class _Caller:
    """Calls the function and looks at what it returns. What goes wrong is told without a value: an exception quotes them."""

    def __init__(self, options: PythonOptions, function: Function, context: MaskContext) -> None:
        self._name, self._each, self._function = options.function, options.takes != "series", function
        self._context = context
        self._kind = python_type(context.type) if options.takes == "value" else None
        self._is_repeatable = False

    def __call__(self, keys: pl.Series) -> pl.Series:
        seeds = self._context.digest.uint64(keys)
        outputs = self._checked(self._call(keys, seeds), keys)
        if not self._is_repeatable:
            self._check_repeatable(keys.head(_REPEATED), seeds.head(_REPEATED), outputs.head(_REPEATED))
        return outputs

    def _call(self, keys: pl.Series, seeds: pl.Series) -> Any:
        try:
            if not self._each:
                return self._function(keys, seed=seeds)
            given = keys if self._kind is None else [read_value(self._kind, key) for key in keys]
            return [self._function(key, seed=seed) for key, seed in zip(given, seeds, strict=True)]
        except NoSuchValue:
            column = self._context.type.sql
            raise self._failure(
                f"cannot be given every value of {column}: Python has none for some, such as infinity or a year "
                "before 1. With `takes: text` it is given texts"
            ) from None
        except (DbtoolError, KeyboardInterrupt):  # of a signal that came meanwhile
            raise
        except BaseException as error:  # noqa: BLE001  the function is the project's: SystemExit, or a panic of polars
            raise self._failure(f"raised {type(error).__name__}{self._place(error)}") from None

    def _place(self, error: BaseException) -> str:
        """The line of the project's own that the error came by last."""
        place, trace = "", error.__traceback__
        while trace is not None:
            file = Path(trace.tb_frame.f_code.co_filename)
            if file.is_relative_to(self._context.modules.folder.resolve()):
                place = f" in {file.name}, line {trace.tb_lineno}"
            trace = trace.tb_next
        return place

    def _checked(self, returned: Any, keys: pl.Series) -> pl.Series:
        if self._each:
            returned = pl.Series([self._spell(value) for value in returned], dtype=pl.String)
        if not isinstance(returned, pl.Series) or returned.dtype != pl.String:
            kind = f"a Series of {returned.dtype}" if isinstance(returned, pl.Series) else _kind_of(returned)
            raise self._failure(f"returned {kind}, and not a Series of String")
        if len(returned) != len(keys):
            raise self._failure(f"returned {len(returned)} stand-ins for {len(keys)} values")
        self._check_texts(returned)
        return returned

    def _spell(self, value: object) -> str:
        if self._kind is None:
            if isinstance(value, str):
                return value
            raise self._failure(f"returned {_kind_of(value)}, and not str")
        try:
            return spell_value(self._kind, value)
        except NoSuchValue:
            raise self._failure(f"returned {_kind_of(value)}, and not {self._kind.spelt}") from None

    def _check_texts(self, outputs: pl.Series) -> None:
        column, room = self._context.type, get_room(self._context)
        if outputs.null_count():
            raise self._failure("returned NULL for a value")
        if outputs.str.contains("\0", literal=True).any():
            raise self._failure("returned a text with NUL, which PostgreSQL does not hold")
        longest = outputs.str.len_chars().max()
        if room is not None and isinstance(longest, int) and longest > room:
            raise self._failure(f"returned a text of {longest} characters, and {column.sql} holds {room}")
        if not are_of(outputs, column):
            raise self._failure(f"returned what is no value of {column.sql}")

    def _check_repeatable(self, keys: pl.Series, seeds: pl.Series, outputs: pl.Series) -> None:
        """In another order: what depends on a value's neighbours is as bad as what depends on chance."""
        again = self._checked(self._call(keys.reverse(), seeds.reverse()), keys)
        if not (again.reverse() == outputs).all():
            raise self._failure(
                "gave a value another stand-in the second time; it must depend on the value and on `seed` alone"
            )
        self._is_repeatable = True

    def _failure(self, what: str) -> MaskFailed:
        return MaskFailed(
            f"the mask function {self._name} {what}; nothing was swapped. Values are not shown: try it with some of your own"
        )


def _kind_of(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _bind(options: PythonOptions, context: MaskContext) -> BoundMask:
    check_type("python", context, TYPES)
    call = _Caller(options, load_function(context.modules, options.function), context)
    key_text: Callable[[pl.Series], pl.Series] = plan_key(context, ())
    return per_value(lambda values: call(key_text(values)))


def _promise(options: PythonOptions, _context: MaskContext) -> Promise:
    uniqueness = Uniqueness.INJECTIVE if options.unique else Uniqueness.LOSSY
    return Promise(uniqueness, Overlap.CHANCE, Space.SAME_FORMAT)


_EXAMPLE = """\
import polars as pl


def badge(values: pl.Series, *, seed: pl.Series) -> pl.Series:
    return "B-" + (seed % 1_000_000).cast(pl.String).str.zfill(6)
"""

MASK = Mask(
    name="python",
    summary="What a function of your own makes of the values. It is given originals as texts, the way PostgreSQL prints them, "
    "never NULL nor an empty text, and a seed per value that depends on the key: the same value and seed must give the same "
    "stand-in, a text that PostgreSQL reads as the column's type. Only modules that dbtool.toml allows are loaded, and it may "
    "be called by several threads at once.",
    types=TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(PythonOptions, _bind),
    example=Example(
        "badge: {mask: python, function: 'shop_masks:badge'}",
        inputs=("X-99", None),
        files={"shop_masks.py": _EXAMPLE},
    ),
    options=PythonOptions,
    promise_under=taking(PythonOptions, _promise),
    is_opaque=True,
)
