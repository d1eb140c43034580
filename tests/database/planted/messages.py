"""Violations of the invariants of messages: events, mails and what they led to."""

from __future__ import annotations

from tests.database.planted.violation import plant

PLANTED = (
    plant(
        "I18",
        "a message that led to nothing",
        "UPDATE gateway_events SET status = 'new', processed_at = NULL, received_at = now() - interval '6 minutes'",
    ),
    plant(
        "I19",
        "a message twice",
        "ALTER TABLE gateway_events DROP CONSTRAINT gateway_events_once",
        "INSERT INTO gateway_events (gateway, dedupe_key, event_type, order_id, body, status)"
        " SELECT gateway, dedupe_key, event_type, order_id, body, status FROM gateway_events",
    ),
    plant(
        "I20",
        "no receipt",
        "DELETE FROM emails WHERE dedupe_key = (SELECT 'receipt:' || gateway || ':' || gateway_payment_id"
        " FROM payments WHERE id = {kept})",
    ),
    plant(
        "I20",
        "two receipts",
        "ALTER TABLE emails DROP CONSTRAINT emails_dedupe_key_key",
        "INSERT INTO emails (kind, dedupe_key, to_address, subject, text_body, html_body, message_id)"
        " SELECT kind, dedupe_key, to_address, subject, text_body, html_body, '<second@example.com>' FROM emails"
        " WHERE dedupe_key ="
        " (SELECT 'receipt:' || gateway || ':' || gateway_payment_id FROM payments WHERE id = {kept})",
    ),
    plant(
        "I21",
        "a mail that nobody tried",
        "UPDATE emails SET status = 'queued', sent_at = NULL, created_at = now() - interval '61 minutes'"
        " WHERE id = (SELECT min(id) FROM emails)",
    ),
    plant(
        "J14",
        "a success that led to nothing",
        "INSERT INTO gateway_events (gateway, dedupe_key, event_type, order_id, body, status)"
        " SELECT gateway, 'planted', 'PAYMENT_SUCCESS_WEBHOOK', id, 'b', 'processed' FROM orders"
        " WHERE id = {open_order}",
    ),
)
