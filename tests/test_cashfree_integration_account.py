"""Whose credentials are used, where they go, and that they never show."""

from __future__ import annotations

from decimal import Decimal

import pytest
from responses import matchers

from cashfree_integration import CashfreePaymentGateway
from config import load_settings
from domain import errors
from domain.gateway import OrderRef
from tests.cashfree_account import API, FIXTURES, ORDER_ID, SECRET, body_of, gateway


def test_a_webhook_is_verified_with_the_client_secret_or_a_rotated_one() -> None:
    body = (FIXTURES / "webhook_vector.json").read_bytes()
    headers = {
        "x-webhook-signature": "ExJJqbl43wF+Lu957rGyiuknGx8rK/idxUCp6jsuue8=",  # pragma: allowlist secret - invented
        "x-webhook-timestamp": "1746427759733",
    }
    rotated = CashfreePaymentGateway("TEST1", "cfsk_new", api_base=API, webhook_secrets=(SECRET,))
    foreign = CashfreePaymentGateway("TEST1", "cfsk_new", api_base=API)

    assert gateway().parse_webhook(headers, body).order_id == "order_1"
    assert rotated.parse_webhook(headers, body).order_id == "order_1"
    with pytest.raises(errors.WebhookRefused):
        foreign.parse_webhook(headers, body)


@pytest.mark.parametrize(
    "arguments",
    [
        {"client_id": "", "client_secret": SECRET},
        {"client_id": "TEST1", "client_secret": ""},
        {"client_id": "TEST1", "client_secret": f"{SECRET}\n"},
        {"client_id": "TEST1", "client_secret": "gehéim"},
        {"client_id": "TEST1"},
        {"client_secret": SECRET},
        {"client_id": "TEST1", "client_secret": SECRET, "webhook_secrets": ("",)},
    ],
)
def test_half_empty_or_unsendable_credentials_are_refused_without_showing_them(arguments) -> None:
    with pytest.raises(ValueError) as caught:
        CashfreePaymentGateway(**arguments)

    assert SECRET not in str(caught.value)


def test_no_secret_shows_in_a_repr(tmp_path) -> None:
    settings = load_settings({"CASHFREE_CLIENT_ID": "TEST1", "CASHFREE_CLIENT_SECRET": SECRET}, root=tmp_path)
    adapter = CashfreePaymentGateway.from_settings(settings)

    assert SECRET not in repr(adapter) + repr(gateway(webhook_secrets=(SECRET,))) + str(vars(adapter))


def test_the_settings_choose_host_version_and_credentials(mocked, tmp_path) -> None:
    environment = {
        "CASHFREE_CLIENT_ID": "TEST9",
        "CASHFREE_CLIENT_SECRET": SECRET,
        "CASHFREE_API_VERSION": "2026-01-01",
        "API_BASE": "https://elsewhere.example/pg/",
    }
    sent = {"x-client-id": "TEST9", "x-client-secret": SECRET, "x-api-version": "2026-01-01"}
    mocked.get(
        f"https://elsewhere.example/pg/orders/{ORDER_ID}",
        json=body_of("order_active"),
        match=[matchers.header_matcher(sent)],
    )

    adapter = CashfreePaymentGateway.from_settings(load_settings(environment, root=tmp_path))

    assert adapter.fetch_order(OrderRef(ORDER_ID)).amount_paise == Decimal(49900)
