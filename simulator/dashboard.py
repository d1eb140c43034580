"""The merchant's dashboard of the simulated gateway: orders, one order with its refunds, events."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator import deliveries, refunds
from simulator.assets import page
from simulator.errors import ApiError
from simulator.gateway import Gateway
from simulator.records import Order

# The newest so many are listed; a simulator's list is looked at, not searched.
LISTED = 200


def routes(gateway: Gateway) -> list[Route]:
    """Every path under /dashboard."""

    async def home(_: Request) -> Response:
        return RedirectResponse("/dashboard/orders", 303)

    async def list_orders(_: Request) -> Response:
        every = list(gateway.store.orders.values())
        paid = [order for order in every if order.status == "PAID"]
        return page(
            "orders.html",
            section="orders",
            orders=every[::-1][:LISTED],
            total=len(every),
            paid=len(paid),
            collected_paise=sum(order.amount_paise for order in paid),
            refunded_paise=sum(
                r.amount_paise for r in gateway.store.refunds.values() if r.status == "SUCCESS"
            ),
        )

    async def show_order(request: Request) -> Response:
        order = gateway.store.orders.get(request.path_params["order_id"])
        if order is None:
            return page("message.html", 404, title="No such order", text="It may have been reset.")
        return _order_page(gateway, order)

    async def refund(request: Request) -> Response:
        order = gateway.store.orders.get(request.path_params["order_id"])
        if order is None:
            return page("message.html", 404, title="No such order", text="It may have been reset.")
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        try:
            refunds.request(
                gateway,
                order,
                refund_id=f"dashboard_{gateway.store.next_number()}",
                amount_paise=_paise(form.get("amount", [""])[0]),
                note=(form.get("note", [""])[0] or "Refund made in the dashboard")[:100],
            )
        except ApiError as error:
            return _order_page(gateway, order, problem=error.body["message"])
        return RedirectResponse(f"/dashboard/orders/{quote(order.order_id)}", 303)

    async def list_events(_: Request) -> Response:
        events = list(gateway.store.events.values())[::-1][:LISTED]
        sent = {
            event.event_id: [gateway.store.deliveries[key] for key in event.delivery_ids] for event in events
        }
        return page("events.html", section="events", events=events, deliveries=sent)

    async def resend(request: Request) -> Response:
        event = gateway.store.events.get(request.path_params["event_id"])
        if event is not None:
            deliveries.resend(gateway, event)
        return RedirectResponse("/dashboard/events", 303)

    return [
        Route("/dashboard", home),
        Route("/dashboard/orders", list_orders),
        Route("/dashboard/orders/{order_id}", show_order),
        Route("/dashboard/orders/{order_id}/refund", refund, methods=["POST"]),
        Route("/dashboard/events", list_events),
        Route("/dashboard/events/{event_id}/resend", resend, methods=["POST"]),
    ]


def _order_page(gateway: Gateway, order: Order, *, problem: str | None = None) -> Response:
    try:
        left = refunds.refundable_paise(gateway, order)
    except ApiError:
        left = 0
    return page(
        "order.html",
        400 if problem else 200,
        section="orders",
        order=order,
        left_paise=left,
        payments=gateway.payments_of(order),
        refunds=gateway.refunds_of(order),
        problem=problem,
    )


def _paise(written: str) -> int:
    try:
        paise = Decimal(written.replace(",", "").strip() or "x").scaleb(2)
    except InvalidOperation as exc:
        raise ApiError(400, "Enter an amount in rupees", "refund_amount_invalid") from exc
    if not paise.is_finite() or paise != int(paise) or paise < 1:
        raise ApiError(400, "Enter an amount in rupees and paise", "refund_amount_invalid")
    return int(paise)
