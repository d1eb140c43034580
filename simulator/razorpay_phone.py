"""The payer's phone: the page to which a UPI link leads in the simulator, with approve and decline."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator import razorpay_upi as upi
from simulator.assets import page
from simulator.gateway import Gateway


def routes(gateway: Gateway) -> list[Route]:
    """Every path under /upi."""

    async def look_up(request: Request) -> Response:
        """What scanning a code does: the link in, its payment's page out."""
        link = request.query_params.get("link", "")
        reference = (parse_qs(urlsplit(link).query).get("tr") or [""])[0]
        if upi.by_reference(gateway, reference) is None:
            return page("razorpay_scan.html", 404 if link else 200, link=link)
        return RedirectResponse(f"/upi/{reference}", 303)

    async def show(request: Request) -> Response:
        payment = upi.by_reference(gateway, request.path_params["reference"])
        if payment is None:
            return page("message.html", 404, title="Unknown request", text="No payment has this reference.")
        account = gateway.store.razorpay_accounts[payment.key_id]
        return page("razorpay_phone.html", payment=payment, payee=account.name, payee_vpa=upi.PAYEE)

    async def answer(request: Request) -> Response:
        reference = request.path_params["reference"]
        payment = upi.by_reference(gateway, reference)
        if payment is None:
            return page("message.html", 404, title="Unknown request", text="No payment has this reference.")
        choice = (parse_qs((await request.body()).decode("utf-8", "replace")).get("intent") or [""])[0]
        if payment.status == "created" and choice == "approve":
            upi.approve(gateway, payment)
        elif payment.status == "created" and choice == "decline":
            upi.decline(gateway, payment)
        return RedirectResponse(f"/upi/{reference}", 303)

    return [
        Route("/upi", look_up),
        Route("/upi/{reference}", show, methods=["GET"]),
        Route("/upi/{reference}", answer, methods=["POST"]),
    ]
