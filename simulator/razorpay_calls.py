"""The calls of Razorpay's REST interface, one function each. What surrounds a call is in razorpay_api."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from simulator import razorpay_errors as errors
from simulator import razorpay_methods as methods
from simulator import razorpay_orders as orders
from simulator import razorpay_payments as payments
from simulator import razorpay_refunds as refunds
from simulator import razorpay_validation as validation
from simulator.gateway import Gateway
from simulator.razorpay_entities import collection, order_entity, payment_entity, refund_entity
from simulator.razorpay_ids import ID
from simulator.razorpay_records import RazorpayAccount, RazorpayOrder, RazorpayPayment

EDITABLE = frozenset({"notes"})
LIST_LAG_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class RazorpayCall:
    """What a call may depend on."""

    account: RazorpayAccount
    path: Mapping[str, Any]
    query: Mapping[str, str]
    expand: frozenset[str]
    fields: dict[str, Any]
    origin: str
    # Seconds for which lists are behind; 0 when they are not.
    lag_seconds: float = 0.0


class Dated(Protocol):
    """Something a list may hold."""

    @property
    def created_at(self) -> datetime: ...


D = TypeVar("D", bound=Dated)


def create_order(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """POST /orders"""
    wanted = validation.order_request(gateway, call.account, call.fields)
    return order_entity(orders.create(gateway, call.account, wanted))


def list_orders(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /orders, newest first; ``receipt`` finds what a lost reply created."""
    found = orders.of_account(gateway, call.account)
    if call.query.get("receipt"):
        found = [order for order in found if order.receipt == call.query["receipt"]]
    if call.query.get("authorized") in ("0", "1"):
        wanted = call.query["authorized"] == "1"
        found = [
            order
            for order in found
            if any(p.status == "authorized" for p in orders.payments_of(gateway, order)) is wanted
        ]
    return collection([_order(gateway, call, order) for order in _listed(gateway, call, found)])


