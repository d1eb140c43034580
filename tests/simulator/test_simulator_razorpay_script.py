"""checkout.js in a real browser, embedded in a merchant's page with a strict content security policy."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest

pytest.importorskip("playwright", reason="browser tests need requirements-dev.txt")

from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.simulator.razorpay_merchant import KEYS, RazorpayMerchant, RazorpayPayer
from tests.simulator.running_simulator import RunningSimulator, until


class Shop:
    """A merchant's page that embeds the script, and the address that checkouts post to."""

    def __init__(self) -> None:
        self.script_origin = ""
        self.posts: list[tuple[str, dict[str, str]]] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(shop.page())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                shop.posts.append((self.path, dict(parse_qsl(body))))
                self._answer("<!doctype html><title>Back</title><h1>Back in the shop</h1>")

            def _answer(self, page: str) -> None:
                body = page.encode()
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                self.send_header(
                    "content-security-policy",
                    f"default-src 'none'; script-src {shop.script_origin} 'nonce-page';"
                    f" frame-src {shop.script_origin}; form-action 'self'",
                )
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        self.callback = f"{self.origin}/callback?kept=yes"

    def page(self) -> str:
        return f"""<!doctype html><title>Shop</title><body><h1>Shop</h1>
<script src="{self.script_origin}/v1/checkout.js"></script>
<script nonce="page">
  window.told = [];
  window.begin = (options, useHandler) => {{
    options.modal = Object.assign({{ondismiss: () => told.push(["dismiss"])}}, options.modal);
    if (useHandler) options.handler = (response) => told.push(["success", response]);
    window.checkout = new Razorpay(options);
    checkout.on("payment.failed", (failure) => told.push(["failed", failure.error]));
    checkout.open();
  }};
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


@pytest.fixture
def order(razorpay: RazorpayMerchant) -> dict[str, Any]:
    return dict(razorpay.order())


def begin(
    page: Page, shop: Shop, order: dict[str, Any], *, handler: bool = True, **options: Any
) -> FrameLocator:
    page.goto(shop.origin)
    wanted = {"key": KEYS[0], "order_id": order["id"], "amount": 100, "name": "Shop"} | options
    page.evaluate(f"() => begin({json.dumps(wanted)}, {json.dumps(handler)})")
    return page.frame_locator("iframe[title=Checkout]")


def press_escape(page: Page, frame: FrameLocator) -> None:
    """In the frame, once it listens: its script comes last."""
    for part in page.frames:
        part.wait_for_load_state()
    frame.get_by_label("Name on card").press("Escape")


def press_pay(where: FrameLocator | Page) -> None:
    where.get_by_role("button", name="Pay", exact=True).click()


def pay_by_upi(where: FrameLocator | Page, address: str = "success@razorpay") -> None:
    where.get_by_role("radio", name="UPI", exact=True).check()
    where.get_by_label("UPI ID").fill(address)
    press_pay(where)


def told(page: Page, count: int = 1) -> list[Any]:
    page.wait_for_function("count => told.length >= count", arg=count)
    return list(page.evaluate("() => told"))


def test_a_card_pays_and_the_handler_gets_the_signed_triple(
    razorpay: RazorpayMerchant, shop: Shop, page: Page, order: dict[str, Any]
) -> None:
    frame = begin(page, shop, order)
    for label, value in {"Card number": "4111 1111 1111 1111", "Expiry": "12/30", "CVV": "123"}.items():
        expect(frame.get_by_label(label, exact=True)).to_have_value(value)
    press_pay(frame)
    frame.get_by_label("OTP").fill("111000")
    frame.get_by_role("button", name="Submit OTP").click()

    ((event, response),) = told(page)

    assert event == "success"
    assert response["razorpay_order_id"] == order["id"]
    assert set(response) == {"razorpay_payment_id", "razorpay_order_id", "razorpay_signature"}
    expect(page.locator("iframe")).to_have_count(0)
    assert razorpay.get(f"/orders/{order['id']}")["status"] == "paid"


def test_a_failure_is_told_while_the_modal_stays_and_the_next_try_is_another_payment(
    razorpay: RazorpayMerchant, shop: Shop, page: Page, order: dict[str, Any]
) -> None:
    frame = begin(page, shop, order)
    pay_by_upi(frame, "failure@razorpay")
    first = told(page)[0]
    frame.get_by_role("button", name="Try again").click()
    pay_by_upi(frame)
    second = told(page, 2)[1]

    assert (first[0], first[1]["reason"], first[1]["code"]) == (
        "failed",
        "payment_failed",
        "BAD_REQUEST_ERROR",
    )
    assert first[1]["metadata"]["order_id"] == order["id"]
    assert second[1]["razorpay_payment_id"] != first[1]["metadata"]["payment_id"]
    assert [p["status"] for p in razorpay.attempts(order)] == ["failed", "captured"]


def test_without_retry_a_failure_closes_the_modal(shop: Shop, page: Page, order: dict[str, Any]) -> None:
    frame = begin(page, shop, order, retry={"enabled": False})
    pay_by_upi(frame, "failure@razorpay")

    assert [entry[0] for entry in told(page, 2)] == ["failed", "dismiss"]
    expect(page.locator("iframe")).to_have_count(0)


def test_a_callback_without_redirect_gets_a_form_post_and_keeps_its_query(
    shop: Shop, page: Page, order: dict[str, Any]
) -> None:
    frame = begin(page, shop, order, handler=False, callback_url=shop.callback)
    pay_by_upi(frame, "failure@razorpay")
    told(page)
    assert shop.posts == []
    frame.get_by_role("button", name="Try again").click()
    pay_by_upi(frame)
    page.get_by_role("heading", name="Back in the shop").wait_for()

    ((path, fields),) = shop.posts
    assert path == "/callback?kept=yes"
    assert fields["razorpay_order_id"] == order["id"]


@pytest.mark.parametrize("address", ["success@razorpay", "failure@razorpay"])
def test_a_redirect_posts_success_and_failure_from_the_gateways_page(
    simulator: RunningSimulator, shop: Shop, page: Page, order: dict[str, Any], address: str
) -> None:
    begin(page, shop, order, callback_url=shop.callback, redirect=True)
    page.wait_for_url(f"{simulator.origin}/v1/checkout/co_*")
    pay_by_upi(page, address)
    page.get_by_role("heading", name="Back in the shop").wait_for()

    ((path, fields),) = shop.posts
    assert path == "/callback?kept=yes"
    if address == "success@razorpay":
        assert set(fields) == {"razorpay_payment_id", "razorpay_order_id", "razorpay_signature"}
    else:
        assert json.loads(fields["error[metadata]"])["order_id"] == order["id"]


@pytest.mark.parametrize("way", ["button", "escape", "escape in the frame"])
def test_closing_is_told_to_ondismiss_and_to_nobody_else(
    razorpay: RazorpayMerchant, shop: Shop, page: Page, order: dict[str, Any], way: str
) -> None:
    frame = begin(page, shop, order)
    frame.get_by_role("heading", name="Choose how to pay").wait_for()
    if way == "button":
        page.get_by_role("button", name="Close checkout").click()
    elif way == "escape":
        page.get_by_role("heading", name="Shop", exact=True).evaluate("e => e.ownerDocument.body.focus()")
        page.keyboard.press("Escape")
    else:
        press_escape(page, frame)

    assert told(page) == [["dismiss"]]
    expect(page.locator("iframe")).to_have_count(0)
    assert razorpay.attempts(order) == []


def test_modal_options_are_heeded(shop: Shop, page: Page, order: dict[str, Any]) -> None:
    frame = begin(page, shop, order, modal={"escape": False, "backdropclose": True, "confirm_close": True})
    frame.get_by_role("heading", name="Choose how to pay").wait_for()
    answers = iter([False, True])
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.message)
        if next(answers):
            dialog.accept()
        else:
            dialog.dismiss()

    page.on("dialog", answer)
    press_escape(page, frame)
    page.mouse.click(3, 3)
    still_open = page.locator("iframe").count()
    page.mouse.click(3, 3)

    assert told(page) == [["dismiss"]]
    assert (len(asked), still_open) == (2, 1)


def test_a_checkout_times_out_and_can_be_closed_by_the_page(
    shop: Shop, page: Page, order: dict[str, Any]
) -> None:
    begin(page, shop, order, timeout=0.2)
    assert told(page) == [["dismiss"]]

    begin(page, shop, order)
    page.evaluate("() => checkout.close()")
    expect(page.locator("iframe")).to_have_count(0)


def test_a_checkout_needs_a_key(shop: Shop, page: Page) -> None:
    page.goto(shop.origin)

    thrown = page.evaluate(
        "() => { try { new Razorpay({order_id: 'order_1'}); } catch (e) { return e.message; } }"
    )

    assert thrown == "No key passed"


def test_an_order_of_another_account_does_not_open(
    simulator: RunningSimulator, shop: Shop, page: Page, order: dict[str, Any]
) -> None:
    simulator.control("POST", "/accounts", {"key_id": "rzp_test_other", "key_secret": "s"})

    frame = begin(page, shop, order, key="rzp_test_other")

    expect(frame.get_by_text("The id provided does not exist")).to_be_visible()


def test_the_qr_code_goes_on_when_the_phone_approves(
    razorpay: RazorpayMerchant, shop: Shop, page: Page, order: dict[str, Any]
) -> None:
    frame = begin(page, shop, order)
    frame.get_by_role("radio", name="UPI", exact=True).check()
    frame.get_by_label("QR code or UPI app").check()
    press_pay(frame)
    with page.expect_popup() as opened:
        frame.get_by_role("link", name="Play the phone").click()
    opened.value.get_by_role("button", name="Approve").click()
    opened.value.get_by_text("You can put the phone away").wait_for()

    assert told(page)[0][0] == "success"
    assert razorpay.get(f"/orders/{order['id']}")["status"] == "paid"


def test_a_payer_who_vanishes_leaves_the_shop_without_a_word(
    razorpay: RazorpayMerchant, shop: Shop, page: Page, order: dict[str, Any]
) -> None:
    frame = begin(page, shop, order)
    press_pay(frame)
    frame.get_by_text("More outcomes").click()
    frame.get_by_role("button", name="Pay, then vanish").click()
    frame.get_by_role("heading", name="The payer is gone").wait_for()

    until(lambda: razorpay.get(f"/orders/{order['id']}")["status"] == "paid")
    assert page.evaluate("() => told") == []


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_scrolls_sideways(
    simulator: RunningSimulator, razorpay: RazorpayMerchant, browser: Browser, width: int, scheme: Any
) -> None:
    order, _ = razorpay.paid(amount=49_999_999, receipt="r" * 40)
    open_order = razorpay.order(amount=49_999_999)
    payer = RazorpayPayer(razorpay, open_order, name="S" * 60, description="D" * 120)
    code = payer.choose("upi", upi_flow="intent").url
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()

    for url in (
        payer.page,
        payer.choose().url,
        code,
        payer.choose("netbanking").url,
        f"{simulator.origin}/upi/{code.rpartition('_')[2]}",
        f"{simulator.origin}/dashboard/orders",
        f"{simulator.origin}/dashboard/orders/{order['id']}",
        f"{simulator.origin}/dashboard/events",
    ):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), url
    context.close()
