"""Where in a rule's paths an element stands, and what becomes of what is in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dbtool.masking.fates import Decision
from dbtool.masking.xml_names import Leaf, Name, Namespaces, XmlPath

_MOST_STATES = 5000
_Places = frozenset[tuple[int, int]]  # a path, and how many of its steps were taken


@dataclass(eq=False, slots=True)
class State:
    """``is_named``: a step of a path leads right here, so that the element is on the way to something, or decided."""

    places: _Places
    is_named: bool
    leaves: dict[Leaf, Decision | None]
    attributes: dict[Name, Decision | None] = field(default_factory=dict)
    children: dict[Name | None, State] = field(default_factory=dict)


class PathStates:
    """The paths as one machine that is made while documents are read. Workers share it: what one forgets is made again."""

    def __init__(self, paths: Iterable[XmlPath], namespaces: Namespaces) -> None:
        self.namespaces = namespaces
        self._paths = sorted(paths, key=lambda path: path.rank)
        self._made = 0
        self.root = self._make({(number, 0) for number in range(len(self._paths))}, is_named=False)

    def enter(self, state: State, name: Name | None) -> State:
        """None is a name of a namespace that the rule does not know: no step is for it."""
        known = state.children.get(name)
        if known is not None:
            return known
        taken = {(number, step + 1) for number, step in state.places if self._takes(number, step, name)}
        stayed = {(number, step) for number, step in state.places if self._is_deep(number, step)}
        found = self._make(taken | stayed, is_named=bool(taken))
        self._note_one_more()
        state.children[name] = found
        return found

    def _note_one_more(self) -> None:
        """Names may be without end where they are somebody's."""
        self._made += 1
        if self._made > _MOST_STATES:
            self._made = 0
            self.root.children = {}

    def _takes(self, number: int, step: int, name: Name | None) -> bool:
        steps = self._paths[number].steps
        return name is not None and step < len(steps) and steps[step].name in {None, name}

    def _is_deep(self, number: int, step: int) -> bool:
        path = self._paths[number]
        return path.steps[step].is_deep if step < len(path.steps) else path.is_deep

    def _make(self, places: set[tuple[int, int]], *, is_named: bool) -> State:
        state = State(frozenset(places), is_named, {})
        state.leaves = {leaf: self._decide(state, leaf) for leaf in Leaf if leaf is not Leaf.ATTRIBUTE}
        return state

    def decide_attribute(self, state: State, name: Name) -> Decision | None:
        if name in state.attributes:
            return state.attributes[name]
        self._note_one_more()
        decided = state.attributes[name] = self._decide(state, Leaf.ATTRIBUTE, name)
        return decided

    def _decide(self, state: State, leaf: Leaf, attribute: Name | None = None) -> Decision | None:
        """The paths are sorted, so the first that is for it decides."""
        for number, step in sorted(state.places):
            path = self._paths[number]
            is_here = step == len(path.steps) and path.leaf is leaf
            if is_here and path.attribute in {None, attribute}:
                return path.decision
        return None
