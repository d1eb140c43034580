"""Prove that the audit log is as it was written: every entry follows from the one before.

Who can write to the database can rebuild the whole chain. An end that was noted elsewhere (the log has one a day)
shows that: it is no link of the new chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog

from database import audit_chain
from database.audit_chain import BrokenLink, ChainEnd
from database.invariants import limit_statement_time
from wiring import Services

log = structlog.get_logger()

_SHOWN = 20
# Hashing a million entries takes seconds: the pages' limit of five is too short for years of them.
_LONGEST_READING = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class AuditProof:
    """What following the chain found. `knows_end` is None when no earlier end was asked for."""

    end: ChainEnd
    broken: tuple[BrokenLink, ...]
    knows_end: bool | None

    @property
    def holds(self) -> bool:
        return not self.broken and self.knows_end is not False


def verify_audit_log(services: Services, *, earlier_end: str | None = None) -> AuditProof:
    """Follow the chain from its first link to its last. Reads only; `earlier_end` is a digest noted before, in hex."""
    with services.engine.begin() as conn:
        limit_statement_time(conn, _LONGEST_READING)
        return AuditProof(
            audit_chain.find_end(conn),
            tuple(audit_chain.find_broken(conn, limit=_SHOWN)),
            None if earlier_end is None else audit_chain.holds(conn, earlier_end),
        )


def note_end(services: Services) -> None:
    """Write the chain's end into the log, where the database's owner cannot change it."""
    with services.engine.connect() as conn:
        end = audit_chain.find_end(conn)
    log.info("audit_chain_end", length=end.length, digest=end.digest)


def in_sentences(proof: AuditProof) -> str:
    """The proof as `manage.py audit verify` prints it."""
    lines = [f"{_place(link)}: {link.problem}." for link in proof.broken]
    if proof.knows_end is False:
        lines.append(
            "The end that you gave is no link of this chain: entries were removed or the chain was rebuilt."
        )
    if proof.holds:
        lines.append("Every entry of the audit log is as it was written.")
    lines.append(f"{proof.end.length} entries, end {proof.end.digest}")
    return "\n".join(lines)


def _place(link: BrokenLink) -> str:
    return (
        f"Entry {link.audit_id}" if link.position is None else f"Link {link.position} (entry {link.audit_id})"
    )
