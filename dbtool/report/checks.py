"""The checks' own words → docs/checks.md."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from dbtool.lint.squawk_rules import LEFT_OUT, STYLE, SUPERSEDED
from dbtool.locks.checks import CHECKS, Check
from dbtool.locks.projection import READS_BLOCKED_S, WRITES_BLOCKED_S

_INTRODUCTION = f"""\
# Checks

<!-- Written from the checks themselves by: python -m dbtool.report.checks > docs/checks.md -->

What `dbtool migrate rehearse` can find. An *error* fails the rehearsal, a *warning* and an *info* do not.

**Work under a lock** is judged by how long others would wait on the target: an error over {READS_BLOCKED_S:g} s where reads
wait, over {WRITES_BLOCKED_S:g} s where only writes do; a warning over a tenth of that; else an info. The time is the one that
was measured on the clone, grown by the relations' sizes. Where the clone held too little to measure, it is estimated
from throughputs that every server should reach, and the finding says so. A size that is not known is a warning.
Locks on what the pending revisions themselves have made never count.

**A comment in the revision allows a finding:**

```python
# dbtool: allow unbatched-change because the service is stopped for this release until 2030-01-31
```

It is for one check, in its own revision, until its date, and always with a reason. One that is of no use is a finding
itself. Some checks cannot be allowed; each says why.
"""
_SQUAWK = """\
## squawk-…

The SQL that was executed is also read by [squawk](https://squawkhq.com/docs/rules), whose rules are named
`squawk-` and the rule's own name, and are warnings. squawk sees the text alone, so that a rule of which the rehearsal
has seen more is left to it:
"""


def render_checks_reference() -> str:
    """The whole of docs/checks.md."""
    sections = [_INTRODUCTION, _render_overview(), *map(_render_check, CHECKS.values()), _render_squawk()]
    return "\n".join(sections)


def _render_overview() -> str:
    rows = (f"| [{check.name}](#{check.name}) | {check.summary} |" for check in CHECKS.values())
    return "\n".join(["| check | found |", "|---|---|", *rows, ""])


def _render_check(check: Check) -> str:
    return "\n".join([f"## {check.name}", "", check.summary, check.why, "", *_render_details(check)])


def _render_details(check: Check) -> Iterator[str]:
    if check.never_waived:
        yield from (f"It cannot be allowed by a comment: {check.never_waived}.", "")
    if check.bad:
        yield from ("Found:", "", "```python", check.bad, "```", "")
    if check.good:
        yield from ("Safe:", "", "```python", check.good, "```", "")


def _render_squawk() -> str:
    lines = [_SQUAWK, "| squawk's rule | left to, or left out because |", "|---|---|"]
    lines += [f"| {rule} | {reason} |" for rule, reason in {**SUPERSEDED, **LEFT_OUT}.items()]
    return "\n".join([*lines, "", f"Rules of style are an info: {', '.join(sorted(STYLE))}.", ""])


if __name__ == "__main__":
    sys.stdout.write(render_checks_reference())
