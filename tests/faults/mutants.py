"""Deliberate mistakes in the production code, which the fault tests have to find. Nothing here runs in production.

A mistake is one or more edits of a module's text (each old text stands there exactly once), and SQL where it also
takes a rule out of the schema that would stop it. `row` is the fault that brings the mistake to light.
"""

from __future__ import annotations

from tests.faults.mistakes import Mutant
from tests.faults.mistakes import mistake as _of
from tests.faults.razorpay_mutants import RAZORPAY_MUTANTS

MUTANTS: tuple[Mutant, ...] = (
    _of(
        "acknowledge a webhook before it is committed", "F30",
        ("web.webhooks",
         "    return payment_handler.receive_webhook(get_services(), gateway, headers, body)\n",
         "    try:\n        return payment_handler.receive_webhook(get_services(), gateway, headers, body)\n"
         "    except (WebhookRefused, GatewayUnavailable):\n        raise\n"
         "    except BaseException:\n        return True\n"),
    ),
    _of(
        "no unique key on events", "F31",
        ("database.events", "        ON CONFLICT ON CONSTRAINT gateway_events_once DO NOTHING\n", ""),
        sql="ALTER TABLE gateway_events DROP CONSTRAINT gateway_events_once",
    ),
    _of(
        "no unique key on payments", "F31",
        ("database.payments",
         "        ON CONFLICT ON CONSTRAINT payments_gateway_payment_key DO UPDATE\n",
         "        ON CONFLICT (id) DO UPDATE\n"),
        sql="ALTER TABLE payments DROP CONSTRAINT payments_gateway_payment_key",
    ),
    _of(
        "a repeated event is known by its time stamp", "F31",
        ("gateways.cashfree_webhooks",
         "dedupe_key=hashlib.sha256(body).hexdigest(),",
         "dedupe_key=hashlib.sha256(stamp.encode() + body).hexdigest(),"),
    ),
    _of(
        "a forged webhook is accepted", "F34",
        ("gateways.cashfree_webhooks", "    if not is_genuine or is_shifted:\n", "    if is_shifted:\n"),
    ),
    _of(
        "the amount that the bank was charged is trusted", "F28",
        ("gateways.cashfree_mapping",
         '    amount_paise, currency = paise_of(fields, "order_amount"), currency_of(fields, "order_currency")\n'
         '    error = ',
         '    amount_paise, currency = paise_of(fields, "payment_amount"), currency_of(fields, "order_currency")\n'
         '    error = '),
    ),
    _of(
        "a payment over another amount is accepted", "F28",
        ("domain.observations",
         "        if is_paid and (payment.amount_paise, payment.currency) != (order.amount_paise, order.currency):\n",
         "        if is_paid and payment.currency != order.currency:\n"),
    ),
    _of(
        "money is calculated in floats", "F28",
        ("domain.money", "    return int(exact * PAISE_PER_RUPEE)\n", "    return int(float(exact) * 100)\n"),
    ),
    _of(
        "only the first attempt is read", "F25",
        ("domain.orders",
         "    for payment in sorted(in_time, key=lambda p: p.gateway_payment_id in given_up or p in returned):\n",
         "    for payment in observed.payments[:1]:\n"),
    ),
    _of(
        "a failed attempt is final", "F25",
        ("domain.orders",
         "        if recorded in MONEY or payment.status is GatewayPaymentStatus.NOT_STARTED:\n",
         "        if recorded not in (None, PaymentStatus.PENDING):\n"),
    ),
    _of(
        "an old look overwrites a newer one", "F32",
        ("domain.orders",
         "        is_new = recorded is None or (\n"
         "            recorded is PaymentStatus.PENDING and status is not PaymentStatus.PENDING\n"
         "        )\n",
         "        is_new = recorded is not status\n"),
    ),
    _of(
        "an order's status moves back", "F32",
        ("domain.orders",
         "    return following if may_move(order.status, following) else order.status\n",
         "    return following\n"),
        sql="DROP TRIGGER orders_edges ON orders; DROP INDEX orders_one_open",
    ),
    _of(
        "a refund's status moves back", "F32",
        ("domain.refunds", "    return _RANK[following] > _RANK[current]\n", "    return following is not current\n"),
        sql="DROP TRIGGER refunds_within_payment ON refunds",
    ),
    _of(
        "a time-out counts as a failure", "F11",
        ("billing.checkout",
         "        _note_failure(services, order, OrderStatus.UNKNOWN, exc)\n",
         "        _note_failure(services, order, OrderStatus.FAILED, exc)\n"),
    ),
    _of(
        "our row is written after the gateway's call", "F10",
        ("billing.checkout",
         "        order_id = new_order_id()\n        orders.insert(\n",
         "        order_id = new_order_id()\n"
         "        early = Order(order_id, checkout_id, user.id, chosen.id, 1, chosen.amount_paise, chosen.currency,\n"
         "                      'cashfree', OrderStatus.CREATING, None, now + ORDER_LIFETIME, now)\n"
         "        services.gateway('cashfree').create_order(_request(services, user, early))\n"
         "        orders.insert(\n"),
    ),
    _of(
        "users and orders are not locked", "F40",
        ("database.users",
         "FROM users WHERE id = :id FOR NO KEY UPDATE",
         "FROM users WHERE id = :id"),
        ("database.orders", "SELECT 1 FROM orders WHERE id = :id FOR UPDATE", "SELECT 1 FROM orders WHERE id = :id"),
    ),
    _of(
        "a period is given for each success", "F27",
        ("domain.orders",
         "    if primary_order_id == order.id:\n        return PaymentRole.DUPLICATE, None\n",
         "    if primary_order_id == order.id:\n        return PaymentRole.PRIMARY, None\n"),
        sql="DROP INDEX payments_one_primary_per_order; DROP INDEX payments_one_primary_per_checkout",
    ),
    _of(
        "a duplicate buys access as well", "F18",
        ("billing.settlement",
         "    if change.role is PaymentRole.PRIMARY:\n        period = ",
         "    if change.role is not None:\n        period = "),
    ),
    _of(
        "a duplicate is not returned", "F18",
        ("domain.orders",
         '        return PaymentRole.DUPLICATE, "paid twice in one checkout"\n',
         "        return PaymentRole.DUPLICATE, None\n"),
        ("domain.orders",
         '            alarms.append(f"{money_to_return(change.payment.gateway_payment_id)} {why}")\n',
         "            pass\n"),
    ),
    _of(
        "a second success on one order is refunded by order", "F27",
        ("domain.orders",
         "        return PaymentRole.DUPLICATE, None\n",
         '        return PaymentRole.DUPLICATE, "paid twice"\n'),
        ("domain.orders",
         "            if has_money or is_returned:\n                reason = None\n",
         ""),
    ),
    _of(
        "late money is ignored", "F26",
        ("domain.orders",
         "    reason = contradiction(order, known, observed)\n    if reason is not None:\n",
         "    if order.status is OrderStatus.EXPIRED:\n        return Settlement(order.status)\n"
         "    reason = contradiction(order, known, observed)\n    if reason is not None:\n"),
    ),
    _of(
        "expiry is final for the sweep", "F26",
        ("database.unfinished",
         "            WHERE o.status NOT IN ('paid', 'surplus', 'quarantined')\n"
         "              AND (o.created_at > :orders_since ",
         "            WHERE o.status NOT IN ('paid', 'surplus', 'quarantined', 'expired', 'superseded', 'terminated')\n"
         "              AND (o.created_at > :orders_since "),
    ),
    _of(
        "the sweep skips unknown orders", "F22",
        ("database.unfinished",
         "            WHERE o.status NOT IN ('paid', 'surplus', 'quarantined')\n"
         "              AND (o.created_at > :orders_since ",
         "            WHERE o.status NOT IN ('paid', 'surplus', 'quarantined', 'unknown', 'creating')\n"
         "              AND (o.created_at > :orders_since "),
    ),
    _of(
        "money after expiry buys access though it should go back", "F26",
        ("billing.settlement",
         '        payments.known(conn, order, observed),\n        observed,\n'
         '        refund_late=services.settings.late_payment == "refund",\n',
         "        payments.known(conn, order, observed),\n        observed,\n        refund_late=False,\n"),
    ),
    _of(
        "anybody may see an order", "F23",
        ("database.orders",
         '"WHERE o.id = :id AND o.user_id = :user_id", id=order_id, user_id=user_id)',
         '"WHERE o.id = :id", id=order_id)'),
    ),
    _of(
        "the receipt is sent twice", "F40",
        ("billing.mails",
         '    defer_mail(services, conn, "receipt", cause, user_id=user.id, to=user.email, mail=mail)\n',
         '    defer_mail(services, conn, "receipt", cause, user_id=user.id, to=user.email, mail=mail)\n'
         '    defer_mail(services, conn, "receipt", cause + "again", user_id=user.id, to=user.email, mail=mail)\n'),
    ),
    _of(
        "the ledger's sign is wrong", "F40",
        ("billing.settlement",
         '{"gateway_receivable": amount, account: -amount}',
         '{"gateway_receivable": -amount, account: amount}'),
    ),
    _of(
        "the ledger misses refunds", "F27",
        ("billing.refunds",
         '{account: refund.amount_paise, "gateway_receivable": -refund.amount_paise}',
         '{account: refund.amount_paise, "sales": -refund.amount_paise}'),
    ),
    _of(
        "a refund is asked for under a new id each time", "F43",
        ("billing.refunds", "            refund_id=refund_key,\n            gateway",
         "            refund_id=new_refund_key(),\n            gateway"),
    ),
    _of(
        "an intended refund is never queued", "F30",
        ("billing.refunds", "    services.queue.defer(conn, Job.EXECUTE_REFUND, refund_key=key)\n", ""),
    ),
    _of(
        "a pending refund counts as done", "F27",
        ("domain.refunds",
         "_FROM_GATEWAY.get(refund.status, RefundStatus.PENDING)",
         "_FROM_GATEWAY.get(refund.status, RefundStatus.PROCESSED)"),
    ),
    _of(
        "a partial refund ends access", "F27",
        ("database.payments", "              AND amount_paise = :returned_paise\n",
         "              AND amount_paise >= :returned_paise\n"),
    ),
    _of(
        "a full refund keeps access", "F27",
        ("billing.refunds", "    if access_ends:\n", "    if False:\n"),
    ),
    _of(
        "a refund in the dashboard is not noticed", "F39",
        ("domain.refunds",
         "        if payment_id is None or (mine is not None and not may_rise(mine.status, status)):\n",
         "        if mine is None or not may_rise(mine.status, status):\n"),
    ),
    _of(
        "the stored status of a subscription is not refreshed", "F40",
        ("database.subscriptions",
         "    refresh(conn, row.subscription_id, now=now)\n",
         ""),
    ),
    _of(
        "an error marks the event as done", "F30",
        ("billing.inbox",
         "    if order is not None:\n        _look_because_of(services, event, order.id)\n",
         "    try:\n        if order is not None:\n            _look_because_of(services, event, order.id)\n"
         "    except Exception:\n        pass\n"),
    ),
    _of(
        "a job is queued after its cause has committed", "F30",
        ("billing.inbox",
         "        if waiting_id is not None:\n"
         "            services.queue.defer(conn, Job.PROCESS_EVENT, event_id=waiting_id)\n",
         "    if waiting_id is not None:\n        with services.engine.begin() as conn:\n"
         "            services.queue.defer(conn, Job.PROCESS_EVENT, event_id=waiting_id)\n"),
        ("billing.reconciliation", "    requeued = requeue_waiting_events(services)\n", "    requeued = 0\n"),
    ),
    _of(
        "a killed worker's job is not given back", "F30",
        ("database.queue",
         "    for job in stalled:\n        if job.has_tries:\n",
         "    for job in ():\n        if job.has_tries:\n"),
    ),
    _of(
        "a quarantined order gives access", "F28",
        ("domain.orders",
         "        return Settlement(OrderStatus.QUARANTINED, held, quarantine_reason=reason, alarms=(reason,))\n",
         "        pass\n"),
    ),
    _of(
        "the nightly comparison does not look at what it finds", "F39",
        ("billing.reconciliation",
         "    candidates = list(dict.fromkeys([*unmatched, *named, *open_orders]))\n",
         "    candidates = list(dict.fromkeys([*named, *open_orders]))\n"),
    ),
    _of(
        "a new period begins at once, over the paid one", "F41",
        ("domain.subscriptions",
         "    starts_at = _beginning(now, paid_until)\n",
         "    starts_at = now\n"),
        sql="ALTER TABLE subscription_periods DROP CONSTRAINT subscription_periods_no_overlap",
    ),
    *RAZORPAY_MUTANTS,
)  # fmt: skip

# What every test run plants; `make faults` plants all.
SMALL = (
    "acknowledge a webhook before it is committed",
    "users and orders are not locked",
    "a payment over another amount is accepted",
    "an authorised payment counts as money",
)


def find_mutant(name: str) -> Mutant:
    """The mutant of this name. Raises KeyError."""
    return {mutant.name: mutant for mutant in MUTANTS}[name]
