"""A column's decision → its mask, options and context: what compiling and the uniqueness proof both start from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import Column, ColumnRef, ColumnType, Relation
from dbtool.digest import ProjectKey
from dbtool.findings import Finding, Severity
from dbtool.masking.coverage import ColumnDecision, Coverage
from dbtool.masking.inner_values import MOVED_BY, Layer, find_layers, inner_type
from dbtool.masking.mask import Mask, MaskContext, Options, Promise, Registry
from dbtool.masking.recorded import Branch, Recorder
from dbtool.rules.model import NO_MODULES, MaskUse, PythonModules
from dbtool.spelling import did_you_mean

VALUE_WITHIN = ColumnType("text", "text")  # what a mask sees of a value within a document


@dataclass(frozen=True, slots=True)
class MaskedColumn:
    """A ruled column under one mask. ``context`` speaks of the key in the end of the chain where the column
    refers to one, so that both sides get the same stand-ins; ``column`` is the column itself.
    """

    decision: ColumnDecision
    relation: Relation
    column: Column
    use: MaskUse
    mask: Mask
    options: Options
    context: MaskContext

    @property
    def ref(self) -> ColumnRef:
        return self.decision.ref

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What of the column's own type has to be opened; a key's is the same, or binding refuses."""
        return find_layers(self.column.type, self.mask, each=self.use.each)

    @property
    def promise(self) -> Promise:
        return self.mask.promise(self.options, self.context)

    @property
    def capacity(self) -> int | None:
        return self.mask.capacity(self.options, self.context)

    @property
    def canonical(self) -> tuple[str, ...]:
        return self.mask.canonical if self.use.canonical is None else self.use.canonical


@dataclass(frozen=True, slots=True)
class Workshop:
    """What masks are bound with, beside the column. ``recorder`` is given the originals of disjoint masks, and told that
    they are of ``branch`` where other rows of the column take another decision.
    """

    registry: Registry
    key: ProjectKey
    locale: str
    findings: list[Finding] = field(default_factory=list)
    recorder: Recorder | None = None
    branch: Branch | None = None
    modules: PythonModules = NO_MODULES
    alternatives: dict[tuple[ColumnType, str | None], tuple[str, ...]] = field(
        default_factory=dict
    )  # found so far

    def refuse(self, check: str, where: object, message: str, remedy: str = "") -> None:
        self.findings.append(Finding(check, Severity.ERROR, str(where), message, remedy))


def resolve_masks(catalog: Catalog, coverage: Coverage, workshop: Workshop) -> dict[ColumnRef, MaskedColumn]:
    """The masked columns whose mask and options are known; the others are findings.

    ``coverage`` is of one case: what the rows choose is decided.
    """
    found: dict[ColumnRef, MaskedColumn] = {}
    for ref, decision in coverage.decisions.items():
        if isinstance(decision.decision, MaskUse):
            owner = decision.inherited_from or ref
            key = catalog.relations[owner.relation].get_column(owner.column)
            relation = catalog.relations[ref.relation]
            parts = resolve_use(
                decision.decision,
                key.type,
                str(ref),
                workshop,
                equates_spellings=not key.collation_is_deterministic,
            )
            if parts is not None:
                found[ref] = MaskedColumn(
                    decision, relation, relation.get_column(ref.column), decision.decision, *parts
                )
    return found


def resolve_use(
    use: MaskUse,
    column_type: ColumnType,
    where: str,
    workshop: Workshop,
    *,
    equates_spellings: bool = False,
) -> tuple[Mask, Options, MaskContext] | None:
    """None after naming the problem."""
    mask = workshop.registry.get(use.mask)
    if mask is None:
        nearest = did_you_mean(use.mask, workshop.registry)
        workshop.refuse("mask-unknown", use.at, f"there is no mask {use.mask}{nearest}")
        return None
    options = _read_options(use, mask, workshop)
    if options is None:
        return None
    if mask.needs_by and not use.by:
        message = f"mask {mask.name} of {where} needs to know by which column rows belong together"
        workshop.refuse("mask-needs-by", use.at, message, "name it, as in by: id")
        return None
    digest = workshop.key.digest_for(use.domain)
    moves_as_one = any(layer.as_one for layer in find_layers(column_type, mask, each=use.each))
    context = MaskContext(
        inner_type(column_type, mask, each=use.each),
        digest,
        workshop.locale,
        (MOVED_BY,) if moves_as_one else use.by,
        use.canonical,
        folder=Path(next(iter(use.places.values()), use.at).file).parent,
        modules=workshop.modules,
        equates_spellings=equates_spellings,
    )
    return mask, options, context


_ANY_KIND = frozenset({"str", "bool", "int", "float"})  # what a value of several types was tried as


def _read_options(use: MaskUse, mask: Mask, workshop: Workshop) -> Options | None:
    try:
        return mask.options.model_validate(dict(use.options))
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        inner = {problem["loc"][:1] for problem in problems if len(problem["loc"]) > 1}
        told: dict[tuple[str, str], None] = {}
        for problem in problems:
            if problem["loc"] in inner:
                continue  # of a list it is said of the item; that too few are left follows from it
            name = str(problem["loc"][0]) if problem["loc"] else ""
            told[name, _spell_problem(problem["loc"], problem["type"], problem["msg"], mask)] = None
        for name, message in told:
            workshop.refuse("mask-option", use.places.get(name, use.at), message)
        return None


def _spell_problem(loc: tuple[int | str, ...], kind: str, message: str, mask: Mask) -> str:
    name = ".".join(str(part + 1 if isinstance(part, int) else part) for part in loc)
    if kind == "extra_forbidden":
        return f"mask {mask.name} has no option {name}{did_you_mean(name, mask.options.model_fields)}"
    if kind == "missing":
        return f"mask {mask.name} needs its option {name}"
    if _ANY_KIND.issuperset(map(str, loc[1:])) and loc[1:]:
        return f"option {loc[0]} of mask {mask.name}: write one value: a text, a number, true or false"
    reason = message.removeprefix("Value error, ").replace("String should match", "text should match")
    where = f"option {name} of mask {mask.name}" if name else f"mask {mask.name}"
    return f"{where}: {reason[:1].lower()}{reason[1:]}"


class OptionNames(Mapping[str, frozenset[str]]):
    """Mask → its options' names, for the rule loader, which knows no masks; asked for one mask at a time."""

    def __init__(self, masks: Registry) -> None:
        self._masks = masks

    def __getitem__(self, name: str) -> frozenset[str]:
        return frozenset(self._masks[name].options.model_fields)

    def __contains__(self, name: object) -> bool:
        return name in self._masks

    def __iter__(self) -> Iterator[str]:
        return iter(self._masks)

    def __len__(self) -> int:
        return len(self._masks)


def errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.is_error)
