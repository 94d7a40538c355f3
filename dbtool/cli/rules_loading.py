"""dbtool.toml → the project's rules, with the masks that they may name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any


def load_project_rules(settings: Any) -> Any:
    """:raises RulesInvalid: with every problem."""
    from dbtool.masking.masks import MASKS
    from dbtool.masking.resolve import OptionNames
    from dbtool.rules.loader import load_rules
    from dbtool.rules.model import PythonModules
    from dbtool.settings import near

    rules = load_rules(near(settings.rules), MASKS.keys(), OptionNames(MASKS))
    return replace(rules, modules=PythonModules(settings.file.parent, settings.python_masks))


def draft_project_rules(settings: Any) -> Any:
    """As they stand in their files, without a word on masks: those take two tenths of a second to load.

    :raises RulesInvalid: with every problem, those with masks included.
    """
    from dbtool.errors import RulesInvalid
    from dbtool.rules.loader import load_rules
    from dbtool.settings import near

    try:
        return load_rules(near(settings.rules))
    except RulesInvalid:
        return load_project_rules(settings)
