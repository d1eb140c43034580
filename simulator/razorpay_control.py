"""The Razorpay half of the control interface: truth, accounts and their switches, payments without a browser."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.requests import Request

from simulator import razorpay_accounts as accounts
from simulator import razorpay_methods as methods
from simulator import razorpay_orders as orders
from simulator import razorpay_payments as payments
from simulator import razorpay_refunds as refunds
from simulator.errors import ApiError
from simulator.gateway import Gateway
from simulator.razorpay_records import RazorpayAccount, RazorpayOrder, RazorpayPayment, RazorpayRefund

OUTCOMES = ("SUCCESS", "AUTHORIZED", "FAILED", "PENDING", "USER_DROPPED", "LATE", "DUPLICATE")
# Settings a test may switch: name -> what it may be.
SWITCHES: dict[str, Any] = {
    "name": str,
    "capture": ("automatic", "manual"),
    "capture_delay_seconds": int,
    "capture_window_seconds": int,
    "unique_receipts": bool,
    "upi_intent": bool,
    "instant_refunds": bool,
    "refund_result": refunds.RESULTS,
    "balance_paise": int,
    "max_amount_paise": int,
}


def truth(gateway: Gateway) -> dict[str, list[dict[str, Any]]]:
    """Rows for the truth table, shaped like Cashfree's."""
    store = gateway.store
    return {
        "orders": [
            {
                "gateway": "razorpay",
                "account": o.key_id,
                "order_id": o.order_id,
                "status": o.status,
                "amount_paise": o.amount_paise,
                "currency": o.currency,
                "receipt": o.receipt,
                "tags": o.notes,
            }
            for o in store.razorpay_orders.values()
        ],
        "payments": [
            {
                "gateway": "razorpay",
                "payment_id": p.payment_id,
                "order_id": p.order_id,
                "status": p.status,
                "captured": p.captured,
                "amount_paise": p.amount_paise,
                "amount_refunded_paise": p.amount_refunded_paise,
                "currency": p.currency,
                "group": p.method,
            }
            for p in store.razorpay_payments.values()
        ],
        "refunds": [
            {
                "gateway": "razorpay",
                "refund_id": r.refund_id,
                "payment_id": r.payment_id,
                "order_id": r.order_id,
                "status": r.status,
                "amount_paise": r.amount_paise,
                "receipt": r.receipt,
                "type": "PAYMENT_AUTO_REFUND" if r.is_automatic else "MERCHANT_INITIATED",
            }
            for r in store.razorpay_refunds.values()
        ],
    }


