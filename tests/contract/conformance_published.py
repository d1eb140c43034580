"""Razorpay's own scenarios for integrations. Only what could be read of them stands here: the text of many could not.

The published pages list 25 scenarios of orders and 37 of best practices. Of some only the subject could be read, which
the pages of the payment methods name, or what is needed to try them; those lines say so. What is not known is not
guessed.
"""

_UNREAD = "its text could not be read"
_NO_MANDATES = "not applicable: periods are bought by orders, nothing is charged by itself"
_OUR_CHECKOUT = (
    "Razorpay's checkout does this itself; we move to another gateway when Razorpay does not answer"
)


def _unread(prefix: str, numbers: range) -> list[tuple[str, str, str, str]]:
    return [(f"{prefix}-{number:02}", "?", "", _UNREAD) for number in numbers]


def _wrong_requests(numbers: range) -> list[tuple[str, str, str, str]]:
    """Eight lines of one kind: seven mistakes could be read in Razorpay's list of errors, without their numbers."""
    return [
        (
            f"ORD-{number:02}",
            "A wrong request for an order is refused with its step and reason, makes no order and is not repeated",
            "rz-sim-orders:a_wrong_order_is_refused_and_not_made rz-sim-orders:a_refusal_names_its_step_and_reason "
            "rz-sim-orders:an_account_may_enforce_unique_receipts rz-orders:what_razorpay_would_refuse_is_not_sent "
            "rz-orders:a_refusal_is_told_in_the_guides_words_and_not_sent_again",
            "which mistake has this number; tried are too small, negative, no whole number, left out, "
            "a currency that is no text, a receipt that is taken, a member of another account",
        )
        for number in numbers
    ]


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
        "After a failure the same order is tried again, and the later payment pays it",
        "guide-events:guide_state_of_an_order_created_attempted_paid contract:an_attempt_may_fail_and_the_next_one_pay",
        "",
    ),
    (
        "ORD-04",
        "The signature of a return is made from the stored order's number and the payment's; another proves nothing",
        "rz-signatures:the_published_vectors_are_signed "
        "rz-signatures:a_signed_return_claims_its_payment_for_the_stored_order "
        "rz-signatures:a_return_that_proves_nothing_for_this_order_claims_nothing "
        "guide:guide_step_3_the_signature_of_a_return_is_verified_against_the_stored_order",
        "",
    ),
    (
        "ORD-05",
        "An order whose creation is tried again under its receipt, with the option that makes it unique, is one order",
        "rz-sim-orders:an_order_that_asks_for_a_unique_receipt_is_made_once "
        "rz-orders:an_account_that_knows_the_option_asks_for_one_order_under_the_receipt "
        "guide:guide_security_one_receipt_is_one_order_for_an_account_with_the_option_though_lists_lag "
        "contract:an_order_whose_answer_was_lost_exists_once_and_is_found",
        "",
    ),
    (
        "ORD-06",
        "An order and its payments are fetched by its number",
        "rz-orders:an_order_is_fetched_by_its_number contract:everything_is_found_by_our_id_alone "
        "rz-orders:attempts_are_read_with_what_is_only_held_told_apart_from_what_is_ours",
        "",
    ),
    (
        "ORD-07",
        "A paid order takes no further payment, and nobody is asked for one",
        "rz-sim-payments:a_paid_order_takes_no_further_payment "
        "choice:whoever_has_paid_already_is_not_led_to_another_gateway "
        "contract:a_second_success_on_one_order_leaves_the_price_of_one",
        "",
    ),
    *_wrong_requests(range(8, 16)),
    (
        "ORD-16",
        "Partial payments: every order asks for its whole amount, and less than that opens nothing",
        "rz-orders:an_order_is_sent_in_whole_paise_under_our_id_with_the_keys_as_basic_credentials "
        "f-amounts:f27_a_partial_or_excessive_payment_is_held_for_a_person_who_may_return_it",
        "they are not offered: a period is paid at once",
    ),
    *_unread("ORD", range(17, 20)),
    ("ORD-20", "An order for a mandate", "", _NO_MANDATES),
    ("ORD-21", "Errors of an order for a mandate", "", _NO_MANDATES),
    ("ORD-22", "Every later debit of a mandate has a new order", "", _NO_MANDATES),
    *_unread("ORD", range(23, 26)),
]

BEST_PRACTICES = [
    (
        "BP-01",
        "Access follows from the webhook and the gateway's answer, not from the callback",
        "callback:a_signature_is_a_claim_and_never_money guide-events:guide_event_payment_captured_opens_access_once",
        "",
    ),
    (
        "BP-02",
        "The callback's signature is checked over the stored order's number; changed by a letter it is refused",
        "rz-signatures:a_signed_return_claims_its_payment_for_the_stored_order "
        "rz-signatures:a_return_that_proves_nothing_for_this_order_claims_nothing "
        "rz-signatures:what_was_tampered_with_is_refused_and_never_an_accident "
        "callback:the_signature_of_another_paid_order_is_not_taken_for_this_one",
        "",
    ),
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
        "guide:guide_security_one_receipt_is_one_order_for_an_account_with_the_option_though_lists_lag "
        "guide:guide_security_where_razorpay_takes_a_receipt_once_a_lost_order_is_found_as_soon_as_it_is_listed "
        "rz-orders:an_order_whose_answer_was_lost_and_that_is_not_found_stays_unknown",
        "",
    ),
    (
        "BP-08",
        "The answer to a payment of our server (a UPI link) is lost: the next one is on the same order, which is paid "
        "once; one that was paid unheard is found before another is opened",
        "upi:a_link_whose_answer_was_lost_is_made_again_for_the_same_order_which_is_paid_once "
        "handler-twice:an_order_that_was_paid_unheard_is_found_before_another_one_is_opened",
        "",
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
    *_unread("BP", range(13, 17)),
    (
        "BP-17",
        "Messages that a bank or method is down hide it, and its return shows it again",
        "rz-web:what_is_not_about_an_order_is_kept_shown_and_answered_200_and_grants_or_ends_nothing",
        f"they are kept and answered 200, and hide nothing: {_OUR_CHECKOUT}",
    ),
    *_unread("BP", range(18, 20)),
    (
        "BP-20",
        "Tried with a comparison on demand",
        "reconciliation:a_lost_day_is_rebuilt_with_payments_periods_and_refunds_and_without_a_second_receipt",
        "only what it is tried with could be read",
    ),
    *_unread("BP", range(21, 36)),
    ("BP-36", "What is down is asked for when the page of payment opens", "", _OUR_CHECKOUT),
    (
        "BP-37",
        "A webhook's signature is checked over the raw body; changed by a letter it is refused and nothing is kept",
        "rz-signatures:the_published_vectors_are_signed "
        "rz-signatures:what_was_tampered_with_is_refused_and_never_an_accident edge:forged_messages_are_refused "
        "rz-web:s15_no_other_secret_signs_and_nothing_is_kept",
        "",
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
        "rz-sim-orders:a_refusal_names_its_step_and_reason "
        "rz-orders:a_receipt_that_is_taken_already_leads_to_its_order",
        "",
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
        _OUR_CHECKOUT,
    ),
]
