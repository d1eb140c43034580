"""Razorpay's own scenarios for integrations. Only what could be read of them stands here: the text of many could not.

The published pages list 25 scenarios of orders and 37 of best practices. Of the latter some are known by what the pages
say is needed to try them; those lines say so. What is not known is not guessed.
"""

_UNREAD = "its text could not be read"


def _unread(prefix: str, numbers: range) -> list[tuple[str, str, str, str]]:
    return [(f"{prefix}-{number:02}", "?", "", _UNREAD) for number in numbers]


ORDERS = [
    (
        "ORD-01",
        "An order is created: its own id, nothing paid, no attempts, no webhook; its number is kept under our receipt",
        "rz-sim-orders:an_order_has_exactly_these_members "
        "contract:an_order_is_opened_once_and_found_by_our_id_and_by_the_gateways",
        "",
    ),
    (
        "ORD-02",
        "A failed payment leaves the order attempted and open",
        "guide-events:guide_state_of_an_order_created_attempted_paid contract:an_attempt_may_fail_and_the_next_one_pay",
        "",
    ),
    (
        "ORD-03",
        "A later payment of the same order pays it",
        "guide-events:guide_state_of_an_order_created_attempted_paid contract:an_attempt_may_fail_and_the_next_one_pay",
        "the page's title and first step were read, not this step's own words",
    ),
    *_unread("ORD", range(4, 5)),
    (
        "ORD-05",
        "An order whose creation is tried again under its receipt is one order",
        "contract:an_order_whose_answer_was_lost_exists_once_and_is_found "
        "rz-sim-orders:an_account_may_enforce_unique_receipts",
        "Razorpay's option that makes a receipt unique by request is not used: the receipt is searched first",
    ),
    *_unread("ORD", range(6, 26)),
]

BEST_PRACTICES = [
    (
        "BP-01",
        "Access follows from the webhook and the gateway's answer, not from the callback",
        "callback:a_signature_is_a_claim_and_never_money guide-events:guide_event_payment_captured_opens_access_once",
        "",
    ),
    *_unread("BP", range(2, 3)),
    (
        "BP-03",
        "Tried with stored messages that are sent again or changed",
        "edge:a_message_that_comes_twice_is_known_again edge:forged_messages_are_refused",
        "only what it is tried with could be read",
    ),
    (
        "BP-04",
        "Tried with a webhook address that answers 500 or sleeps, and a comparison on demand",
        "rz-sim-webhooks:a_merchant_who_is_too_slow_is_asked_again "
        "each:a_payment_that_no_message_told_of_is_found_in_the_gateways_account",
        "only what it is tried with could be read",
    ),
    (
        "BP-05",
        "Tried with a comparison on demand",
        "sweep:a_payment_without_webhook_and_return_is_found_after_two_minutes",
        "only what it is tried with could be read",
    ),
    (
        "BP-06",
        "Late authorisation under automatic capture: the order stays open after the failure, and opens access once",
        "rz-sim-payments:a_failed_payment_may_be_captured_later_under_its_own_id "
        "order-payments:an_attempt_recorded_as_failed_may_succeed_later "
        "capture:a_failed_attempt_that_the_bank_approves_days_later_is_captured_by_the_sweep "
        "rz-web:captured_and_order_paid_tell_of_one_payment_and_give_one_period",
        "",
    ),
    (
        "BP-07",
        "The answer to a created order is lost; asked again under its receipt it is one order",
        "contract:an_order_whose_answer_was_lost_exists_once_and_is_found "
        "guide:guide_security_one_receipt_is_one_charge_though_razorpay_takes_a_receipt_twice "
        "rz-orders:an_order_whose_answer_was_lost_and_that_is_not_found_stays_unknown",
        "Razorpay's option that makes a receipt unique by request is not used: the receipt is searched first",
    ),
    (
        "BP-08",
        "The answer to a created payment is lost: the order's payments are looked at before another try",
        "handler-twice:an_order_that_was_paid_unheard_is_found_before_another_one_is_opened",
        "payments are made in Razorpay's checkout here, never by our server",
    ),
    *_unread("BP", range(9, 10)),
    (
        "BP-10",
        "Tried with stored messages that are sent again or changed",
        "edge:a_message_that_comes_twice_is_known_again "
        "f-webhooks:f31_a_message_repeated_under_ever_other_headers_has_one_effect",
        "only what it is tried with could be read",
    ),
    (
        "BP-11",
        "Tried with a webhook address that answers 500 or sleeps",
        "rz-sim-webhooks:a_silent_merchant_is_asked_sixteen_times_in_a_day_and_then_switched_off "
        "f-database:f37_a_stalled_database_is_answered_503_in_time_and_later_one_effect",
        "only what it is tried with could be read",
    ),
    (
        "BP-12",
        "The answer to a refund is lost; asked again under its key it is one refund",
        "contract:a_refund_whose_answer_was_lost_is_made_once "
        "rz-money:a_refund_whose_answer_was_lost_is_sent_again_under_the_same_key",
        "",
    ),
    *_unread("BP", range(13, 20)),
    (
        "BP-20",
        "Tried with a comparison on demand",
        "reconciliation:a_lost_day_is_rebuilt_with_payments_periods_and_refunds_and_without_a_second_receipt",
        "only what it is tried with could be read",
    ),
    *_unread("BP", range(21, 37)),
    (
        "BP-37",
        "Tried with stored messages that are sent again or changed",
        "edge:forged_messages_are_refused rz-web:s15_no_other_secret_signs_and_nothing_is_kept",
        "only what it is tried with could be read",
    ),
]

