"""Violations of the invariants of money: orders, payments, refunds and the ledger."""

from __future__ import annotations

from tests.database.planted.violation import plant

_PAYMENT = (
    "order_id, checkout_id, gateway, gateway_payment_id, amount_paise, currency, charged_paise, "
    "charged_currency, role, status"
)

_MOVEMENT = "gateway, kind, movement_id, order_id, gateway_payment_id, amount_paise, currency, occurred_at"

PLANTED = (
    plant(
        "I01",
        "paid without a payment",
        "UPDATE orders SET status = 'paid', paid_at = now() WHERE id = {open_order}",
    ),
    plant(
        "I01",
        "two primary payments",
        "DROP INDEX payments_one_primary_per_order",
        "DROP INDEX payments_one_primary_per_checkout",
        "UPDATE payments SET role = 'primary' WHERE id = {second_on_order}",
        also="I04 I20 J09 J17",
    ),
    plant(
        "I02",
        "one attempt twice",
        "ALTER TABLE payments DROP CONSTRAINT payments_gateway_payment_key",
        f"INSERT INTO payments ({_PAYMENT}) SELECT {_PAYMENT} FROM payments WHERE id = {{failed}}",
    ),
    plant("I03", "another amount", "UPDATE orders SET amount_paise = 100 WHERE id = {paid_order}"),
    plant("I03", "another currency", "UPDATE payments SET currency = 'USD' WHERE id = {kept}"),
    plant(
        "I03",
        "its order is not paid",
        "UPDATE orders SET status = 'surplus', paid_at = NULL WHERE id = {paid_order}",
        also="J03",
    ),
    plant(
        "I09",
        "a transaction of one side",
        "UPDATE ledger_entries SET txn_id = gen_random_uuid()"
        " WHERE payment_id = {kept} AND account = 'sales' AND refund_id IS NULL",
    ),
    plant(
        "I10",
        "money out of nothing",
        "INSERT INTO ledger_entries (txn_id, account, amount_paise, currency, payment_id)"
        " SELECT '00000000-0000-4000-8000-000000000001', account, paise, 'INR', {failed}"
        " FROM (VALUES ('gateway_receivable', 1), ('sales', -1)) AS entries (account, paise)",
    ),
    plant(
        "I11",
        "more than was paid",
        "INSERT INTO refunds (refund_key, payment_id, gateway, amount_paise, gateway_amount_paise, status, reason)"
        " SELECT 'TOOMUCH', id, gateway, amount_paise + 1, amount_paise + 1, 'pending', 'a test'"
        " FROM payments WHERE id = {kept}",
    ),
    plant(
        "I12",
        "one refund of the gateway for two of ours",
        "ALTER TABLE refunds DROP CONSTRAINT refunds_gateway_refund_key",
        "INSERT INTO refunds (refund_key, payment_id, gateway, amount_paise, gateway_amount_paise, status, reason,"
        " gateway_refund_id)"
        " SELECT 'HALF' || n, id, gateway, 1, 1, 'pending', 'a test', 'R77' FROM payments, generate_series(1, 2) n"
        " WHERE id = {kept}",
    ),
    plant(
        "I12",
        "one intention twice",
        "ALTER TABLE refunds DROP CONSTRAINT refunds_refund_key_key",
        "INSERT INTO refunds (refund_key, payment_id, gateway, amount_paise, gateway_amount_paise, status, reason)"
        " SELECT 'TWICE', id, gateway, 1, 1, 'pending', 'a test' FROM payments, generate_series(1, 2)"
        " WHERE id = {kept}",
    ),
    plant(
        "I14",
        "nobody returns it",
        "UPDATE payments SET created_at = now() - interval '61 minutes'"
        " WHERE id = (SELECT payment_id FROM refunds WHERE id = {intended})",
        "UPDATE refunds SET status = 'failed' WHERE id = {intended}",
    ),
    plant(
        "I14",
        "the gateway did not return it",
        "UPDATE payments SET created_at = now() - interval '25 hours' WHERE id = {second_on_order}",
    ),
    plant(
        "I15",
        "a payment that we do not have",
        f"INSERT INTO reported_movements ({_MOVEMENT})"
        " SELECT gateway, 'payment', 'LOST1', id, 'LOST1', amount_paise, 'INR', now() FROM orders"
        " WHERE id = {open_order}",
    ),
    plant(
        "I15",
        "another amount",
        "UPDATE reported_movements SET amount_paise = amount_paise + 1"
        " WHERE movement_id = (SELECT gateway_payment_id FROM payments WHERE id = {kept})",
    ),
    plant(
        "I15",
        "a payment that we call failed",
        f"INSERT INTO reported_movements ({_MOVEMENT})"
        " SELECT gateway, 'payment', gateway_payment_id, order_id, gateway_payment_id, amount_paise, 'INR', now()"
        " FROM payments WHERE id = {failed}",
    ),
    plant(
        "I16",
        "a payment that was not reported",
        "DELETE FROM reported_movements WHERE kind = 'payment'"
        " AND movement_id = (SELECT gateway_payment_id FROM payments WHERE id = {kept})",
    ),
    plant(
        "I17",
        "open for too long",
        "UPDATE orders SET created_at = now() - interval '46 minutes' WHERE id = {open_order}",
    ),
    plant(
        "I33",
        "a refund that we do not have",
        f"INSERT INTO reported_movements ({_MOVEMENT})"
        " SELECT gateway, 'refund', 'LOST2', order_id, gateway_payment_id, 100, 'INR', now()"
        " FROM payments WHERE id = {kept}",
    ),
    plant(
        "I33",
        "another amount",
        "UPDATE reported_movements SET amount_paise = 1 WHERE kind = 'refund'"
        " AND movement_id = (SELECT gateway_refund_id FROM refunds WHERE id = {processed})",
    ),
    plant(
        "J01",
        "paid at no time",
        "ALTER TABLE orders DROP CONSTRAINT orders_paid_has_time",
        "UPDATE orders SET paid_at = NULL WHERE id = {paid_order}",
    ),
    plant(
        "J02",
        "a payment in another purchase",
        "UPDATE payments SET checkout_id = gen_random_uuid() WHERE id = {failed}",
    ),
    plant(
        "J02",
        "an order in somebody else's purchase",
        "UPDATE checkouts SET user_id = {admin}"
        " WHERE id = (SELECT checkout_id FROM orders WHERE id = {open_order})",
    ),
    plant(
        "J03",
        "money on an order that is only expired",
        "UPDATE orders SET status = 'expired' WHERE id = {surplus_order}",
    ),
    plant(
        "J03",
        "surplus without money",
        "UPDATE orders SET status = 'surplus' WHERE id = {open_order}",
    ),
    plant(
        "J04",
        "a paid purchase is open",
        "UPDATE checkouts SET closed_at = NULL"
        " WHERE id = (SELECT checkout_id FROM orders WHERE id = {paid_order})",
    ),
    plant("J05", "nobody was called", "DELETE FROM alarms"),
    plant(
        "J06",
        "held without a quarantine",
        "UPDATE payments SET status = 'held' WHERE id = {failed}",
    ),
    plant(
        "J07",
        "refunded and nothing went back",
        "UPDATE payments SET status = 'refunded' WHERE id = {kept}",
    ),
    plant(
        "J07",
        "all went back and it is not refunded",
        "UPDATE payments SET status = 'captured' WHERE id = {returned}",
    ),
    plant(
        "J08",
        "an intention that nobody carries out",
        "UPDATE refunds SET created_at = now() - interval '61 minutes' WHERE id = {intended}",
    ),
    plant(
        "J09",
        "a sale that is booked as a debt",
        "UPDATE ledger_entries SET account = 'owed_to_buyers'"
        " WHERE payment_id = {kept} AND account = 'sales' AND refund_id IS NULL",
        also="J17",
    ),
    plant(
        "J09",
        "not booked",
        "DELETE FROM ledger_entries WHERE payment_id = {second_on_order}",
        also="I10 J17",
    ),
    plant(
        "J10",
        "not booked",
        "DELETE FROM ledger_entries WHERE refund_id = {processed}",
        also="I10",
    ),
    plant(
        "J10",
        "booked twice",
        "DROP INDEX ledger_entries_once_per_refund",
        "INSERT INTO ledger_entries (txn_id, account, amount_paise, currency, payment_id, refund_id)"
        " SELECT '00000000-0000-4000-8000-000000000002', account, amount_paise, currency, payment_id, refund_id"
        " FROM ledger_entries WHERE refund_id = {processed}",
        also="I10",
    ),
    plant(
        "J11",
        "a refund that was not reported",
        "DELETE FROM reported_movements WHERE kind = 'refund'"
        " AND movement_id = (SELECT gateway_refund_id FROM refunds WHERE id = {processed})",
    ),
    plant(
        "J16",
        "not booked",
        "DELETE FROM ledger_entries WHERE hand_return_id IS NOT NULL",
        also="J17",
    ),
    plant(
        "J16",
        "booked twice",
        "DROP INDEX ledger_entries_once_per_hand_return",
        "INSERT INTO ledger_entries (txn_id, account, amount_paise, currency, payment_id, hand_return_id)"
        " SELECT '00000000-0000-4000-8000-000000000003', account, amount_paise, currency, payment_id, hand_return_id"
        " FROM ledger_entries WHERE hand_return_id IS NOT NULL",
        also="J17",
    ),
    plant(
        "J16",
        "another amount",
        "UPDATE hand_returns SET amount_paise = amount_paise - 1",
        also="J17",
    ),
    plant(
        "J16",
        "nobody wrote it down",
        "UPDATE hand_returns SET admin_id = {visitor}",
    ),
    plant(
        "J16",
        "written down and not returned",
        "INSERT INTO audit_log (actor_id, action, object, detail)"
        " VALUES ({admin}, 'settled_by_hand', 'payment:' || {second_on_order}, '{{}}')",
        # What makes an entry a link of the chain is off here.
        also="J15",
    ),
    plant(
        "J17",
        "a debt that nothing explains",
        "DROP INDEX ledger_entries_once_per_payment",
        "INSERT INTO ledger_entries (txn_id, account, amount_paise, currency, payment_id, refund_id)"
        " SELECT '00000000-0000-4000-8000-000000000004', account, paise, 'INR', {kept}, NULL"
        " FROM (VALUES ('owed_to_buyers', -100), ('sales', 100)) AS side (account, paise)",
        also="J09",
    ),
)
