"""The gateways' own pages as a payer meets them: one set of gestures, whichever gateway took the order.

Cashfree's page fills the window and leads back by an address. Razorpay's is a frame over our checkout document.
"""

from __future__ import annotations

from playwright.sync_api import Dialog, FrameLocator, Page, expect


class Till:
    """What both have in common. `screen` is where the gateway's own elements are."""

    name: str
    title: str
    upi_id: str
    # What its dashboard calls an order that is paid.
    paid_word: str

    def screen(self, page: Page) -> Page | FrameLocator:
        raise NotImplementedError

    def open(self, page: Page) -> None:
        """Press Complete Payment and wait for the gateway's page."""
        page.get_by_role("button", name="Complete Payment").click()
        self.expect_open(page)

    def expect_open(self, page: Page) -> None:
        expect(self.screen(page).get_by_role("heading", name="Choose how to pay")).to_be_visible(
            timeout=20_000
        )

    def choose(self, page: Page, method: str) -> None:
        choice = self.screen(page).get_by_label(method, exact=True)
        # Not with the mouse: the field lies under its label, and a frame of another site that has just opened over
        # the page can lose a click.
        choice.dispatch_event("click")
        expect(choice).to_be_checked()

    def press_pay(self, page: Page) -> None:
        self.screen(page).get_by_role("button", name="Pay", exact=True).click()

    def enter_otp(self, page: Page, otp: str = "1234") -> None:
        """Pay with the card that is filled in already, and answer the bank."""
        self.press_pay(page)
        self.screen(page).get_by_label("OTP").fill(otp)
        self.screen(page).get_by_role("button", name="Submit OTP").click()

    def pay_by_card(self, page: Page, otp: str = "1234") -> None:
        """From the unpaid order to the page that the gateway returns to."""
        self.open(page)
        self.enter_otp(page, otp)

    def pay_by_upi(self, page: Page) -> None:
        self.open(page)
        self.choose(page, "UPI")
        self.screen(page).get_by_label("UPI ID").fill(self.upi_id)
        self.press_pay(page)

    def pay_by_net_banking(self, page: Page) -> None:
        raise NotImplementedError

    def pay_by_wallet(self, page: Page) -> None:
        raise NotImplementedError

    def cancel(self, page: Page) -> None:
        """From the opened gateway back to our page, without paying."""
        raise NotImplementedError

    def leave_after_failure(self, page: Page) -> None:
        raise NotImplementedError

    def stay_pending(self, page: Page) -> None:
        """From the opened gateway back to our page, while the bank has not answered."""
        raise NotImplementedError


class CashfreeTill(Till):
    name = "cashfree"
    title = "Cashfree"
    paid_word = "PAID"
    upi_id = "testsuccess@gocash"

    def screen(self, page: Page) -> Page | FrameLocator:
        return page

    def pay_by_net_banking(self, page: Page) -> None:
        self.open(page)
        self.choose(page, "Net banking")
        self.press_pay(page)
        page.get_by_role("button", name="Simulate success").click()

    def pay_by_wallet(self, page: Page) -> None:
        self.open(page)
        self.choose(page, "Wallet")
        self.press_pay(page)

    def cancel(self, page: Page) -> None:
        page.get_by_role("button", name="Cancel and return").click()

    def leave_after_failure(self, page: Page) -> None:
        page.get_by_role("button", name="Return to merchant").click()

    def stay_pending(self, page: Page) -> None:
        page.get_by_role("button", name="Stay pending").click()


class RazorpayTill(Till):
    name = "razorpay"
    title = "Razorpay"
    paid_word = "paid"
    upi_id = "success@razorpay"

    def screen(self, page: Page) -> Page | FrameLocator:
        return page.frame_locator('iframe[title="Checkout"]')

    def press_pay(self, page: Page) -> None:
        # A frame of another site loses clicks while its tab is in the background.
        page.bring_to_front()
        super().press_pay(page)

    def pay_by_net_banking(self, page: Page) -> None:
        self.open(page)
        self.choose(page, "Net banking")
        self.press_pay(page)
        self.screen(page).get_by_role("button", name="Success").click()

    def pay_by_wallet(self, page: Page) -> None:
        self.open(page)
        self.choose(page, "Wallet")
        self.press_pay(page)
        self.screen(page).get_by_role("button", name="Success").click()

    def fill_rupay(self, page: Page) -> None:
        """Pay with a card of India's own network, from the opened gateway."""
        self.screen(page).get_by_label("Card number").fill("6527 6589 0000 1005")
        self.press_pay(page)
        self.screen(page).get_by_label("OTP").fill("1234")
        self.screen(page).get_by_role("button", name="Submit OTP").click()

    def cancel(self, page: Page) -> None:
        # A frame that goes on to its page meanwhile takes the question with it.
        expect(self.screen(page).get_by_role("heading").first).to_be_visible()
        _close(page)
        expect(page.get_by_role("heading", name="You closed the payment")).to_be_visible()
        page.get_by_role("link", name="Back without paying").click()

    def leave_after_failure(self, page: Page) -> None:
        expect(page.get_by_text("The last attempt failed.")).to_be_attached()
        self.screen(page).get_by_role("link", name="Leave without paying").click()
        page.get_by_role("link", name="Back without paying").click()

    def stay_pending(self, page: Page) -> None:
        self._answer_unusually(page, "Stay pending")
        expect(self.screen(page).get_by_role("heading", name="The bank has not answered yet")).to_be_visible()
        self.cancel(page)

    def pay_and_vanish(self, page: Page) -> None:
        """The bank pays, and the browser never hears of it."""
        self._answer_unusually(page, "Pay, then vanish")
        expect(self.screen(page).get_by_role("heading", name="The payer is gone")).to_be_visible()
        page.close()

    def _answer_unusually(self, page: Page, outcome: str) -> None:
        self.press_pay(page)
        self.screen(page).get_by_text("More outcomes").click()
        self.screen(page).get_by_role("button", name=outcome).click()


def _close(page: Page) -> None:
    def agree(dialog: Dialog) -> None:
        dialog.accept()

    page.once("dialog", agree)
    page.get_by_role("button", name="Close checkout").click()


TILLS: dict[str, Till] = {"cashfree": CashfreeTill(), "razorpay": RazorpayTill()}
