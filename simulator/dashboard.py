"""The merchant's dashboard, one for both gateways: orders, one order with its refunds, events."""

from __future__ import annotations

from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator import deliveries, razorpay_dashboard, refunds
from simulator.assets import page
from simulator.dashboard_rows import OrderRow, entered_paise
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
        every = [*_cashfree_rows(gateway), *razorpay_dashboard.rows(gateway)]
        every.sort(key=lambda row: row.created_at)
        store = gateway.store
        return page(
            "orders.html",
            section="orders",
            orders=every[::-1][:LISTED],
            total=len(every),
            paid=sum(row.is_paid for row in every),
            collected_paise=sum(row.amount_paise for row in every if row.is_paid),
            refunded_paise=sum(r.amount_paise for r in store.refunds.values() if r.status == "SUCCESS")
            + sum(r.amount_paise for r in store.razorpay_refunds.values() if r.status == "processed"),
        )

    async def show_order(request: Request) -> Response:
        order_id = request.path_params["order_id"]
        theirs = gateway.store.razorpay_orders.get(order_id)
        if theirs is not None:
            return razorpay_dashboard.order_page(gateway, theirs)
        order = gateway.store.orders.get(order_id)
        if order is None:
            return page("message.html", 404, title="No such order", text="It may have been reset.")
        return _order_page(gateway, order)

    async def refund(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        theirs = gateway.store.razorpay_orders.get(request.path_params["order_id"])
        if theirs is not None:
            return razorpay_dashboard.refund(gateway, theirs, form)
        order = gateway.store.orders.get(request.path_params["order_id"])
        if order is None:
            return page("message.html", 404, title="No such order", text="It may have been reset.")
        try:
            refunds.request(
                gateway,
                order,
                refund_id=f"dashboard_{gateway.store.next_number()}",
                amount_paise=entered_paise(form.get("amount", [""])[0]),
                note=(form.get("note", [""])[0] or "Refund made in the dashboard")[:100],
            )
        except ApiError as error:
            return _order_page(gateway, order, problem=error.body["message"])
        return RedirectResponse(f"/dashboard/orders/{quote(order.order_id)}", 303)

    async def act(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        theirs = gateway.store.razorpay_orders.get(request.path_params["order_id"])
        if theirs is None:
            return page("message.html", 404, title="No such order", text="It may have been reset.")
        return razorpay_dashboard.act(gateway, theirs, form)

    async def list_events(_: Request) -> Response:
        events = list(gateway.store.events.values())[::-1][:LISTED]
        sent = {
            event.event_id: [gateway.store.deliveries[key] for key in event.delivery_ids] for event in events
        }
        switched_off = [e for e in gateway.store.endpoints.values() if not e.is_active]
        return page(
            "events.html", section="events", events=events, deliveries=sent, switched_off=switched_off
        )

    async def switch_on(request: Request) -> Response:
        endpoint = gateway.store.endpoints.get(request.path_params["endpoint_id"])
        if endpoint is not None:
            endpoint.is_active = True
            gateway.store.save(endpoint)
        return RedirectResponse("/dashboard/events", 303)

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
        Route("/dashboard/orders/{order_id}/payments", act, methods=["POST"]),
        Route("/dashboard/events", list_events),
        Route("/dashboard/endpoints/{endpoint_id}/switch_on", switch_on, methods=["POST"]),
        Route("/dashboard/events/{event_id}/resend", resend, methods=["POST"]),
    ]


def _cashfree_rows(gateway: Gateway) -> list[OrderRow]:
    return [
        OrderRow(
            gateway="Cashfree",
            order_id=order.order_id,
            customer=order.customer.get("customer_name") or order.customer.get("customer_id") or "–",
            amount_paise=order.amount_paise,
            status=order.status,
            is_paid=order.status == "PAID",
            attempts=len(order.payment_ids),
            created_at=order.created_at,
        )
        for order in gateway.store.orders.values()
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