def get_order(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /orders/{id}"""
    return _order(gateway, call, _named_order(gateway, call))


def edit_order(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """PATCH /orders/{id}: its notes."""
    order = _named_order(gateway, call)
    order.notes = _edited_notes(call)
    gateway.store.save(order)
    return order_entity(order)


def get_order_payments(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /orders/{id}/payments: every attempt, newest first."""
    attempts = orders.payments_of(gateway, _named_order(gateway, call))
    return collection([_payment(gateway, call, payment) for payment in reversed(attempts)])


def list_payments(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /payments, newest first."""
    found = [p for p in gateway.store.razorpay_payments.values() if p.key_id == call.account.key_id]
    return collection([_payment(gateway, call, payment) for payment in _listed(gateway, call, found)])


def get_payment(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /payments/{id}"""
    return _payment(gateway, call, _named_payment(gateway, call))


def edit_payment(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """PATCH /payments/{id}: its notes."""
    payment = _named_payment(gateway, call)
    payment.notes = _edited_notes(call)
    gateway.store.save(payment)
    return payment_entity(payment)


def get_card(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /payments/{id}/card"""
    payment = _named_payment(gateway, call)
    if payment.method != "card":
        raise errors.no_such_id()
    return dict(payment.details["card"])


def capture(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """POST /payments/{id}/capture"""
    payment = _named_payment(gateway, call)
    if "amount" not in call.fields:
        raise errors.required("amount")
    validation.refuse_unknown(call.fields, frozenset({"amount", "currency"}))
    payments.capture(
        gateway,
        payment,
        amount_paise=validation.amount(call.fields),
        currency=call.fields.get("currency") or "INR",
    )
    return payment_entity(payment)


def create_refund(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """POST /payments/{id}/refund"""
    payment = _named_payment(gateway, call)
    wanted = validation.refund_request(call.fields)
    return refund_entity(refunds.request(gateway, call.account, payment, wanted))


def get_payment_refunds(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /payments/{id}/refunds, newest first."""
    found = refunds.of_payment(gateway, _named_payment(gateway, call))
    return collection([refund_entity(refund) for refund in _listed(gateway, call, found)])


def get_payment_refund(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /payments/{id}/refunds/{refund_id}"""
    payment = _named_payment(gateway, call)
    if call.path["refund_id"] not in payment.refund_ids:
        raise errors.no_such_id()
    return refund_entity(refunds.find(gateway, call.account, call.path["refund_id"]))


def list_refunds(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /refunds, newest first."""
    found = [r for r in gateway.store.razorpay_refunds.values() if r.key_id == call.account.key_id]
    return collection([refund_entity(refund) for refund in _listed(gateway, call, found)])


def get_refund(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /refunds/{id}"""
    return refund_entity(refunds.find(gateway, call.account, _id(call, "refund_id", "rfnd")))


def edit_refund(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """PATCH /refunds/{id}: its notes."""
    refund = refunds.find(gateway, call.account, _id(call, "refund_id", "rfnd"))
    refund.notes = _edited_notes(call)
    gateway.store.save(refund)
    return refund_entity(refund)


def payment_methods(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /methods: what the account's payers may use."""
    return {
        "entity": "methods",
        "card": True,
        "debit_card": True,
        "credit_card": True,
        "card_networks": {"AMEX": 1, "DICL": 1, "MC": 1, "RUPAY": 1, "VISA": 1},
        "amex": True,
        "netbanking": dict(methods.BANKS),
        "wallet": dict.fromkeys(methods.WALLETS, True),
        "emi": False,
        "upi": True,
        "upi_intent": call.account.upi_intent,
    }


def preferences(gateway: Gateway, call: RazorpayCall) -> dict[str, Any]:
    """GET /preferences: what a checkout shows, by the public key alone."""
    answer: dict[str, Any] = {
        "mode": "test",
        "merchant_key": call.account.key_id,
        "methods": payment_methods(gateway, call),
        "options": {"image": None, "redirect": False},
    }
    if call.query.get("order_id"):
        order = orders.find(gateway, call.account, call.query["order_id"])
        answer["order"] = {
            "amount": order.amount_paise,
            "currency": order.currency,
            "amount_due": order.amount_paise - order.amount_paid_paise,
            "amount_paid": order.amount_paid_paise,
            "partial_payment": False,
        }
    return answer


def _named_order(gateway: Gateway, call: RazorpayCall) -> RazorpayOrder:
    return orders.find(gateway, call.account, _id(call, "order_id", "order"))


def _named_payment(gateway: Gateway, call: RazorpayCall) -> RazorpayPayment:
    return payments.find(gateway, call.account, _id(call, "payment_id", "pay"))


def _id(call: RazorpayCall, name: str, prefix: str) -> str:
    given = str(call.path[name])
    if not ID.fullmatch(given) or not given.startswith(f"{prefix}_"):
        raise errors.malformed_id(given)
    return given


def _edited_notes(call: RazorpayCall) -> dict[str, str]:
    validation.refuse_unknown(call.fields, EDITABLE)
    if "notes" not in call.fields:
        raise errors.required("notes")
    return validation.notes(call.fields)


def _listed(gateway: Gateway, call: RazorpayCall, found: Iterable[D]) -> list[D]:
    first, last = validation.span(call.query)
    count, skip = validation.window(call.query)
    newest = gateway.now() - timedelta(seconds=call.lag_seconds)
    seen = [
        entry
        for entry in found
        if first <= int(entry.created_at.timestamp()) <= last and entry.created_at <= newest
    ]
    return seen[::-1][skip : skip + count]


def _order(gateway: Gateway, call: RazorpayCall, order: RazorpayOrder) -> dict[str, Any]:
    entity = order_entity(order)
    if {"payments", "payments.card"} & call.expand:
        attempts = reversed(orders.payments_of(gateway, order))
        shown = []
        for payment in attempts:
            one = payment_entity(payment)
            if "payments.card" in call.expand and payment.method == "card":
                one["card"] = dict(payment.details["card"])
            shown.append(one)
        entity["payments"] = collection(shown)
    return entity


def _payment(gateway: Gateway, call: RazorpayCall, payment: RazorpayPayment) -> dict[str, Any]:
    entity = payment_entity(payment)
    if "card" in call.expand and payment.method == "card":
        entity["card"] = dict(payment.details["card"])
    if "refunds" in call.expand:
        found = [refund_entity(refund) for refund in refunds.of_payment(gateway, payment)]
        entity["refunds"] = collection(found)
    if "order" in call.expand:
        entity["order"] = order_entity(gateway.store.razorpay_orders[payment.order_id])
    return entity
