"""Values per CPU second for every mask, and how that compares with its goal: python bench/masks.py [values].

Permutations and picks from pools are to replace 2 million values per second and core, e-mail addresses 1.5 million, paths
within documents 300 thousand documents. Texts of several words are counted as values and by the word. The rightmost figure leaves the digest out, whose own is the first line.
Prints a table and adds to bench/results.json.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
from mask_values import TYPES, VALUES, list_more

from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.masking.hstore_text import bind_hstore
from dbtool.masking.inner_values import ARRAY, RANGE, mask_within
from dbtool.masking.json_paths import bind_json, bind_json_by_token
from dbtool.masking.mask import BoundMask, MaskContext
from dbtool.masking.masks import MASKS
from dbtool.masking.xml_paths import bind_xml
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
RESULTS = Path(__file__).with_name("results.json")
PERMUTED = PICKED = 2.0  # million values per second and core
EMAIL, DOCUMENTS = 1.5, 0.3
GOALS = {
    **dict.fromkeys(["account", "category", "permute_digits", "permute_format", "permute_integer"], PERMUTED),
    **dict.fromkeys(["address", "city", "company", "dictionary", "faker", "first_name", "full_name"], PICKED),
    **dict.fromkeys(["last_name", "postcode", "street", "username", "word"], PICKED),
    "email": EMAIL,
}
FILES = tempfile.TemporaryDirectory()  # of masks that read some; gone with the process


def bind(
    mask: str, domain: str | None = None, options: dict[str, object] | None = None, base: str | None = None
) -> BoundMask:
    found = MASKS[mask]
    base = base or TYPES.get(mask, "text")
    folder = Path(FILES.name)
    for name, text in found.example.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    context = MaskContext(
        ColumnType(base, base),
        KEY.digest_for(domain or mask),
        folder=folder,
        modules=PythonModules(folder, ("shop_masks",)),
    )
    return found.bind(found.options.model_validate(options or OPTIONS.get(mask, {})), context)


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


class Report:
    """Prints each figure as it comes, and keeps it for the file."""

    def __init__(self) -> None:
        self.figures: dict[str, dict[str, float | bool]] = {}
        print(f"{'mask':30}{'s / M':>8}{'M / s':>8}{'goal':>6}{'':>9}{'- digest':>9}")

    def add(self, name: str, seconds: float, goal: float | None = None, digest: float = 0.0) -> None:
        speed = 1 / seconds
        figure: dict[str, float | bool] = {"million_per_s": round(speed, 2)}
        if goal is not None:
            figure |= {"goal": goal, "met": speed >= goal}
        self.figures[name] = figure
        rest = seconds - digest
        without = f"{1 / rest:9.1f}" if digest and rest > digest / 20 else ""
        verdict = "" if goal is None else "met" if speed >= goal else "NOT MET"
        print(f"{name:30}{seconds:8.3f}{speed:8.2f}{'' if goal is None else goal:>6}{verdict:>9}{without}")

    def write(self, count: int) -> None:
        results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
        missed = [name for name, figure in self.figures.items() if figure.get("met") is False]
        results["masks"] = {"values": count, "block": BLOCK, "goals_missed": missed, "masks": self.figures}
        RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def apply(bound: BoundMask) -> Callable[[pl.Series], pl.Series]:
    return lambda block: bound(block, NO_COLUMNS)


def bench_masks(count: int, report: Report) -> None:
    digest = KEY.digest_for("digest")
    texts = pl.Series([VALUES["text"](row) for row in range(count)])
    hashing = measure(digest.hex, texts)
    report.add("(digest)", hashing)
    for mask in MASKS:
        values = pl.Series([VALUES[TYPES.get(mask, "text")](row) for row in range(count)])
        goal = GOALS.get(mask)
        report.add(mask, measure(apply(bind(mask)), values), goal, hashing)
    for case in list_more():
        values = pl.Series([case.value(row) for row in range(count)])
        bound = bind(case.mask, None, case.options, case.base)
        report.add(case.name, measure(apply(bound), values) / case.picks, PERMUTED)


def bench_repeats(count: int, report: Report) -> None:
    values = pl.Series([VALUES["text"](row % 5000) for row in range(count)])
    report.add("full_name, 5000 distinct", measure(apply(bind("full_name")), values), PICKED)


def bench_documents(count: int, report: Report) -> None:
    rule = {"$.name": bind("full_name"), "$.contacts[*].phone": bind("phone"), "$.theme": None, "$.id": None}
    documents = pl.Series(
        [
            f'{{"id": {row}, "name": "Someone {row}", "theme": "dark", '
            f'"contacts": [{", ".join([f"""{{"phone": "+44 20 {row:07}"}}"""] * (row % 3))}]}}'
            for row in range(count)
        ]
    )
    report.add("json, by shape", measure(bind_json(rule, "error"), documents), DOCUMENTS)
    report.add("json, by token", measure(bind_json_by_token(rule, "error"), documents.head(BLOCK // 10)))


def bench_xml(count: int, report: Report) -> None:
    """The same customers as XML. A comment in each leaves them no shape, so that all are read by piece."""
    rule = {"/customer/name": bind("full_name"), "//phone": bind("phone"), "/customer/theme": None}
    rule |= dict.fromkeys(["/customer/@id", "/customer/contacts", "//comment()"])
    documents = pl.Series(
        [
            f'<customer id="{row}"><name>Someone {row}</name><theme>dark</theme><contacts>'
            f"{f'<phone>+44 20 {row:07}</phone>' * (row % 3)}</contacts></customer>"
            for row in range(count)
        ]
    )
    report.add("xml, by shape", measure(bind_xml(rule, "error", {}), documents), DOCUMENTS)
    few = documents.head(BLOCK // 10) + "<!-- seen -->"
    report.add("xml, by piece", measure(bind_xml(rule, "error", {}), few))


def bench_inner_values(count: int, report: Report) -> None:
    """Per value within: three elements to an array, two bounds to a range, three keys to an hstore."""
    elements = pl.Series(
        [f'{{{VALUES["text"](row)},NULL,"{VALUES["text"](row + 1)}"}}' for row in range(count)]
    )
    email, shift = bind("email"), bind("shift_date")
    arrays = mask_within((ARRAY,), email, ())
    report.add("email, in arrays", measure(lambda block: arrays(block, NO_COLUMNS), elements) / 3)
    ranges = mask_within((RANGE,), lambda values, _by: shift(values, NO_COLUMNS), ())
    days = pl.Series([f"[2024-{row % 12 + 1:02}-{row % 28 + 1:02},2025-01-01)" for row in range(count)])
    report.add("shift_date, in ranges", measure(lambda block: ranges(block, NO_COLUMNS), days) / 2)
    stores = pl.Series(
        [f'"id"=>"{row}", "mail"=>"{VALUES["text"](row)}", "odd"=>NULL' for row in range(count)]
    )
    hstore = bind_hstore({"mail": email, "id": None, "odd": None}, "error")
    report.add("email, in hstore", measure(hstore, stores) / 3)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    report = Report()
    bench_masks(count, report)
    bench_repeats(count, report)
    bench_documents(count // 2, report)
    bench_xml(count // 2, report)
    bench_inner_values(count // 3, report)
    report.write(count)


if __name__ == "__main__":
    main()