def list_accounts(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Every Razorpay account with its switches, and Cashfree's; no secrets."""
    return {
        "accounts": [
            {"gateway": "cashfree", "client_id": gateway.account.client_id},
            *(_shown(account) for account in accounts.accounts(gateway).values()),
        ]
    }


def add_account(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Open a further Razorpay account."""
    key_id, key_secret = fields.get("key_id"), fields.get("key_secret")
    if not isinstance(key_id, str) or not key_id.startswith("rzp_test_"):
        raise _refused("key_id should begin with rzp_test_")
    if not isinstance(key_secret, str) or not key_secret:
        raise _refused("key_secret should be text")
    if key_id in accounts.accounts(gateway):
        raise _refused("this account is open already", status=409)
    account = accounts.add(
        gateway,
        key_id=key_id,
        key_secret=key_secret,
        webhook_secret=str(fields.get("webhook_secret") or gateway.razorpay.webhook_secret),
    )
    switches = {k: v for k, v in fields.items() if k not in ("key_id", "key_secret", "webhook_secret")}
    return _switch(gateway, account, switches)


def switch_account(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Set switches of one account."""
    account = accounts.accounts(gateway).get(request.path_params["key_id"])
    if account is None:
        raise _refused("no such account", status=404)
    return _switch(gateway, account, fields)


def pay(gateway: Gateway, order: RazorpayOrder, fields: dict[str, Any]) -> dict[str, Any]:
    """Pay, or fail to pay, an order; the reply has what the browser would carry to the merchant."""
    method, outcome = fields.get("method", "card"), _outcome(fields.get("outcome", "SUCCESS"))
    if method not in methods.METHODS:
        raise _refused(f"method should be one of {', '.join(methods.METHODS)}")
    if not fields.get("even_if_paid"):
        orders.require_payable(gateway, order)
    amount_paise = fields.get("amount_paise")
    if amount_paise is not None and (not isinstance(amount_paise, int) or amount_paise < 1):
        raise _refused("amount_paise should be a positive whole number")
    payment = payments.start(
        gateway,
        order,
        methods.instrument(method),
        email=str(fields.get("email") or ""),
        contact=str(fields.get("contact") or ""),
        notes=order.notes,
        amount_paise=amount_paise,
    )
    if outcome == "AUTHORIZED":
        order.capture = "manual"
        gateway.store.save(order)
    _finish(gateway, payment, outcome, fields)
    return _carried(gateway, order, payment)


def settle_pending(gateway: Gateway, order: RazorpayOrder, fields: dict[str, Any]) -> dict[str, Any]:
    """Give every running attempt its result."""
    pending = [p for p in orders.payments_of(gateway, order) if p.status == "created"]
    if not pending:
        raise _refused("the order has no pending attempt", status=409)
    for payment in pending:
        _finish(gateway, payment, _outcome(fields.get("outcome")), fields)
    return {"settled": [{"payment_id": p.payment_id, "status": p.status} for p in pending]}


def capture(gateway: Gateway, request: Request, fields: dict[str, Any]) -> Any:
    """Capture an order's authorised payment in the gateway's dashboard."""
    order = _order(gateway, request)
    waiting = [p for p in orders.payments_of(gateway, order) if p.status == "authorized"]
    if not waiting:
        raise _refused("the order has no authorised payment", status=409)
    payments.capture(gateway, waiting[0], amount_paise=waiting[0].amount_paise, currency=waiting[0].currency)
    return {"payment_id": waiting[0].payment_id, "status": waiting[0].status}


def refund(gateway: Gateway, order: RazorpayOrder, fields: dict[str, Any]) -> dict[str, Any]:
    """Refund an order's captured payment in the gateway's dashboard."""
    captured = [p for p in orders.payments_of(gateway, order) if p.captured]
    if not captured:
        raise _refused("the order has no captured payment", status=409)
    wanted = refunds.RazorpayRefundRequest(amount_paise=fields.get("amount_paise"))
    account = gateway.store.razorpay_accounts[order.key_id]
    made = refunds.request(gateway, account, captured[0], wanted)
    return {"refund_id": made.refund_id, "status": made.status}


def settle_refund(gateway: Gateway, made: RazorpayRefund, outcome: Any) -> dict[str, Any]:
    """Give a pending refund its result, in either gateway's words."""
    wanted = {"SUCCESS": "processed", "FAILED": "failed"}.get(str(outcome), str(outcome))
    if wanted not in refunds.STATUSES:
        raise _refused(f"outcome should be one of {', '.join(refunds.STATUSES)}")
    refunds.settle(gateway, made, wanted, gateway.now())
    return {"refund_id": made.refund_id, "status": made.status}


def _finish(gateway: Gateway, payment: RazorpayPayment, outcome: str, fields: dict[str, Any]) -> None:
    now = gateway.now()
    if outcome in ("SUCCESS", "AUTHORIZED", "DUPLICATE"):
        payments.authorize(gateway, payment, at=now)
    if outcome == "DUPLICATE":
        payments.pay_twice(gateway, payment, at=now)
    elif outcome == "FAILED":
        payments.fail(gateway, payment, methods.BANK_REFUSED, at=now)
    elif outcome == "USER_DROPPED":
        payments.fail(gateway, payment, methods.CANCELLED, at=now)
    elif outcome == "LATE":
        seconds = fields.get("seconds")
        payments.fail_for_now(gateway, payment, at=now, seconds=None if seconds is None else float(seconds))


def _carried(gateway: Gateway, order: RazorpayOrder, payment: RazorpayPayment) -> dict[str, Any]:
    account = gateway.store.razorpay_accounts[order.key_id]
    carried = {"payment_id": payment.payment_id, "status": payment.status}
    if payment.status in ("authorized", "captured", "refunded"):
        carried |= {
            "razorpay_payment_id": payment.payment_id,
            "razorpay_order_id": order.order_id,
            "razorpay_signature": accounts.checkout_signature(account, order.order_id, payment.payment_id),
        }
    return carried


def _order(gateway: Gateway, request: Request) -> RazorpayOrder:
    order = gateway.store.razorpay_orders.get(request.path_params["order_id"])
    if order is None:
        raise _refused("no such order of Razorpay", status=404)
    return order


def _switch(gateway: Gateway, account: RazorpayAccount, fields: dict[str, Any]) -> dict[str, Any]:
    for name, value in fields.items():
        allowed = SWITCHES.get(name)
        if allowed is None:
            raise _refused(f"switches are {', '.join(SWITCHES)}")
        if isinstance(allowed, tuple):
            is_right = value in allowed
        elif allowed is int:
            is_whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
            is_right = is_whole or (value is None and name == "balance_paise")
        else:
            is_right = isinstance(value, allowed)
        if not is_right:
            raise _refused(f"{name} has no such value")
    for name, value in fields.items():
        setattr(account, name, value)
    gateway.store.save(account)
    return _shown(account)


def _shown(account: RazorpayAccount) -> dict[str, Any]:
    shown = asdict(account)
    del shown["key_secret"], shown["webhook_secret"]
    return {"gateway": "razorpay", **shown}


def _outcome(outcome: Any) -> str:
    if outcome not in OUTCOMES:
        raise _refused(f"outcome should be one of {', '.join(OUTCOMES)}")
    return str(outcome)


def _refused(why: str, *, status: int = 400) -> ApiError:
    return ApiError(status, why, "control_refused")
