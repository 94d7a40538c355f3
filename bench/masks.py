"""Values per CPU second for every mask: python bench/masks.py [values]. The digest alone is the first line."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.masking.hstore_text import bind_hstore
from dbtool.masking.inner_values import ARRAY, RANGE, mask_within
from dbtool.masking.json_paths import bind_json, bind_json_by_token
from dbtool.masking.mask import BoundMask, MaskContext
from dbtool.masking.masks import MASKS
from dbtool.rules.model import PythonModules

KEY = ProjectKey(b"the key of the benchmark, 32 long")
BLOCK = 100_000  # rows, about what a block of a refresh holds
NO_COLUMNS = pl.DataFrame()
OPTIONS: dict[str, dict[str, object]] = {
    "constant": {"value": "x"},
    "dictionary": {"file": "branches.txt"},
    "faker": {"provider": "job"},
    "python": {"function": "shop_masks:badge"},
    "sql": {"expression": "1"},
    "template": {"template": "user-{digits:6}@{pool:slug}.example"},
    "bucket": {"size": 10},
    "category": {"values": ["a", "b", "c"]},
}
FILES = tempfile.TemporaryDirectory()  # of masks that read some; gone with the process
TYPES = {
    "permute_integer": "int8",
    "shift_date": "timestamptz",
    "birth_date": "date",
    "ip": "inet",
    "mac": "macaddr",
    "phone": "varchar",
    "card": "bpchar",
    "amount_noise": "numeric",
    "noise": "float8",
    "bucket": "int4",
    "permute_format": "citext",
    "account": "citext",
    "national_id": "name",
}
VALUES: dict[str, Callable[[int], str]] = {
    "int8": str,
    "timestamptz": lambda row: (
        f"{1970 + row % 60}-{row % 12 + 1:02}-{row % 28 + 1:02} 10:00:00.{row % 10**6:06}+00"
    ),
    "date": lambda row: f"{1900 + row % 120}-{row % 12 + 1:02}-{row % 28 + 1:02}",
    "inet": lambda row: f"10.{row >> 16 & 255}.{row >> 8 & 255}.{row & 255}",
    "macaddr": lambda row: f"08:00:2b:{row >> 16 & 255:02x}:{row >> 8 & 255:02x}:{row & 255:02x}",
    "varchar": lambda row: f"+44 20 {row:07}",
    "bpchar": lambda row: f"4111 11{row // 10**8:02} {row // 10**4 % 10**4:04} {row % 10**4:04}",
    "numeric": lambda row: f"{row / 100:.2f}",
    "float8": lambda row: repr(row / 7),
    "int4": str,
    "citext": lambda row: f"AB-{row:07}x",
    "name": lambda row: f"{row % 900:03}-{row // 900 % 100:02}-{row % 10**4:04}",
    "text": lambda row: f"Someone-{row:07} of somewhere",
}


def bind(mask: str, domain: str | None = None) -> BoundMask:
    found = MASKS[mask]
    base = TYPES.get(mask, "text")
    folder = Path(FILES.name)
    for name, text in found.example.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    context = MaskContext(
        ColumnType(base, base),
        KEY.digest_for(domain or mask),
        folder=folder,
        modules=PythonModules(folder, ("shop_masks",)),
    )
    return found.bind(found.options.model_validate(OPTIONS.get(mask, {})), context)


def measure(work: Callable[[pl.Series], pl.Series], values: pl.Series) -> float:
    """Seconds of CPU per million values, in blocks, the best of three; what is made once is not counted."""
    work(values.head(100))
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for offset in range(0, len(values), BLOCK):
            work(values.slice(offset, BLOCK))
        best = min(best, time.process_time() - start)
    return best / len(values) * 1e6


def report(name: str, seconds: float, digest: float = 0.0) -> None:
    rest = seconds - digest
    without = f"{1 / rest:8.1f}" if digest and rest > digest / 20 else " " * 8
    print(f"{name:28}{seconds:8.3f}{1 / seconds:10.2f}{without}")


def bench_masks(count: int) -> None:
    digest = KEY.digest_for("digest")
    texts = pl.Series([VALUES["text"](row) for row in range(count)])
    hashing = measure(digest.hex, texts)
    report("(digest)", hashing)
    for mask in MASKS:
        values = pl.Series([VALUES[TYPES.get(mask, "text")](row) for row in range(count)])
        bound = bind(mask)
        report(mask, measure(lambda block, bound=bound: bound(block, NO_COLUMNS), values), hashing)  # type: ignore[misc]


def bench_repeats(count: int) -> None:
    values = pl.Series([VALUES["text"](row % 5000) for row in range(count)])
    bound = bind("full_name")
    report("full_name, 5000 distinct", measure(lambda block: bound(block, NO_COLUMNS), values))


def bench_documents(count: int) -> None:
    rule = {"$.name": bind("full_name"), "$.contacts[*].phone": bind("phone"), "$.theme": None, "$.id": None}
    documents = pl.Series(
        [
            f'{{"id": {row}, "name": "Someone {row}", "theme": "dark", '
            f'"contacts": [{", ".join([f"""{{"phone": "+44 20 {row:07}"}}"""] * (row % 3))}]}}'
            for row in range(count)
        ]
    )
    report("json, by shape", measure(bind_json(rule, "error"), documents))
    report("json, by token", measure(bind_json_by_token(rule, "error"), documents.head(BLOCK // 10)))


def bench_inner_values(count: int) -> None:
    """Per value within: three elements to an array, two bounds to a range, three keys to an hstore."""
    elements = pl.Series(
        [f'{{{VALUES["text"](row)},NULL,"{VALUES["text"](row + 1)}"}}' for row in range(count)]
    )
    email, shift = bind("email"), bind("shift_date")
    arrays = mask_within((ARRAY,), email, ())
    report("email, in arrays", measure(lambda block: arrays(block, NO_COLUMNS), elements) / 3)
    ranges = mask_within((RANGE,), lambda values, _by: shift(values, NO_COLUMNS), ())
    days = pl.Series([f"[2024-{row % 12 + 1:02}-{row % 28 + 1:02},2025-01-01)" for row in range(count)])
    report("shift_date, in ranges", measure(lambda block: ranges(block, NO_COLUMNS), days) / 2)
    stores = pl.Series(
        [f'"id"=>"{row}", "mail"=>"{VALUES["text"](row)}", "odd"=>NULL' for row in range(count)]
    )
    hstore = bind_hstore({"mail": email, "id": None, "odd": None}, "error")
    report("email, in hstore", measure(hstore, stores) / 3)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    print(f"{'mask':28}{'s / M':>8}{'M / s':>10}{'- digest':>8}")
    bench_masks(count)
    bench_repeats(count)
    bench_documents(count // 2)
    bench_inner_values(count // 3)


if __name__ == "__main__":
    main()
