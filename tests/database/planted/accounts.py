"""Violations of the invariants of accounts: people, links and the audit chain."""

from __future__ import annotations

from tests.database.planted.violation import plant

PLANTED = (
    plant(
        "I26",
        "one address twice",
        "ALTER TABLE users DROP CONSTRAINT users_email_key, DROP CONSTRAINT users_email_shape",
        "UPDATE users SET email = ' Asha@Example.com' WHERE id = {visitor}",
    ),
    plant(
        "I27",
        "a disabled account is logged in",
        "UPDATE users SET status = 'disabled' WHERE id = {visitor}",
    ),
    plant(
        "I27",
        "a deleted account is logged in",
        "UPDATE users SET deleted_at = now() WHERE id = {visitor}",
    ),
    plant(
        "I28",
        "two links that both work",
        "DROP INDEX email_tokens_one_usable",
        "INSERT INTO email_tokens (purpose, user_id, email, expires_at)"
        " SELECT 'reset_password', {visitor}, 'nila@example.com', now() + interval '1 hour' FROM generate_series(1, 2)",
    ),
    plant(
        "J15",
        "an entry that is no link",
        "DELETE FROM audit_chain WHERE position = (SELECT max(position) FROM audit_chain)",
    ),
    plant(
        "J15",
        "an entry that was removed",
        "DELETE FROM audit_log WHERE action = 'registered'",
    ),
    plant(
        "J15",
        "an entry that was removed with its link",
        "DELETE FROM audit_chain WHERE position = 1",
        "DELETE FROM audit_log WHERE id = (SELECT min(id) FROM audit_log)",
    ),
)