ADVICE = [
    (
        "AD01",
        "One state, fed by messages and by looks through the same code",
        "converge:looks_in_any_order_with_repeats_converge_to_one_state_with_at_most_one_primary "
        "f-activation:f40_webhook_return_sweep_and_recheck_at_once_activate_once",
        "",
    ),
    (
        "AD02",
        "Answered in five seconds, worked off afterwards",
        "handler-webhooks:a_webhook_is_kept_to_the_byte_once_and_queues_one_look "
        "f-database:f37_a_stalled_database_is_answered_503_in_time_and_later_one_effect",
        "",
    ),
    (
        "AD03",
        "The signature is checked over the raw body before it is read",
        "edge:forged_messages_are_refused rz-web:s15_a_signature_that_is_none_is_401_and_never_an_accident",
        "",
    ),
    (
        "AD04",
        "Repetitions are recognised by the event's id",
        "rz-signatures:a_message_is_known_by_its_bytes_and_not_by_what_nobody_signed",
        "by the hash of the signed bytes instead: the id stands in a header that nothing signs",
    ),
    (
        "AD05",
        "The sequence of events means nothing; a paid order is never taken back, a failed payment may still succeed",
        "f-webhooks:f32_messages_in_any_order_lead_to_one_state "
        "order-payments:an_attempt_recorded_as_failed_may_succeed_later "
        "order-payments:money_that_is_recorded_is_never_touched_again",
        "",
    ),
    (
        "AD06",
        "A pending order is asked about in growing gaps, then left to the comparison",
        "sweep:an_order_is_asked_for_ever_more_rarely_and_not_for_ever "
        "each:a_payment_that_no_message_told_of_is_found_in_the_gateways_account",
        "",
    ),
    (
        "AD07",
        "Orders that are open after fifteen minutes are looked at",
        "f-checkout:f22_a_payment_of_which_nobody_tells_is_found_by_the_sweep_within_a_quarter_of_an_hour",
        "",
    ),
    (
        "AD08",
        "One order for one purchase, tried again on the same order",
        "checkout:asking_again_gives_the_same_order_and_asks_the_gateway_nothing "
        "contract:an_attempt_may_fail_and_the_next_one_pay",
        "",
    ),
    (
        "AD09",
        "Held money is captured inside its window or left to go back",
        "capture:held_money_is_captured_and_gives_access "
        "capture:held_money_that_goes_back_by_itself_is_an_attempt_that_ended",
        "",
    ),
    (
        "AD10",
        "Nobody is asked to pay a paid order",
        "choice:whoever_has_paid_already_is_not_led_to_another_gateway "
        "handler-twice:an_order_that_was_paid_unheard_is_found_before_another_one_is_opened",
        "",
    ),
    (
        "AD11",
        "Refused requests are not repeated; errors of the server are, with growing pauses",
        "rz-orders:a_refusal_is_told_in_the_guides_words_and_not_sent_again "
        "repetition:a_read_is_tried_three_times_and_then_given_up",
        "",
    ),
    (
        "AD12",
        "Decided by code and reason; the buyer is shown the gateway's description",
        "guide:guide_error_of_an_attempt_is_told_by_its_reason_or_else_by_its_code "
        "guide:guide_error_code_is_told_in_the_guides_words",
        "shown are sentences of ours that say what happened to the money; the gateway's where both are new to us",
    ),
    (
        "AD13",
        "Refusals of an order: too small, no whole number, missing, unknown member, a receipt that is taken",
        "rz-sim-orders:a_wrong_order_is_refused_and_not_made rz-sim-orders:an_account_may_enforce_unique_receipts "
        "rz-orders:a_receipt_that_is_taken_already_leads_to_its_order",
        "some of the simulator's sentences are those of the API's pages, which differ from the page of tests",
    ),
    (
        "AD14",
        "Events of refunds change the order and tell the buyer",
        "rz-web:a_refund_of_the_dashboard_is_learnt_from_its_event "
        "guide-events:guide_event_refund_created_ends_access_when_the_money_has_gone",
        "",
    ),
    (
        "AD15",
        "A method is hidden while its banks are down",
        "",
        "the checkout is Razorpay's and does this itself; we move to another gateway when Razorpay does not answer",
    ),
]
