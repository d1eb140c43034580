"""cashfree.js in a real browser, embedded in a page with a strict content security policy."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

pytest.importorskip("playwright", reason="browser tests need requirements-dev.txt")

from playwright.sync_api import Browser, Page, expect

from tests.simulator.running_simulator import RunningSimulator


class Shop:
    """A merchant's page that embeds the script."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.script_origin = ""
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = shop.page().encode()
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                self.send_header("content-security-policy", shop.policy())
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"

    def policy(self) -> str:
        return (
            f"default-src 'none'; script-src {self.script_origin} 'nonce-page';"
            f" frame-src {self.script_origin}"
        )

    def page(self) -> str:
        return f"""<!doctype html><title>Shop</title><body><div id="inline"></div>
<script src="{self.script_origin}/js/v3/cashfree.js"></script>
<script nonce="page">
  const options = {json.dumps(self.options)};
  const place = document.getElementById("inline");
  if (options.redirectTarget === "inline") options.redirectTarget = place;
  window.result = new Promise((resolve) => {{ window.finish = resolve; }});
  window.start = () => Cashfree({{mode: "sandbox"}}).checkout(options)
    .then((result) => {{ window.finish(result); }});
</script></body>"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def shop(simulator: RunningSimulator) -> Iterator[Shop]:
    shop = Shop()
    shop.script_origin = simulator.origin
    thread = threading.Thread(target=shop.server.serve_forever, daemon=True)
    thread.start()
    yield shop
    shop.server.shutdown()
    shop.server.server_close()
    thread.join(10)


def open_shop(simulator: RunningSimulator, shop: Shop, page: Page, target: str) -> str:
    order = simulator.new_order(order_meta={"return_url": shop.origin + "/?order_id={order_id}"})
    shop.options = {"paymentSessionId": order["payment_session_id"], "redirectTarget": target}
    page.goto(shop.origin)
    page.evaluate("() => { window.start(); }")
    return str(order["order_id"])


def pay_by_card(where: Any) -> None:
    where.get_by_role("radio", name="Card").check()
    where.get_by_role("button", name="Pay", exact=True).click()
    where.get_by_label("OTP").fill("111000")
    where.get_by_role("button", name="Submit OTP").click()


def test_self_goes_to_the_checkout_and_comes_back_to_the_return_url(
    simulator: RunningSimulator, shop: Shop, page: Page
) -> None:
    order_id = open_shop(simulator, shop, page, "_self")
    page.wait_for_url("**/checkout/session_*")
    for label, value in {
        "Card number": "1111 1111 1111 1111",
        "Expiry": "12/30",
        "CVV": "123",
    }.items():
        expect(page.get_by_label(label, exact=True)).to_have_value(value)

    pay_by_card(page)
    page.wait_for_url(f"{shop.origin}/?order_id={order_id}")

    assert simulator.status_of(order_id) == "PAID"


def test_every_method_can_be_chosen_and_one_pay_button_is_visible(
    simulator: RunningSimulator, shop: Shop, page: Page
) -> None:
    open_shop(simulator, shop, page, "_self")
    page.wait_for_url("**/checkout/session_*")

    for method in ("UPI", "Net banking", "Wallet", "Card"):
        page.get_by_role("radio", name=method).check()
        expect(page.get_by_role("button", name="Pay", exact=True)).to_have_count(1)
        expect(page.get_by_label("UPI ID")).to_be_visible(visible=method == "UPI")
        expect(page.get_by_label("Card number")).to_be_visible(visible=method == "Card")


@pytest.mark.parametrize("target", ["_modal", "inline"])
@pytest.mark.parametrize("address", ["testsuccess@gocash", "testfailure@gocash"])
def test_a_framed_checkout_finishes_the_same_way_for_success_and_failure(
    simulator: RunningSimulator, shop: Shop, page: Page, target: str, address: str
) -> None:
    open_shop(simulator, shop, page, target)
    frame = page.frame_locator("iframe[title=Checkout]")

    frame.get_by_role("radio", name="UPI").check()
    frame.get_by_label("UPI ID").fill(address)
    frame.get_by_role("button", name="Pay", exact=True).click()
    if address.startswith("testfailure"):
        frame.get_by_role("button", name="Return to merchant").click()

    message = "Payment finished. Check status."
    assert page.evaluate("() => window.result") == {"paymentDetails": {"paymentMessage": message}}
    expect(page.locator("iframe")).to_have_count(0)


def test_a_closed_modal_resolves_with_an_error(simulator: RunningSimulator, shop: Shop, page: Page) -> None:
    open_shop(simulator, shop, page, "_modal")

    page.get_by_role("button", name="Close checkout").click()

    assert page.evaluate("() => window.result")["error"]["code"] == "user_cancelled"


def test_a_bad_session_resolves_with_an_error(simulator: RunningSimulator, shop: Shop, page: Page) -> None:
    shop.options = {"paymentSessionId": "cf_sess_1", "redirectTarget": "_self"}
    page.goto(shop.origin)
    page.evaluate("() => { window.start(); }")

    assert page.evaluate("() => window.result")["error"]["code"] == "payment_session_id_invalid"


def test_the_script_can_be_made_unavailable(simulator: RunningSimulator) -> None:
    simulator.fault("sdk_unavailable", count=1)
    url = f"{simulator.origin}/js/v3/cashfree.js"

    assert [requests.get(url, timeout=10).status_code for _ in range(2)] == [503, 200]


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_scrolls_sideways(
    simulator: RunningSimulator, browser: Browser, width: int, scheme: Any
) -> None:
    order = simulator.paid_order(order_amount=1234567.5)
    other = simulator.new_order(order_id="O" * 45, order_amount=98765432.1)
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()

    for path in (
        f"/checkout/{other['payment_session_id']}",
        "/dashboard/orders",
        f"/dashboard/orders/{order['order_id']}",
        "/dashboard/events",
    ):
        page.goto(simulator.origin + path)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    context.close()
