"""What a rehearsal proves, as a signed file: the only thing that `apply` takes its word for.

It holds digests and names, and no value of any row. A single byte that is another makes it worthless. Whoever has the
key can sign anything: it is the release pipeline's, and the child that runs the project's code never gets it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dbtool.errors import ConfigurationInvalid, EnvironmentFailed, EvidenceRefused
from dbtool.migrate.gate.outlines import Outlines, write_outlines
from dbtool.migrate.gate.private_file import write_privately

SCHEMA_VERSION = 1
MINIMUM_KEY_BYTES = 32
_FOLDER = "evidence"
_LARGEST_BYTES = 64 * 1024 * 1024
_PURPOSE = b"dbtool evidence signature"
_NAME = re.compile(r"\d{8}T\d{12}Z-(?P<target>.+)-[0-9a-f]{16}\.json")


@dataclass(frozen=True, slots=True)
class RevisionEvidence:
    """``digest`` is of the code; ``statements`` are the digests of the SQL executed, in order, ``ddl`` those of them
    that were not plain INSERT, UPDATE, DELETE or SELECT: an application must repeat these exactly.
    """

    id: str
    digest: str
    statements: tuple[str, ...]
    ddl: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaiverEvidence:
    """``until`` is an ISO date or empty."""

    revision: str
    check: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """``database`` is the target's database name; ``system_identifier`` None where the role may not read it.

    ``fingerprint_before`` and ``fingerprint_after`` are of the whole DDL (gate's scope), on the target and on the migrated
    clone. ``transaction_mode`` is "per revision" or "none" (a project that switched transactional DDL off).
    ``reads`` are the project's files that revisions read, by path from its folder, with their digests.
    """

    id: str
    made_at: datetime
    target: str
    tier: str
    database: str
    system_identifier: str | None
    server_major: int
    clone_provider: str
    clone_major: int
    data: str
    transaction_mode: str
    env_digest: str
    heads_before: tuple[str, ...]
    heads_after: tuple[str, ...]
    fingerprint_before: str
    fingerprint_after: str
    revisions: tuple[RevisionEvidence, ...]
    waivers: tuple[WaiverEvidence, ...]
    errors: int
    warnings: int
    verdict: str
    git_commit: str | None
    dbtool_version: str
    schema: int = SCHEMA_VERSION
    reads: tuple[tuple[str, str], ...] = ()


def sign(evidence: Evidence, key: bytes) -> bytes:
    """The file's content: the evidence, which key signed it, and HMAC-SHA256 over the evidence's canonical bytes.

    :raises ConfigurationInvalid: the key has fewer than 32 bytes.
    """
    derived = _derive(key)
    content = _as_json(evidence)
    signature = hmac.new(derived, canonical_bytes(content), hashlib.sha256).hexdigest()
    document = {"evidence": content, "key_id": _key_id(derived), "signature": signature}
    return (json.dumps(document, indent=2) + "\n").encode()


def canonical_bytes(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _as_json(evidence: Evidence) -> dict[str, Any]:
    return asdict(evidence) | {"made_at": evidence.made_at.astimezone(UTC).isoformat(timespec="microseconds")}


def _derive(key: bytes) -> bytes:
    if len(key) < MINIMUM_KEY_BYTES:
        raise ConfigurationInvalid(
            f"the evidence key has {len(key)} bytes and needs at least {MINIMUM_KEY_BYTES}; nothing was done. "
            "Make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return hmac.new(key, _PURPOSE, hashlib.sha256).digest()


def _key_id(derived: bytes) -> str:
    """Tells two keys apart without giving either away."""
    return hmac.new(derived, b"key id", hashlib.sha256).hexdigest()[:16]


def read_evidence(source: Path | bytes, key: bytes) -> Evidence:
    """:raises EvidenceRefused: there is none, or it is not as it was signed with this key.

    :raises ConfigurationInvalid: the key has fewer than 32 bytes.
    """
    derived = _derive(key)
    given = source if isinstance(source, bytes) else _read_file(source)
    where = "the evidence" if isinstance(source, bytes) else f"the evidence {source}"
    try:
        document = json.loads(given)
        content = document["evidence"]
        _refuse_other_version(content, where)
        key_id, evidence = document["key_id"], _from_json(content)
        signed = sign(evidence, key)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise _refused(f"{where} cannot be read: it was cut off or altered, or is something else") from None
    if key_id != _key_id(derived):
        raise _refused(f"{where} was signed with another evidence key than the one of this run")
    if not hmac.compare_digest(given, signed):
        raise _refused(f"{where} was altered after it had been signed")
    return evidence


def _refused(message: str) -> EvidenceRefused:
    return EvidenceRefused(f"{message}; nothing was done. Rehearse again: dbtool migrate rehearse")


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            given = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise _refused(f"there is no evidence {path}") from None
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise _refused(f"the evidence {path} cannot be read ({reason})") from None
    if len(given) > _LARGEST_BYTES:
        raise _refused(f"the evidence {path} has over {_LARGEST_BYTES >> 20} MiB, as no rehearsal's has")
    return given


def _refuse_other_version(content: Mapping[str, Any], where: str) -> None:
    if content["schema"] != SCHEMA_VERSION:
        raise _refused(f"{where} was written by a dbtool whose evidence has another form")


def _from_json(content: Mapping[str, Any]) -> Evidence:
    """Types are not asked about: what does not give the same bytes again, the signature does not hold for."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in content.items()
    }
    values["reads"] = tuple((str(path), str(digest)) for path, digest in content["reads"])
    values["made_at"] = _parse_time(content["made_at"])
    values["revisions"] = tuple(_parse_revision(each) for each in content["revisions"])
    values["waivers"] = tuple(WaiverEvidence(**each) for each in content["waivers"])
    return Evidence(**values)


def _parse_time(text: str) -> datetime:
    made_at = datetime.fromisoformat(text)
    if made_at.tzinfo is None:
        raise ValueError("no time zone")
    return made_at


def _parse_revision(content: Mapping[str, Any]) -> RevisionEvidence:
    lists = {name: tuple(content[name]) for name in ("statements", "ddl")}
    return RevisionEvidence(**{**content, **lists})


def write_evidence(
    state: Path,
    evidence: Evidence,
    key: bytes,
    *,
    ddl: Sequence[str] = (),
    ddl_after: Sequence[str] = (),
) -> Path:
    """Write it to ``state``/evidence, whole or not at all, readable for us alone; returns its path.

    ``ddl`` and ``ddl_after`` are the lines of the two fingerprints: what they outline is kept beside the evidence, so that
    the gate can name what drifted.

    :raises ConfigurationInvalid: the key has fewer than 32 bytes.
    :raises EnvironmentFailed: the state folder cannot be written.
    """
    content = sign(evidence, key)
    made_at = evidence.made_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    path = state / _FOLDER / f"{made_at}-{evidence.target}-{evidence.id}.json"
    try:
        write_outlines(path, Outlines.of(ddl, ddl_after))
        write_privately(path, content)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise EnvironmentFailed(
            f"the evidence cannot be written to {path.parent} ({reason}); the rehearsal took place and nothing proves "
            "it. Make the folder writable, or name another as state in dbtool.toml; then rehearse again."
        ) from None
    return path


def find_evidence(state: Path, target: str) -> Path | None:
    """The newest that was written for the target; None where there is none."""
    found = (_NAME.fullmatch(path.name) for path in (state / _FOLDER).glob("*.json"))
    names = [match[0] for match in found if match and match["target"] == target]
    return state / _FOLDER / max(names) if names else None
