"""Accounts and the audit log: one account a person, no door left open, no entry slipped in."""

from __future__ import annotations

from database.invariants.rule import Invariant

ACCOUNTS = (
    Invariant(
        "I26",
        "One account per email address.",
        ("users",),
        """
        SELECT min(id::text) AS id
        FROM users
        WHERE deleted_at IS NULL
        GROUP BY lower(btrim(email))
        HAVING count(*) > 1
        """,
    ),
    Invariant(
        "I27",
        "A disabled or deleted account is logged in nowhere.",
        ("sessions", "users"),
        """
        SELECT s.id
        FROM sessions s
        JOIN users u ON u.id = s.user_id
        WHERE (u.status <> 'active' OR u.deleted_at IS NOT NULL)
          AND s.revoked_at IS NULL
          AND s.expires_at > :now
        """,
    ),
    Invariant(
        "I28",
        "A user has at most one usable link to reset the password.",
        ("email_tokens",),
        """
        SELECT user_id AS id
        FROM email_tokens
        WHERE purpose = 'reset_password'
          AND used_at IS NULL
          AND expires_at > :now
          AND user_id IS NOT NULL
        GROUP BY user_id
        HAVING count(*) > 1
        """,
    ),
    Invariant(
        "J15",
        # Whether the digests are right costs a pass over the whole log: `manage.py audit verify`.
        "Each entry of the audit log is a link of its chain, and the chain has no gap.",
        ("audit_log", "audit_chain"),
        """
        SELECT 'entry ' || a.id AS id
        FROM audit_log a
        LEFT JOIN audit_chain c ON c.audit_id = a.id
        WHERE c.audit_id IS NULL
        UNION ALL
        SELECT 'link ' || c.position
        FROM audit_chain c
        LEFT JOIN audit_log a ON a.id = c.audit_id
        WHERE a.id IS NULL
        UNION ALL
        SELECT 'gap before ' || c.position
        FROM (SELECT position, lag(position, 1, 0::bigint) OVER (ORDER BY position) AS before FROM audit_chain) AS c
        WHERE c.position <> c.before + 1
        """,
    ),
)
