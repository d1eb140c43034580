"""Deliberate mistakes about Razorpay, and about two gateways at once. See `tests.faults.mutants`."""

from __future__ import annotations

from tests.faults.mistakes import Mutant, mistake

RAZORPAY_MUTANTS: tuple[Mutant, ...] = (
    mistake(
        "an authorised payment counts as money", "F22",
        ("gateways.razorpay_mapping",
         '    "authorized": GatewayPaymentStatus.AUTHORIZED,\n',
         '    "authorized": GatewayPaymentStatus.SUCCESS,\n'),
    ),
    mistake(
        "money that a bank holds is never captured", "F22",
        ("billing.settlement", "    if payment is None:\n        return observed, None\n",
         "    if True:\n        return observed, None\n"),
    ),
    mistake(
        "a held duplicate is captured", "F18",
        ("domain.captures", "        if role is PaymentRole.PRIMARY:\n", "        if role is not None:\n"),
    ),
    mistake(
        "held money of a paid order is captured", "F27",
        ("domain.captures",
         "    if has_come or not MONEY.isdisjoint(known.payments.values()):\n        return None\n",
         ""),
        ("domain.captures", "        if role is PaymentRole.PRIMARY:\n", "        if role is not None:\n"),
    ),
    mistake(
        "money that went back uncaptured counts as ours", "F18",
        ("gateways.razorpay_mapping",
         "        return GatewayPaymentStatus.SUCCESS if was_captured else GatewayPaymentStatus.CANCELLED\n",
         "        return GatewayPaymentStatus.SUCCESS\n"),
    ),
    mistake(
        "order.paid and payment.captured are both counted", "F31",
        ("domain.orders",
         "        if recorded in MONEY or payment.status is GatewayPaymentStatus.NOT_STARTED:\n",
         "        if payment.status is GatewayPaymentStatus.NOT_STARTED:\n"),
        ("database.payments",
         "        ON CONFLICT ON CONSTRAINT payments_gateway_payment_key DO UPDATE\n",
         "        ON CONFLICT (id) DO UPDATE\n"),
        sql="ALTER TABLE payments DROP CONSTRAINT payments_gateway_payment_key",
    ),
    mistake(
        "a duplicate at the other gateway buys access as well", "F18",
        ("database.payments",
         "WHERE checkout_id = :checkout_id AND role = 'primary'\"),\n        {\"checkout_id\": order.checkout_id},\n",
         "WHERE checkout_id = :checkout_id AND role = 'primary' AND gateway = :gateway\"),\n"
         "        {\"checkout_id\": order.checkout_id, \"gateway\": order.gateway},\n"),
        sql="DROP INDEX payments_one_primary_per_checkout",
    ),
    mistake(
        "the other gateway begins a purchase of its own", "F18",
        ("billing.checkout",
         "            _put_aside(services, conn, found, chosen, now)\n",
         "            _put_aside(services, conn, found, chosen, now)\n"
         "            if found.gateway != chosen_gateway:\n"
         "                orders.close_checkout(conn, checkout_id, now=now)\n"
         "                checkout_id = orders.open_checkout(conn, user.id)\n"),
    ),
    mistake(
        "create is repeated blindly after a time-out", "F11",
        ("gateways.razorpay",
         "            found = self._find_after(lost, request.order_id, deadline)\n",
         "            found = order_from(\n"
         "                self._api.post_once(\n"
         "                    \"create_order\", request.order_id, \"/orders\", order_payload(request), deadline\n"
         "                ),\n"
         "                order_id=request.order_id,\n"
         "            )\n"),
    ),
    mistake(
        "an order that may exist is not searched first", "F11",
        ("gateways.razorpay", "        if request.may_exist and (", "        if False and ("),
    ),
    mistake(
        "the second number of an order replaces the first", "F14",
        ("database.orders",
         "            gateway_order_id = coalesce(gateway_order_id, :gateway_order_id),\n"
         "            payment_session_id = CASE\n"
         "                WHEN gateway_order_id <> :gateway_order_id THEN payment_session_id\n"
         "                ELSE coalesce(:payment_session_id, payment_session_id)\n"
         "            END,\n",
         "            gateway_order_id = :gateway_order_id, payment_session_id = :payment_session_id,\n"),
    ),
    mistake(
        "the form says for which order it was signed", "F23",
        ("gateways.razorpay",
         "        return claimed_payment(order.gateway_order_id, form",
         "        return claimed_payment(form.get(\"razorpay_order_id\", \"\"), form"),
    ),
    mistake(
        "a capture that came second is an error", "F40",
        ("gateways.razorpay",
         "(GatewayUnavailable, GatewayReplyInvalid, GatewayRequestRejected, GatewayConflict) as trouble:\n",
         "GatewayReplyInvalid as trouble:\n"),
    ),
    mistake(
        "a refund at Razorpay has a new key each time", "F43",
        ("gateways.razorpay_api",
         'headers = {"X-Refund-Idempotency": REFUND_KEY_PREFIX + refund_id}\n',
         'headers = {"X-Refund-Idempotency": f"refund-at-{int(self.http._clock())}"}\n'),
    ),
    mistake(
        "one gateway's outage keeps the sweep from the other", "F19",
        ("billing.reconciliation",
         "        if gateway in left_alone:\n            continue\n",
         "        if left_alone:\n            continue\n"),
    ),
    mistake(
        "whoever leaves a gateway that is out is held back", "F19",
        ("billing.checkout",
         "        if gateway in {None, order.gateway} and order.gateway in services.gateways:\n            raise\n",
         "        raise\n"),
    ),
)  # fmt: skip
