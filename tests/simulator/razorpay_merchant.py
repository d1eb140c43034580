"""A merchant of the simulator's Razorpay half: its server's calls, and a payer who fills the checkout's forms."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import re
from dataclasses import dataclass
from typing import Any

import requests

from tests.simulator.running_simulator import RunningSimulator

KEYS = ("rzp_test_simulator", "simulator_secret")
WEBHOOK_SECRET = "simulator_webhook_secret"
CALLBACK = "http://shop.example/callback?from=razorpay"


@dataclass
class RazorpayMerchant:
    """What a merchant's server does, over HTTP only."""

    simulator: RunningSimulator
    keys: tuple[str, str] = KEYS

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("timeout", 10)
        options.setdefault("auth", self.keys)
        return requests.request(method, f"{self.simulator.origin}/v1{path}", allow_redirects=False, **options)

    def get(self, path: str, **query: Any) -> Any:
        reply = self.call("GET", path, params=query)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def order(self, **changes: Any) -> Any:
        body = {"amount": 499000, "currency": "INR", "receipt": "ORDER1"} | changes
        reply = self.call("POST", "/orders", json={k: v for k, v in body.items() if v is not None})
        assert reply.status_code == 200, reply.text
        return reply.json()

    def pay(self, order: dict[str, Any], **how: Any) -> dict[str, Any]:
        return dict(self.simulator.control("POST", f"/orders/{order['id']}/pay", how))

    def paid(self, **changes: Any) -> tuple[Any, Any]:
        """A paid order and its payment."""
        order = self.order(**changes)
        payment_id = self.pay(order)["payment_id"]
        return self.get(f"/orders/{order['id']}"), self.get(f"/payments/{payment_id}")

    def refund(self, payment: dict[str, Any], key: str | None = None, **fields: Any) -> requests.Response:
        headers = {} if key is None else {"X-Refund-Idempotency": key}
        return self.call("POST", f"/payments/{payment['id']}/refund", json=fields, headers=headers)

    def switch(self, **switches: Any) -> None:
        self.simulator.control("POST", f"/accounts/{self.keys[0]}", switches)

    def listen(self, url: str, **settings: Any) -> dict[str, Any]:
        body = {"gateway": "razorpay", "url": url} | settings
        return dict(self.simulator.control("POST", "/endpoints", body))

    def events(self) -> list[str]:
        every = self.simulator.control("GET", "/events?gateway=razorpay")["events"]
        return [event["type"] for event in every]

    def attempts(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        """Oldest first."""
        return list(self.get(f"/orders/{order['id']}/payments")["items"])[::-1]


class RazorpayPayer:
    """Someone in an opened checkout."""

    def __init__(self, merchant: RazorpayMerchant, order: dict[str, Any], **options: Any) -> None:
        self.origin = merchant.simulator.origin
        flow = options.pop("flow", "page")
        wanted = {"key": merchant.keys[0], "order_id": order["id"], "callback_url": CALLBACK} | options
        self.first = requests.get(
            f"{self.origin}/v1/checkout/public",
            params={"options": json.dumps(wanted), "flow": flow, "frame_origin": "http://shop.example"},
            timeout=10,
        )
        self.page = self.first.url

    def choose(self, method: str = "card", **fields: str) -> requests.Response:
        """Fill the first page and press Pay; redirects are followed."""
        filled = {"method": method, "card_number": "4111 1111 1111 1111"} | fields
        return requests.post(f"{self.page}/pay", data=filled, timeout=30)

    def answer(self, bank: requests.Response, intent: str, **fields: str) -> requests.Response:
        """Press a button of the bank's page."""
        return requests.post(bank.url, data={"intent": intent} | fields, timeout=30)

    def pay(self, method: str = "card", intent: str = "success", **fields: str) -> requests.Response:
        return self.answer(self.choose(method, **fields), intent)


def posted(page: requests.Response) -> tuple[str, dict[str, str]]:
    """Address and fields of the form that the last page sends to the merchant by itself."""
    action = re.search(r'<form id="return" method="post" action="([^"]+)"', page.text)
    assert action is not None, page.text
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return html.unescape(action[1]), {html.unescape(k): html.unescape(v) for k, v in fields}


def told(page: requests.Response) -> tuple[str, dict[str, Any]]:
    """Event and payload that a framed page sends to the embedding page."""
    found = re.search(r'data-event="([^"]+)" data-payload="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1], json.loads(html.unescape(found[2]))


def signature(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
