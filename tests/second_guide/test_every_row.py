"""Every row of the second guide, in our words, with the tests that are named after it: each of them exists."""

from __future__ import annotations

from pathlib import Path

from tests.named_tests import defined_in

_HERE = (
    "tests/second_guide/test_events_and_states.py",
    "tests/second_guide/test_cards_words_and_security.py",
    "tests/billing/test_limits_of_the_second_guide.py",
)
ROWS = {
    "cards, net banking, UPI, wallets": "guide_method_that_is_supported_pays",
    "step 1: an order over the plan's amount": "guide_step_1_the_amount_is_the_plans_and_never_the_browsers",
    "step 2: the checkout": "guide_step_2_the_checkout_opens_over_the_orders_amount_whatever_the_page_says",
    "step 3: the signature": "guide_step_3_the_signature_of_a_return_is_verified_against_the_stored_order",
    "signatures in constant time": "guide_signatures_are_compared_in_constant_time",
    "payment.authorized": "guide_event_payment_authorized_takes_the_held_money_and_opens_access",
    "payment.captured": "guide_event_payment_captured_opens_access_once",
    "payment.failed": "guide_event_payment_failed_records_the_attempt_and_keeps_the_order_open",
    "refund.created": "guide_event_refund_created_ends_access_when_the_money_has_gone",
    "subscription.activated": "guide_event_subscription_activated_is_kept_and_opens_nothing",
    "subscription.cancelled": "guide_event_subscription_cancelled_is_kept_and_ends_nothing",
    "UPI: scan the code": "guide_upi_code_is_scanned_and_the_phones_approval_opens_access",
    "UPI: the link on a phone": "guide_upi_intent_is_a_link_to_one_payment_of_one_order",
    "security 1: prices on the server": "limit_the_amount_comes_from_the_plan_and_the_days_price",
    "security 2: user ids are UUIDs": "limit_an_order_is_rebuilt_for_no_user_id_but_a_uuid",
    "security 2: known plans only": "limit_only_plans_on_sale_can_be_ordered",
    "security 2: signatures of a good form": "limit_a_message_without_a_good_signature_is_refused_and_not_kept",
    "security 3: ten orders an hour": "guide_security_ten_orders_an_hour",
    "security 3: three verifications": "guide_security_three_verifications_of_one_order_a_minute",
    "security 4: a receipt of its own": (
        "guide_security_one_receipt_is_one_charge_though_razorpay_takes_a_receipt_twice"
    ),
    "the three cards": "guide_card_ends_as_the_table_says",
    "the UPI address": "guide_upi_address_ends_as_the_guide_says",
    "BAD_REQUEST_ERROR, GATEWAY_ERROR, SERVER_ERROR": "guide_error_code_is_told_in_the_guides_words",
    "state active": "guide_state_subscription_active_is_a_paid_period",
    "state pending": "guide_state_subscription_pending_until_a_payment_arrives",
    "state cancelled": "guide_state_subscription_of_somebody_who_cancels_the_payment_stays_pending",
    "state expired": "guide_state_subscription_expired_when_its_period_ended",
    "refunds": "guide_refunds_are_promised_within_5_to_7_days_and_asked_for_with_order_payment_and_reason",
}


def test_every_row_of_the_second_guide_has_a_test_that_is_named_after_it() -> None:
    defined = {name for path in _HERE for name in defined_in(path)}

    assert [row for row, name in ROWS.items() if f"test_{name}" not in defined] == []


def test_every_test_that_is_named_after_the_guide_is_in_these_files() -> None:
    elsewhere = [
        path.name
        for path in Path(__file__).parents[1].rglob("test_*.py")
        if "\ndef test_guide_" in path.read_text(encoding="utf-8") and path.parent != Path(__file__).parent
    ]

    assert elsewhere == []
