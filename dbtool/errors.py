"""Every error dbtool raises on purpose, and the exit code each one means.

DbtoolError
├── AnswerIsNo (1)          findings at or over the gate, verification failed
│   ├── FindingsRefuse      carries the findings
│   └── VerificationFailed
├── UsageError (2)          dbtool.toml, a rule file, a key or the command line is wrong
│   ├── ConfigurationInvalid
│   │   └── UrlInvalid      says what is wrong and never quotes it; whoever knows it says which URL
│   ├── RulesInvalid        carries every problem, each with file:line:column
│   ├── MaskFailed          a function of the project's that masks raised, or gave what no column holds
│   └── TargetRefused       source = target, production-tier target
├── EnvironmentFailed (3)   a server, privilege, program or disk is missing or failed
│   ├── ServerUnreachable
│   ├── ServerFailed
│   │   └── SnapshotLost  what was read under the source's snapshot cannot be completed
│   ├── PrivilegeMissing
│   ├── ProgramFailed
│   ├── CloneImpossible     no server at hand can hold the target's schema; carries the findings
│   └── TimeIsUp            --max-duration ended the run; it was cleaned up
├── Drift (4)               what was accepted is not what is there now
│   ├── KeptColumnChanged   a column that leaves unmasked is not what was accepted; carries the findings
│   ├── RevisionUnknown     the database holds a revision that the files do not have
│   ├── RevisionEdited      a revision was changed after it had been applied, or since its rehearsal
│   └── HeadConflict        several heads, which nobody declared
├── ConsentMissing (5)      the target was never adopted; approval missing or stale
│   └── EvidenceRefused     evidence is missing, altered, too old or of something else
├── Busy (6)                another run holds the lock; nothing changed, safe to retry
│   └── LockNotAcquired
├── PartlyDone (7)          what stands, and the exact next command
└── Interrupted (130, 143)  a signal ended the run; it was cleaned up

A message says what happened, the state it left, and the next step; it never quotes a row's value,
a password or a key.
"""

from __future__ import annotations

from collections.abc import Sequence


class DbtoolError(Exception):
    """Base of all expected errors. ``exit_code`` is part of the command line contract."""

    exit_code: int = 70


class AnswerIsNo(DbtoolError):
    exit_code = 1


class FindingsRefuse(AnswerIsNo):
    """The run stopped because of findings; ``findings`` are ``dbtool.findings.Finding`` values."""

    def __init__(self, message: str, findings: Sequence[object]) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class VerificationFailed(AnswerIsNo):
    def __init__(self, message: str, findings: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class UsageError(DbtoolError):
    exit_code = 2


class ConfigurationInvalid(UsageError):
    pass


class UrlInvalid(ConfigurationInvalid):
    pass


class RulesInvalid(UsageError):
    """``problems`` holds one line per problem, already spelt ``file:line:column: message``."""

    def __init__(self, problems: Sequence[str]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n  ".join([f"{count} in the rules; nothing was done:", *problems]))
        self.problems = tuple(problems)


class MaskFailed(UsageError):
    pass


class TargetRefused(UsageError):
    pass


class EnvironmentFailed(DbtoolError):
    exit_code = 3


class ServerUnreachable(EnvironmentFailed):
    pass


class ServerFailed(EnvironmentFailed):
    """A server refused a statement. ``sqlstate`` is its five-character code, where it sent one."""

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class SnapshotLost(ServerFailed):
    """The session that held the source's snapshot has ended. From the beginning it may go well."""


class PrivilegeMissing(EnvironmentFailed):
    """``findings`` are ``dbtool.findings.Finding`` values, where one each says what to grant."""

    def __init__(self, message: str, findings: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class ProgramFailed(EnvironmentFailed):
    pass


class CloneImpossible(EnvironmentFailed):
    """``findings`` are ``dbtool.findings.Finding`` values, each with what would help."""

    def __init__(self, message: str, findings: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class TimeIsUp(EnvironmentFailed):
    pass


class Drift(DbtoolError):
    exit_code = 4


class KeptColumnChanged(Drift):
    """``findings`` are ``dbtool.findings.Finding`` values."""

    def __init__(self, message: str, findings: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class RevisionUnknown(Drift):
    pass


class RevisionEdited(Drift):
    pass


class HeadConflict(Drift):
    pass


class ConsentMissing(DbtoolError):
    exit_code = 5


class EvidenceRefused(ConsentMissing):
    pass


class Busy(DbtoolError):
    exit_code = 6


class LockNotAcquired(Busy):
    pass


class PartlyDone(DbtoolError):
    exit_code = 7


class Interrupted(DbtoolError):
    """``signal_number`` 2 gives exit code 130, 15 gives 143."""

    def __init__(self, message: str, signal_number: int = 2) -> None:
        super().__init__(message)
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number
