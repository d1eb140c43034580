"""The payer's phone: the page to which a UPI link of either gateway leads, with approve and decline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator import cashfree_upi, razorpay_upi
from simulator.assets import page
from simulator.gateway import Gateway


@dataclass(frozen=True, slots=True)
class Ask:
    """What the phone shows of one attempt: it is open, paid or failed, and what the two buttons do."""

    reference: str
    payee: str
    payee_vpa: str
    amount_paise: int
    state: str
    receipt: str
    approve: Callable[[], None]
    decline: Callable[[], None]


def routes(gateway: Gateway) -> list[Route]:
    """Every path under /upi."""

    async def look_up(request: Request) -> Response:
        """What scanning a code does: the link in, its payment's page out."""
        link = request.query_params.get("link", "")
        reference = (parse_qs(urlsplit(link).query).get("tr") or [""])[0]
        if _asked(gateway, reference) is None:
            return page("scan.html", 404 if link else 200, link=link)
        return RedirectResponse(f"/upi/{reference}", 303)

    async def show(request: Request) -> Response:
        ask = _asked(gateway, request.path_params["reference"])
        if ask is None:
            return page("message.html", 404, title="Unknown request", text="No payment has this reference.")
        return page("phone.html", ask=ask)

    async def answer(request: Request) -> Response:
        reference = request.path_params["reference"]
        ask = _asked(gateway, reference)
        if ask is None:
            return page("message.html", 404, title="Unknown request", text="No payment has this reference.")
        choice = (parse_qs((await request.body()).decode("utf-8", "replace")).get("intent") or [""])[0]
        if ask.state == "open" and choice == "approve":
            ask.approve()
        elif ask.state == "open" and choice == "decline":
            ask.decline()
        return RedirectResponse(f"/upi/{reference}", 303)

    return [
        Route("/upi", look_up),
        Route("/upi/{reference}", show, methods=["GET"]),
        Route("/upi/{reference}", answer, methods=["POST"]),
    ]


def _asked(gateway: Gateway, reference: str) -> Ask | None:
    return _asked_by_razorpay(gateway, reference) or _asked_by_cashfree(gateway, reference)


def _asked_by_razorpay(gateway: Gateway, reference: str) -> Ask | None:
    payment = razorpay_upi.by_reference(gateway, reference)
    if payment is None:
        return None
    return Ask(
        reference=reference,
        payee=gateway.store.razorpay_accounts[payment.key_id].name,
        payee_vpa=razorpay_upi.PAYEE,
        amount_paise=payment.amount_paise,
        state={"created": "open", "failed": "failed"}.get(payment.status, "paid"),
        receipt=str(payment.acquirer.get("rrn") or ""),
        approve=lambda: razorpay_upi.approve(gateway, payment),
        decline=lambda: razorpay_upi.decline(gateway, payment),
    )


def _asked_by_cashfree(gateway: Gateway, reference: str) -> Ask | None:
    payment = cashfree_upi.by_reference(gateway, reference)
    if payment is None:
        return None
    return Ask(
        reference=reference,
        payee=cashfree_upi.PAYEE_NAME,
        payee_vpa=cashfree_upi.PAYEE,
        amount_paise=payment.amount_paise,
        state="open" if payment.is_open else {"SUCCESS": "paid"}.get(payment.status, "failed"),
        receipt=payment.bank_reference or "",
        approve=lambda: cashfree_upi.approve(gateway, payment),
        decline=lambda: cashfree_upi.decline(gateway, payment),
    )
