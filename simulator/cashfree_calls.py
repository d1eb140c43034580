"""The single calls of the REST interface: checked input in, reply entity out, no waiting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from simulator import cashfree_upi, errors, methods, orders, payments, recon, refunds, settlements, validation
from simulator.gateway import Gateway
from simulator.records import Order, Payment, SimulationRun
from simulator.wire import MalformedJson, from_json, rupees

NATIVE_OTP_LIFETIME = timedelta(minutes=5)
COLLECT_ANSWER_TIME = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call may depend on."""

    version: str
    path: Mapping[str, Any]
    body: bytes
    origin: str


def create_order(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """POST /orders"""
    wanted = validation.order_request(validation.json_object(asked.body), gateway.now())
    order = orders.create(gateway, wanted, api_version=asked.version)
    return orders.entity(order, asked.version)


def get_order(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """GET /orders/{order_id}"""
    return orders.entity(_order(gateway, asked), asked.version)


def terminate_order(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """PATCH /orders/{order_id}"""
    order = _order(gateway, asked)
    if validation.json_object(asked.body).get("order_status") != "TERMINATED":
        raise errors.invalid("order_status", "should be TERMINATED")
    orders.terminate(gateway, order)
    return orders.entity(order, asked.version)


def get_payments(gateway: Gateway, asked: Asked) -> list[dict[str, Any]]:
    """GET /orders/{order_id}/payments, newest first; the gateway promises no order."""
    order = _order(gateway, asked)
    attempts = reversed(gateway.payments_of(order))
    return [payments.entity(order, payment, asked.version) for payment in attempts]


def get_payment(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """GET /orders/{order_id}/payments/{cf_payment_id}"""
    order = _order(gateway, asked)
    payment = payments.find(gateway, order, asked.path["cf_payment_id"])
    return payments.entity(order, payment, asked.version)


def create_refund(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """POST /orders/{order_id}/refunds"""
    order = _order(gateway, asked)
    fields = validation.json_object(asked.body)
    speed = validation.text(fields, "refund_speed") or "STANDARD"
    if speed not in ("STANDARD", "INSTANT"):
        raise errors.invalid("refund_speed", "should be STANDARD or INSTANT", speed)
    refund = refunds.request(
        gateway,
        order,
        refund_id=validation.refund_id(fields),
        amount_paise=validation.amount_paise(fields, "refund_amount"),
        note=validation.text(fields, "refund_note", shortest=3, longest=100),
        speed=speed,
    )
    return refunds.entity(refund, asked.version)


def get_refunds(gateway: Gateway, asked: Asked) -> list[dict[str, Any]]:
    """GET /orders/{order_id}/refunds"""
    order = _order(gateway, asked)
    return [refunds.entity(refund, asked.version) for refund in gateway.refunds_of(order)]


def get_refund(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """GET /orders/{order_id}/refunds/{refund_id}"""
    refund = refunds.by_id(gateway, _order(gateway, asked), asked.path["refund_id"])
    if refund is None:
        raise errors.refund_not_found()
    return refunds.entity(refund, asked.version)


def get_order_settlement(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """GET /orders/{order_id}/settlements"""
    return settlements.of_order(gateway, _order(gateway, asked))


def list_settlements(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """POST /settlements"""
    return settlements.listed(gateway, validation.json_object(asked.body))


def list_ledger(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """POST /recon"""
    return recon.ledger(gateway, validation.json_object(asked.body))


def list_settled(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """POST /settlement/recon"""
    return recon.settled(gateway, validation.json_object(asked.body))


def pay_order(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """POST /orders/sessions: start an attempt from the merchant's server."""
    fields = validation.json_object(asked.body)
    order = payable_order(gateway, validation.text(fields, "payment_session_id") or "")
    method = fields.get("payment_method")
    if not isinstance(method, dict) or len(method) != 1:
        raise errors.invalid("payment_method", "should have exactly one method")
    ((name, wanted),) = method.items()
    if name not in ("card", "upi", "netbanking", "app") or not isinstance(wanted, dict):
        raise errors.ApiError(400, f"{name} is not supported", "payment_method_unsupported")
    channel = validation.text(wanted, "channel", path=f"payment_method.{name}.") or "link"
    payment = payments.start(gateway, order, _instrument(order, name, wanted, channel))
    page = f"{asked.origin}/checkout/{order.session_id}/attempts/{payment.cf_payment_id}"
    action, payload = "link", None
    url: str | None = page
    if name == "card" and channel == "post":
        action, url = "post", f"{asked.origin}/pg/orders/pay/authenticate/{payment.cf_payment_id}"
    if name == "upi":
        action, url, payload = "custom", None, cashfree_upi.payload(order, payment, channel, asked.origin)
        _answer_collect(gateway, payment, str(wanted.get("upi_id") or ""))
    return {
        "payment_amount": rupees(payment.amount_paise),
        "cf_payment_id": orders.versioned_id(payment.cf_payment_id, asked.version),
        "payment_method": name,
        "channel": channel,
        "action": action,
        "data": {"url": url, "payload": payload, "content_type": None, "method": None},
    }


def authenticate(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """POST /orders/pay/authenticate/{cf_payment_id}: the one-time password of a native flow."""
    payment = gateway.store.payments.get(asked.path["cf_payment_id"])
    if payment is None or payment.method != "card":
        raise errors.ApiError(404, "payment not found", "orderpay_not_found")
    fields = validation.json_object(asked.body)
    action = fields.get("action")
    if action not in ("SUBMIT_OTP", "RESEND_OTP"):
        raise errors.invalid("action", "should be SUBMIT_OTP or RESEND_OTP")
    if gateway.now() - payment.started_at > NATIVE_OTP_LIFETIME or not payment.is_open:
        raise errors.ApiError(400, "otp session has expired", "otp_expired_failed")
    status, message = "SUCCESS", "OTP has been sent again"
    if action == "SUBMIT_OTP":
        is_good = fields.get("otp") in methods.GOOD_OTPS
        status = "SUCCESS" if is_good else "FAILED"
        message = "payment processed" if is_good else "OTP is not correct"
        payments.finish(gateway, payment, status, at=gateway.now())
    return {
        "cf_payment_id": orders.versioned_id(payment.cf_payment_id, asked.version),
        "action": action,
        "authenticate_status": status,
        "payment_message": message,
    }


def simulate(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """POST /simulate: give a pending payment its result."""
    fields = validation.json_object(asked.body)
    if fields.get("entity") != "PAYMENTS":
        raise errors.ApiError(400, "entity is not supported", "entity_unsupported")
    payment = gateway.store.payments.get(str(fields.get("entity_id")))
    if payment is None or not payment.is_open:
        raise errors.invalid("entity_id", "should be a pending payment")
    wanted = fields.get("entity_simulation")
    outcome = wanted.get("payment_status") if isinstance(wanted, dict) else None
    if outcome not in payments.OUTCOMES:
        raise errors.invalid("entity_simulation.payment_status", "invalid value provided", outcome)
    payments.finish(gateway, payment, str(outcome), at=gateway.now())
    run = SimulationRun(
        simulation_id=f"sim_{gateway.store.next_number()}",
        entity="PAYMENTS",
        entity_id=payment.cf_payment_id,
        outcome={
            "payment_status": outcome,
            "payment_error_code": (wanted or {}).get("payment_error_code"),
        },
    )
    gateway.store.save(run)
    return _simulation_entity(run)


def get_simulation(gateway: Gateway, asked: Asked) -> dict[str, Any]:
    """GET /simulate/{simulation_id}"""
    run = gateway.store.simulations.get(asked.path["simulation_id"])
    if run is None:
        raise errors.invalid("simulation_id", "simulation does not exist")
    return _simulation_entity(run)


def payable_order(gateway: Gateway, session_id: str) -> Order:
    """Return the order of a session that may still be paid. Raises ApiError with the right code."""
    order = gateway.store.orders.get(gateway.store.order_of_session.get(session_id, ""))
    if order is None:
        raise errors.dead_session()
    if order.status == "PAID":
        raise errors.ApiError(400, "order is already paid", "order_already_paid", has_help=True)
    if order.status != "ACTIVE":
        raise errors.ApiError(400, "order is no longer active", "order_inactive", has_help=True)
    return order


def order_id_in(body: bytes) -> str | None:
    """The order id a body names, if it is readable at all."""
    try:
        fields = from_json(body)
    except MalformedJson:
        return None
    return str(fields["order_id"]) if isinstance(fields, dict) and "order_id" in fields else None


def falsified(body: bytes, lie: dict[str, Any]) -> Any:
    """The same reply with some of its existing members replaced."""
    reply = from_json(body)
    entities = reply if isinstance(reply, list) else [reply]
    for entity in entities:
        entity.update({key: value for key, value in lie.items() if key in entity})
    return reply


def _order(gateway: Gateway, asked: Asked) -> Order:
    return orders.find(gateway, asked.path["order_id"])


def _instrument(order: Order, name: str, wanted: dict[str, Any], channel: str) -> methods.Instrument:
    if name == "card":
        number = validation.text(wanted, "card_number", path="payment_method.card.")
        if number is None:
            raise errors.invalid("payment_method.card.card_number", "invalid value provided")
        return methods.card(number)
    if name == "upi":
        address = validation.text(wanted, "upi_id", path="payment_method.upi.") or ""
        if channel == "collect" and not methods.is_valid_upi_address(address):
            raise errors.invalid("payment_method.upi.upi_id", "invalid upi id", address)
        return methods.upi(address or "testsuccess@gocash", channel)
    if name == "netbanking":
        return methods.netbanking()
    return methods.wallet(str(order.customer["customer_phone"]))


def _answer_collect(gateway: Gateway, payment: Payment, address: str) -> None:
    """A collect request is answered by the payer a moment later."""
    outcome, _ = methods.upi_outcome(address)
    if address and outcome != "PENDING":
        payments.foresee(gateway, payment, outcome, COLLECT_ANSWER_TIME)


def _simulation_entity(run: SimulationRun) -> dict[str, Any]:
    return {
        "simulation_id": run.simulation_id,
        "entity": run.entity,
        "entity_id": run.entity_id,
        "entity_simulation": run.outcome,
    }
