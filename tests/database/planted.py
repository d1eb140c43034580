"""One planted violation or more for each invariant: statements that nothing of the application would run.

Triggers and foreign keys are off while they run; a constraint that stands in the way is dropped first. All
of it is rolled back. `{name}` stands for a subquery of `PLACES`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PLACES = {
    "open_order": "(SELECT id FROM orders WHERE status = 'created' LIMIT 1)",
    "paid_order": "(SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id WHERE u.username = 'asha')",
    "surplus_order": "(SELECT id FROM orders WHERE status = 'surplus' ORDER BY created_at LIMIT 1)",
    "kept": "(SELECT p.id FROM payments p JOIN orders o ON o.id = p.order_id JOIN users u ON u.id = o.user_id"
    " WHERE u.username = 'asha' AND p.role = 'primary')",
    "returned": "(SELECT id FROM payments WHERE role = 'primary' AND status = 'refunded')",
    "failed": "(SELECT id FROM payments WHERE status = 'failed')",
    "second_on_order": "(SELECT d.id FROM payments d JOIN payments p ON p.order_id = d.order_id AND p.role = 'primary'"
    " WHERE d.role = 'duplicate')",
    "intended": "(SELECT id FROM refunds WHERE status = 'intended')",
    "processed": "(SELECT id FROM refunds WHERE status = 'processed' ORDER BY id LIMIT 1)",
    "visitor": "(SELECT id FROM users WHERE username = 'nila')",
    "admin": "(SELECT id FROM users WHERE role = 'admin')",
    "subscription": "(SELECT s.id FROM subscriptions s JOIN users u ON u.id = s.user_id"
    " WHERE u.username = 'asha')",
    "idle_subscription": "(SELECT s.id FROM subscriptions s JOIN users u ON u.id = s.user_id"
    " WHERE u.username = 'nila')",
}

_PAYMENT = (
    "order_id, checkout_id, gateway, gateway_payment_id, amount_paise, currency, charged_paise, "
    "charged_currency, role, status"
)
_MOVEMENT = "gateway, kind, movement_id, order_id, gateway_payment_id, amount_paise, currency, occurred_at"


@dataclass(frozen=True)
class Planted:
    """Statements that violate `invariant`, and the further invariants that cannot but see the same."""

    invariant: str
    name: str
    statements: tuple[str, ...]
    also: frozenset[str] = field(default_factory=frozenset)


def _plant(invariant: str, name: str, *statements: str, also: str = "") -> Planted:
    filled = tuple(statement.format_map(PLACES) for statement in statements)
    return Planted(invariant, name, filled, frozenset(also.split()))


PLANTED = (
    _plant(
        "I01",
        "paid without a payment",
        "UPDATE orders SET status = 'paid', paid_at = now() WHERE id = {open_order}",
    ),
    _plant(
        "I01",
        "two primary payments",
        "DROP INDEX payments_one_primary_per_order",
        "DROP INDEX payments_one_primary_per_checkout",
        "UPDATE payments SET role = 'primary' WHERE id = {second_on_order}",
        also="I04 I20 J09",
    ),
    _plant(
        "I02",
        "one attempt twice",
        "ALTER TABLE payments DROP CONSTRAINT payments_gateway_payment_key",
        f"INSERT INTO payments ({_PAYMENT}) SELECT {_PAYMENT} FROM payments WHERE id = {{failed}}",
    ),
    _plant("I03", "another amount", "UPDATE orders SET amount_paise = 100 WHERE id = {paid_order}"),
    _plant("I03", "another currency", "UPDATE payments SET currency = 'USD' WHERE id = {kept}"),
    _plant(
        "I03",
        "its order is not paid",
        "UPDATE orders SET status = 'surplus', paid_at = NULL WHERE id = {paid_order}",
        also="J03",
    ),
    _plant(
        "I04",
        "the period is gone",
        "DELETE FROM subscription_periods WHERE payment_id = {kept}",
        "UPDATE subscriptions SET status = 'pending', current_period_end = NULL WHERE id = {subscription}",
    ),
    _plant(
        "I05",
        "two periods",
        "ALTER TABLE subscription_periods DROP CONSTRAINT subscription_periods_payment_key",
        "INSERT INTO subscription_periods (subscription_id, plan_id, payment_id, starts_at, ends_at, revoked_at)"
        " SELECT subscription_id, plan_id, payment_id, ends_at, ends_at + interval '1 day', now()"
        " FROM subscription_periods WHERE payment_id = {returned}",
    ),
    _plant(
        "I06",
        "active without a period",
        "UPDATE subscriptions SET status = 'active' WHERE id = {idle_subscription}",
    ),
    _plant(
        "I06",
        "the period has no reason",
        "ALTER TABLE subscription_periods DROP CONSTRAINT subscription_periods_one_reason",
        "UPDATE subscription_periods SET grant_id = NULL WHERE grant_id IS NOT NULL",
        also="J13",
    ),
    _plant(
        "I07",
        "overlapping periods",
        "ALTER TABLE subscription_periods DROP CONSTRAINT subscription_periods_no_overlap",
        "UPDATE subscription_periods SET starts_at = starts_at - interval '1 day'"
        " WHERE grant_id = (SELECT max(id) FROM grants)",
    ),
    _plant(
        "I08",
        "another end",
        "UPDATE subscriptions SET current_period_end = current_period_end + interval '1 day' WHERE id = {subscription}",
    ),
    _plant(
        "I09",
        "a transaction of one side",
        "UPDATE ledger_entries SET txn_id = gen_random_uuid()"
        " WHERE payment_id = {kept} AND account = 'sales' AND refund_id IS NULL",
    ),
    _plant(
        "I10",
        "money out of nothing",
        "INSERT INTO ledger_entries (txn_id, account, amount_paise, currency, payment_id)"
        " SELECT '00000000-0000-4000-8000-000000000001', account, paise, 'INR', {failed}"
        " FROM (VALUES ('gateway_receivable', 1), ('sales', -1)) AS entries (account, paise)",
    ),
    _plant(
        "I11",
        "more than was paid",
        "INSERT INTO refunds (refund_key, payment_id, gateway, amount_paise, gateway_amount_paise, status, reason)"
        " SELECT 'TOOMUCH', id, gateway, amount_paise + 1, amount_paise + 1, 'pending', 'a test'"
        " FROM payments WHERE id = {kept}",
    ),
    _plant(
        "I12",
        "one refund of the gateway for two of ours",
        "ALTER TABLE refunds DROP CONSTRAINT refunds_gateway_refund_key",
        "INSERT INTO refunds (refund_key, payment_id, gateway, amount_paise, gateway_amount_paise, status, reason,"
        " gateway_refund_id)"
        " SELECT 'HALF' || n, id, gateway, 1, 1, 'pending', 'a test', 'R77' FROM payments, generate_series(1, 2) n"
        " WHERE id = {kept}",
    ),
    _plant(
        "I12",
        "one intention twice",
        "ALTER TABLE refunds DROP CONSTRAINT refunds_refund_key_key",
        "INSERT INTO refunds (refund_key, payment_id, gateway, amount_paise, gateway_amount_paise, status, reason)"
        " SELECT 'TWICE', id, gateway, 1, 1, 'pending', 'a test' FROM payments, generate_series(1, 2)"
        " WHERE id = {kept}",
    ),
    _plant(
        "I13",
        "access stays",
        "UPDATE subscription_periods SET revoked_at = NULL WHERE payment_id = {returned}",
        "UPDATE subscriptions s SET status = 'active', current_period_end = p.ends_at FROM subscription_periods p"
        " WHERE p.subscription_id = s.id AND p.payment_id = {returned}",
    ),
    _plant(
        "I14",
        "nobody returns it",
        "UPDATE payments SET created_at = now() - interval '61 minutes'"
        " WHERE id = (SELECT payment_id FROM refunds WHERE id = {intended})",
        "UPDATE refunds SET status = 'failed' WHERE id = {intended}",
    ),
    _plant(
        "I14",
        "the gateway did not return it",
        "UPDATE payments SET created_at = now() - interval '25 hours' WHERE id = {second_on_order}",
    ),
    _plant(
        "I15",
        "a payment that we do not have",
        f"INSERT INTO reported_movements ({_MOVEMENT})"
        " SELECT gateway, 'payment', 'LOST1', id, 'LOST1', amount_paise, 'INR', now() FROM orders"
        " WHERE id = {open_order}",
    ),
    _plant(
        "I15",
        "another amount",
        "UPDATE reported_movements SET amount_paise = amount_paise + 1"
        " WHERE movement_id = (SELECT gateway_payment_id FROM payments WHERE id = {kept})",
    ),
    _plant(
        "I15",
        "a payment that we call failed",
        f"INSERT INTO reported_movements ({_MOVEMENT})"
        " SELECT gateway, 'payment', gateway_payment_id, order_id, gateway_payment_id, amount_paise, 'INR', now()"
        " FROM payments WHERE id = {failed}",
    ),
    _plant(
        "I16",
        "a payment that was not reported",
        "DELETE FROM reported_movements WHERE kind = 'payment'"
        " AND movement_id = (SELECT gateway_payment_id FROM payments WHERE id = {kept})",
    ),
    _plant(
        "I17",
        "open for too long",
        "UPDATE orders SET created_at = now() - interval '46 minutes' WHERE id = {open_order}",
    ),
    _plant(
        "I18",
        "a message that led to nothing",
        "UPDATE gateway_events SET status = 'new', processed_at = NULL, received_at = now() - interval '6 minutes'",
    ),
    _plant(
        "I19",
        "a message twice",
        "ALTER TABLE gateway_events DROP CONSTRAINT gateway_events_once",
        "INSERT INTO gateway_events (gateway, dedupe_key, event_type, order_id, body, status)"
        " SELECT gateway, dedupe_key, event_type, order_id, body, status FROM gateway_events",
    ),
    _plant(
        "I20",
        "no receipt",
        "DELETE FROM emails WHERE dedupe_key = (SELECT 'receipt:' || gateway || ':' || gateway_payment_id"
        " FROM payments WHERE id = {kept})",
    ),
    _plant(
        "I20",
        "two receipts",
        "ALTER TABLE emails DROP CONSTRAINT emails_dedupe_key_key",
        "INSERT INTO emails (kind, dedupe_key, to_address, subject, text_body, html_body, message_id)"
        " SELECT kind, dedupe_key, to_address, subject, text_body, html_body, '<second@example.com>' FROM emails"
        " WHERE dedupe_key ="
        " (SELECT 'receipt:' || gateway || ':' || gateway_payment_id FROM payments WHERE id = {kept})",
    ),
    _plant(
        "I21",
        "a mail that nobody tried",
        "UPDATE emails SET status = 'queued', sent_at = NULL, created_at = now() - interval '61 minutes'"
        " WHERE id = (SELECT min(id) FROM emails)",
    ),
    _plant(
        "I26",
        "one address twice",
        "ALTER TABLE users DROP CONSTRAINT users_email_key, DROP CONSTRAINT users_email_shape",
        "UPDATE users SET email = ' Asha@Example.com' WHERE id = {visitor}",
    ),
    _plant(
        "I27",
        "a disabled account is logged in",
        "UPDATE users SET status = 'disabled' WHERE id = {visitor}",
    ),
    _plant(
        "I27",
        "a deleted account is logged in",
        "UPDATE users SET deleted_at = now() WHERE id = {visitor}",
    ),
    _plant("I29", "given by no admin", "UPDATE users SET role = 'subscriber' WHERE id = {admin}"),
    _plant("I29", "not in the audit log", "DELETE FROM audit_log WHERE object LIKE 'grant:%'", also="J15"),
    _plant(
        "I29",
        "without a reason",
        "ALTER TABLE grants DROP CONSTRAINT grants_reason_given",
        "UPDATE grants SET reason = ' ' WHERE id = (SELECT max(id) FROM grants)",
    ),
    _plant(
        "I33",
        "a refund that we do not have",
        f"INSERT INTO reported_movements ({_MOVEMENT})"
        " SELECT gateway, 'refund', 'LOST2', order_id, gateway_payment_id, 100, 'INR', now()"
        " FROM payments WHERE id = {kept}",
    ),
    _plant(
        "I33",
        "another amount",
        "UPDATE reported_movements SET amount_paise = 1 WHERE kind = 'refund'"
        " AND movement_id = (SELECT gateway_refund_id FROM refunds WHERE id = {processed})",
    ),
    _plant(
        "J01",
        "paid at no time",
        "ALTER TABLE orders DROP CONSTRAINT orders_paid_has_time",
        "UPDATE orders SET paid_at = NULL WHERE id = {paid_order}",
    ),
    _plant(
        "J02",
        "a payment in another purchase",
        "UPDATE payments SET checkout_id = gen_random_uuid() WHERE id = {failed}",
    ),
    _plant(
        "J02",
        "an order in somebody else's purchase",
        "UPDATE checkouts SET user_id = {admin}"
        " WHERE id = (SELECT checkout_id FROM orders WHERE id = {open_order})",
    ),
    _plant(
        "J03",
        "money on an order that is only expired",
        "UPDATE orders SET status = 'expired' WHERE id = {surplus_order}",
    ),
    _plant(
        "J03",
        "surplus without money",
        "UPDATE orders SET status = 'surplus' WHERE id = {open_order}",
    ),
    _plant(
        "J04",
        "a paid purchase is open",
        "UPDATE checkouts SET closed_at = NULL"
        " WHERE id = (SELECT checkout_id FROM orders WHERE id = {paid_order})",
    ),
    _plant("J05", "nobody was called", "DELETE FROM alarms"),
    _plant(
        "J06",
        "held without a quarantine",
        "UPDATE payments SET status = 'held' WHERE id = {failed}",
    ),
    _plant(
        "J07",
        "refunded and nothing went back",
        "UPDATE payments SET status = 'refunded' WHERE id = {kept}",
    ),
    _plant(
        "J07",
        "all went back and it is not refunded",
        "UPDATE payments SET status = 'captured' WHERE id = {returned}",
    ),
    _plant(
        "J08",
        "an intention that nobody carries out",
        "UPDATE refunds SET created_at = now() - interval '61 minutes' WHERE id = {intended}",
    ),
    _plant(
        "J09",
        "a sale that is booked as a debt",
        "UPDATE ledger_entries SET account = 'owed_to_buyers'"
        " WHERE payment_id = {kept} AND account = 'sales' AND refund_id IS NULL",
    ),
    _plant(
        "J09",
        "not booked",
        "DELETE FROM ledger_entries WHERE payment_id = {second_on_order}",
        also="I10",
    ),
    _plant(
        "J10",
        "not booked",
        "DELETE FROM ledger_entries WHERE refund_id = {processed}",
        also="I10",
    ),
    _plant(
        "J10",
        "booked twice",
        "DROP INDEX ledger_entries_once_per_refund",
        "INSERT INTO ledger_entries (txn_id, account, amount_paise, currency, payment_id, refund_id)"
        " SELECT '00000000-0000-4000-8000-000000000002', account, amount_paise, currency, payment_id, refund_id"
        " FROM ledger_entries WHERE refund_id = {processed}",
        also="I10",
    ),
    _plant(
        "J11",
        "a refund that was not reported",
        "DELETE FROM reported_movements WHERE kind = 'refund'"
        " AND movement_id = (SELECT gateway_refund_id FROM refunds WHERE id = {processed})",
    ),
    _plant(
        "J12",
        "a live period is stored as expired",
        "UPDATE subscriptions SET status = 'expired' WHERE id = {subscription}",
    ),
    _plant(
        "J13",
        "a period for somebody else",
        "UPDATE grants SET user_id = {visitor} WHERE id = (SELECT max(id) FROM grants)",
    ),
    _plant(
        "J14",
        "a success that led to nothing",
        "INSERT INTO gateway_events (gateway, dedupe_key, event_type, order_id, body, status)"
        " SELECT gateway, 'planted', 'PAYMENT_SUCCESS_WEBHOOK', id, 'b', 'processed' FROM orders"
        " WHERE id = {open_order}",
    ),
    _plant(
        "I28",
        "two links that both work",
        "DROP INDEX email_tokens_one_usable",
        "INSERT INTO email_tokens (purpose, user_id, email, expires_at)"
        " SELECT 'reset_password', {visitor}, 'nila@example.com', now() + interval '1 hour' FROM generate_series(1, 2)",
    ),
    _plant(
        "J15",
        "an entry that is no link",
        "DELETE FROM audit_chain WHERE position = (SELECT max(position) FROM audit_chain)",
    ),
    _plant(
        "J15",
        "an entry that was removed",
        "DELETE FROM audit_log WHERE action = 'registered'",
    ),
    _plant(
        "J15",
        "an entry that was removed with its link",
        "DELETE FROM audit_chain WHERE position = 1",
        "DELETE FROM audit_log WHERE id = (SELECT min(id) FROM audit_log)",
    ),
)
