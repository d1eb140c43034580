"""A UPI code for the unpaid order: the gateway's own link for one attempt, drawn as a picture, for a few minutes.

The link is never made by hand and never kept: who comes back without it makes a new one. Whatever is paid with it is
found like every payment, by looking at the order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import segno
import structlog

from billing.checkout import customer_of, describe_order
from billing.history import find_order
from billing.limits import UPI_LINKS, spend
from database import orders
from domain.accounts import User, Visitor
from domain.errors import CheckoutClosed
from domain.gateway import UpiRequest
from wiring import Services

log = structlog.get_logger()

# Time to take the phone, open the app and type the PIN. The gateway waits for an attempt some ten minutes.
CODE_LIFETIME = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class UpiCode:
    """What a buyer scans or clicks: the link as the gateway gave it, and the same as a picture (a data URI)."""

    order_id: str
    gateway_payment_id: str
    link: str = field(repr=False)
    picture: str = field(repr=False)
    expires_at: datetime


def offers_upi_code(services: Services, gateway_name: str) -> bool:
    """Whether orders of a gateway can be paid with a code of ours, as far as is known. Asks no gateway."""
    gateway = services.gateways.get(gateway_name)
    return gateway is not None and gateway.is_reachable() and gateway.offers_upi_links()


def make_upi_code(
    services: Services, user: User, order_id: str, *, visitor: Visitor, user_agent: str
) -> UpiCode | None:
    """A new code for the user's own order; None where the gateway's account has no such links.

    At most five in ten minutes for each user. An earlier code may still be paid: then the order is paid, and the
    gateway takes no second payment for it. Raises OrderNotFound, CheckoutClosed for an order that cannot be paid
    (any more), TooManyRequests and the GatewayError tree. No transaction is open while the gateway is asked.
    """
    order = find_order(services, user, order_id)
    with services.engine.connect() as conn:
        if not order.is_payable(services.now(conn)):
            raise CheckoutClosed(
                "This order can no longer be paid. Nothing was charged by this step. Please reload this page."
            )
    gateway = services.gateway(order.gateway)
    if not gateway.offers_upi_links():
        return None
    spend(services, UPI_LINKS, str(user.id))
    made = gateway.upi_link(
        UpiRequest(
            order=order.ref,
            amount_paise=order.amount_paise,
            currency=order.currency,
            customer=customer_of(user),
            description=describe_order(services, order),
            ip_address=visitor.address,
            user_agent=user_agent,
            referer=services.settings.app_base_url,
        )
    )
    if made is None:
        log.info("no_upi_links", gateway=order.gateway)
        return None
    with services.engine.begin() as conn:
        # Whoever pays on a phone brings news: a look must not be answered from an earlier one.
        orders.forget_sync(conn, order.id)
        expires_at = min(services.now(conn) + CODE_LIFETIME, order.expires_at)
    log.info("upi_code_made", order_id=order.id)
    # Dark on light in either scheme, with the quiet border that scanners look for.
    picture = segno.make(made.link, error="m").svg_data_uri(scale=8, border=4, dark="#000", light="#fff")
    return UpiCode(order.id, made.gateway_payment_id, made.link, picture, expires_at)
