"""The subset and the profiles that change it: collected over all files, and chosen by name."""

from __future__ import annotations

from dataclasses import dataclass, field

from dbtool.errors import UsageError
from dbtool.rules.fields import Entry, keep_known, read_entries
from dbtool.rules.model import RuleSet
from dbtool.rules.nodes import Fields, Node, Problems
from dbtool.rules.position import Position
from dbtool.rules.subset import SubsetDraft, combine, complete, find_contradictions, read_subset
from dbtool.rules.subset_model import SubsetRules
from dbtool.spelling import did_you_mean

_SUBSET_ONLY = "a profile changes subset only"


def choose_subset(rules: RuleSet, profile: str | None) -> SubsetRules | None:
    """The subset of a profile, or without one that of the rules; None copies every row.

    :raises UsageError: there is no such profile.
    """
    if profile is None:
        return rules.subset
    if profile in rules.profiles:
        return rules.profiles[profile]
    known = ", ".join(sorted(rules.profiles)) or "none"
    nearest = did_you_mean(profile, rules.profiles)
    raise UsageError(f"the rules have no profile {profile}, so nothing was done; they have {known}{nearest}")


@dataclass(frozen=True, slots=True)
class _Profile:
    draft: SubsetDraft | None
    at: Position


@dataclass(slots=True)
class SubsetReading:
    """What the files say of subsets, until all are read."""

    problems: Problems
    _base: SubsetDraft | None = None
    _base_at: Position | None = None
    _profiles: dict[str, _Profile] = field(default_factory=dict)

    def read_base(self, entry: Entry) -> None:
        draft = read_subset(entry.value, self.problems)
        if self._base_at is not None:
            self.problems.add(
                entry.at, f"subset is already written at {self._base_at}; write it in one place"
            )
            return
        self._base, self._base_at = draft, entry.at

    def read_profiles(self, node: Node) -> None:
        for name, entry in read_entries(node, "profiles", self.problems).items():
            profile = self._read_profile(name, entry)
            if name in self._profiles:
                first = self._profiles[name].at
                self.problems.add(
                    entry.at, f"profile {name} is already written at {first}; write it in one place"
                )
            elif profile is not None:
                self._profiles[name] = profile

    def _read_profile(self, name: str, entry: Entry) -> _Profile | None:
        entries = read_entries(entry.value, f"profile {name}", self.problems)
        refused = {
            key: f"{_SUBSET_ONLY}{did_you_mean(key, ['subset'])}" for key in entries if key != "subset"
        }
        known = keep_known(entries, ("subset",), f"profile {name}", self.problems, refused=refused)
        if "subset" in known:
            return _Profile(read_subset(known["subset"].value, self.problems), entry.at)
        if isinstance(entry.value, Fields) and not entries:
            self.problems.add(entry.value.at, f"profile {name} changes nothing; write {name}: {{subset: …}}")
        return None

    def complete(self) -> tuple[SubsetRules | None, dict[str, SubsetRules | None]]:
        """The subset, and those of the profiles. What is wrong with the base is wrong with each of them, and said once."""
        profiles = {name: self._combined(profile.draft) for name, profile in self._profiles.items()}
        drafts = [draft for draft in (self._base, *profiles.values()) if draft is not None]
        for at, message in dict.fromkeys(found for draft in drafts for found in find_contradictions(draft)):
            self.problems.add(at, message)
        return _complete(self._base), {name: _complete(draft) for name, draft in profiles.items()}

    def _combined(self, own: SubsetDraft | None) -> SubsetDraft | None:
        return combine(self._base, own) if own is not None and self._base is not None else own


def _complete(draft: SubsetDraft | None) -> SubsetRules | None:
    return complete(draft) if draft is not None else None
