"""Statements that follow the chain over the audit log. It is written by a trigger (migration 0003)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """How long the chain is, and the digest of its last link in hex (64 zeros for an empty one)."""

    length: int
    digest: str


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """Where the chain does not hold: the link's position, the entry it covers, and what is wrong."""

    position: int | None
    audit_id: int | None
    problem: str


def find_end(conn: Connection) -> ChainEnd:
    """The end of the chain."""
    row = conn.execute(
        text(
            "SELECT position, encode(digest, 'hex') AS digest FROM audit_chain ORDER BY position DESC LIMIT 1"
        )
    ).first()
    return ChainEnd(0, "0" * 64) if row is None else ChainEnd(row.position, row.digest)


def holds(conn: Connection, digest: str) -> bool:
    """True when a link of the chain has this digest (hex)."""
    return (
        conn.execute(
            text("SELECT 1 FROM audit_chain WHERE digest = decode(:digest, 'hex')"), {"digest": digest}
        ).first()
        is not None
    )


def find_broken(conn: Connection, *, limit: int) -> list[BrokenLink]:
    """The first links that do not follow from the one before and their entry, and entries without a link."""
    rows = conn.execute(
        text("""
        SELECT c.position, c.audit_id,
            CASE
                WHEN c.position <> c.before_position + 1 THEN 'links are missing before it'
                WHEN a.id IS NULL THEN 'its entry is gone'
                ELSE 'its entry or the link before was changed'
            END AS problem
        FROM (
            SELECT position, audit_id, digest,
                lag(position, 1, 0::bigint) OVER (ORDER BY position) AS before_position,
                lag(digest, 1, decode(repeat('00', 32), 'hex')) OVER (ORDER BY position) AS before
            FROM audit_chain
        ) AS c
        LEFT JOIN audit_log a ON a.id = c.audit_id
        WHERE c.position <> c.before_position + 1
           OR a.id IS NULL
           OR c.digest <> audit_digest(c.before, a)
        UNION ALL
        SELECT NULL, a.id, 'it is no link of the chain'
        FROM audit_log a
        WHERE NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.audit_id = a.id)
        ORDER BY position NULLS LAST, audit_id
        LIMIT :limit
        """),
        {"limit": limit},
    )
    return [BrokenLink(row.position, row.audit_id, row.problem) for row in rows]
