"""UPI links, asked of every gateway's adapter: one attempt of exactly this order, or none where there are none."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from domain.errors import GatewayError
from domain.gateway import GatewayOrderStatus, GatewayPaymentStatus, OrderRef, UpiLink, UpiRequest
from tests.contract.conftest import AMOUNT, Counter


def test_a_upi_link_pays_exactly_this_order_or_there_is_none(counter: Counter) -> None:
    order = counter.open()

    link = counter.adapter.upi_link(_request(counter, order))

    assert (link is not None) is counter.entry.makes_upi_links is counter.adapter.offers_upi_links()
    if link is not None:
        _approve(counter, link)
        payments = {p.gateway_payment_id: p for p in counter.adapter.fetch_payments(order)}
        paid = payments[link.gateway_payment_id]
        assert (paid.status, paid.amount_paise) == (GatewayPaymentStatus.SUCCESS, AMOUNT)


def test_a_link_whose_answer_was_lost_is_made_again_for_the_same_order_which_is_paid_once(
    counter: Counter,
) -> None:
    order = counter.open()
    if not counter.entry.makes_upi_links:
        assert counter.adapter.upi_link(_request(counter, order)) is None
        return
    counter.simulator.fault("drop_connection_after_effect", operation="upi", count=1)
    with pytest.raises(GatewayError):
        counter.adapter.upi_link(_request(counter, order))

    link = counter.adapter.upi_link(_request(counter, order))
    assert link is not None
    _approve(counter, link)

    states = sorted(p.status.value for p in counter.adapter.fetch_payments(order))
    assert states == sorted([GatewayPaymentStatus.PENDING.value, GatewayPaymentStatus.SUCCESS.value])
    assert counter.adapter.fetch_order(order).status is GatewayOrderStatus.PAID
    with pytest.raises(GatewayError):
        counter.adapter.upi_link(_request(counter, order))


def _request(counter: Counter, order: OrderRef) -> UpiRequest:
    return UpiRequest(
        order=order,
        amount_paise=AMOUNT,
        currency="INR",
        customer=counter.request().customer,
        description="a plan",
        ip_address="203.0.113.9",
        user_agent="a browser",
        referer="http://localhost:8501",
    )


def _approve(counter: Counter, link: UpiLink) -> None:
    """What the payer's app does with the link: its reference leads to the page that plays the phone."""
    (reference,) = parse_qs(urlsplit(link.link).query)["tr"]
    assert re.fullmatch(r"\w+", reference)
    requests.post(f"{counter.simulator.origin}/upi/{reference}", data={"intent": "approve"}, timeout=20)
