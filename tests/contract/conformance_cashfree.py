"""Cashfree's two checklists: line, our words, the tests that show it, what is missing or why it does not apply."""

CASHFREE_SIMULATOR = [
    (
        "CS01",
        "Wrong or missing credentials, and production's, are 401 in the gateway's words, before a body is looked at",
        "cf-sim-orders:wrong_credentials_are_refused_before_the_body_is_read",
        "",
    ),
    (
        "CS02",
        "A known version is asked for; ids and webhooks change with it",
        "cf-sim-orders:a_known_api_version_is_required cf-sim-orders:ids_were_integers_before_version_2023_08_01 "
        "cf-sim-webhooks:registered_endpoints_get_their_own_version",
        "",
    ),
    ("CS03", "Headers are repeated, and rate limits told in them", "cf-sim-orders:headers_are_echoed", ""),
    (
        "CS04",
        "The published rate limits, off until wanted, with their pause",
        "cf-sim-orders:rate_limits_strike_when_switched_on_and_end_with_the_minute",
        "",
    ),
    (
        "CS05",
        "One idempotency key is one effect; another body under it is refused",
        "cf-sim-orders:one_idempotency_key_makes_one_order",
        "",
    ),
    (
        "CS06",
        "Paying by a session and answering a one-time password need no credentials",
        "cf-sim-payments:native_otp_decides_a_card_attempt",
        "",
    ),
    (
        "CS07",
        "Broken JSON and unknown addresses have the gateway's own errors",
        "cf-sim-orders:malformed_json_is_answered_in_the_decoders_words "
        "cf-sim-orders:an_unknown_order_and_an_unknown_path_have_the_gateways_own_errors",
        "",
    ),
    (
        "CS08",
        "Faults: errors of the server and the bank, slowness, an answer lost after the order was stored",
        "sim-faults:an_error_fault_does_nothing_else sim-faults:a_dropped_connection_leaves_or_misses_its_effect "
        "sim-faults:a_timeout_after_the_effect_leaves_exactly_one_order",
        "",
    ),
    (
        "CS09",
        "Every field of an order is checked and named in the error",
        "cf-sim-orders:a_bad_field_is_named_in_the_error_code cf-sim-orders:absurd_numbers_are_refused "
        "cf-sim-orders:an_expiry_outside_fifteen_minutes_to_thirty_days_is_refused_in_its_exact_words",
        "",
    ),
    ("CS10", "An order's id is used up for ever", "cf-sim-orders:an_order_id_is_used_up_for_ever", ""),
    (
        "CS11",
        "Shapes of ids, times and empty members as published",
        "openapi:orders_match openapi:payments_match cf-sdk:the_official_sdk_works_unchanged",
        "",
    ),
    (
        "CS12",
        "Orders expire, are closed and may still be paid; late and second money goes back",
        "cf-sim-payments:a_running_attempt_may_pay_an_expired_order_within_its_lifetime "
        "cf-sim-payments:a_termination_waits_for_the_running_attempt "
        "cf-sim-payments:a_success_after_the_attempts_lifetime_is_cancelled_and_given_back "
        "cf-sim-payments:a_second_success_on_one_order_is_given_back_by_the_gateway",
        "",
    ),
    (
        "CS13",
        "Several attempts; failed and abandoned ones leave the order open",
        "cf-sim-payments:a_failure_leaves_the_order_active_and_a_later_attempt_pays_it "
        "cf-sim-payments:an_abandoned_attempt_is_dropped_after_ten_minutes",
        "",
    ),
    (
        "CS14",
        "A surcharge or an offer: the payer pays more or less than the order",
        "cf-sim-payments:a_surcharge_is_paid_on_top_of_the_order_amount "
        "cf-sim-payments:an_offer_takes_something_off_what_the_payer_is_charged cf-sim-webhooks:an_offer_is_named",
        "",
    ),
    (
        "CS15",
        "Orders cannot be listed",
        "cf-sim-orders:an_unknown_order_and_an_unknown_path_have_the_gateways_own_errors",
        "",
    ),
    (
        "CS16",
        "The browser script with its answers, in the page and in a frame",
        "cf-sim-script:self_goes_to_the_checkout_and_comes_back_to_the_return_url "
        "cf-sim-script:a_framed_checkout_finishes_the_same_way_for_success_and_failure "
        "cf-sim-script:a_closed_modal_resolves_with_an_error",
        "elements on the merchant's own page and checkouts of subscriptions",
    ),
    (
        "CS17",
        "A checkout with every method, its test data, and ways to leave it or stay pending",
        "cf-sim-checkout:the_otp_decides_a_card_payment cf-sim-checkout:the_banks_page_has_a_button_for_every_result "
        "cf-sim-checkout:the_upi_address_decides_the_result cf-sim-checkout:the_wallet_pays "
        "cf-sim-checkout:a_scanned_code_pays_once_the_phone_approves "
        "cf-sim-checkout:a_scanned_code_that_the_phone_declines_may_be_tried_again "
        "cf-sim-checkout:a_merchants_server_gets_a_link_or_a_picture_that_the_phone_answers "
        "cf-sim-checkout:cancelling_returns_at_once_and_drops_the_attempt_ten_minutes_later",
        "",
    ),
    (
        "CS18",
        "The browser returns unsigned after success and failure, before or after the webhook",
        "cf-sim-checkout:after_a_failure_the_payer_may_try_again_or_return "
        "cf-sim-checkout:the_webhook_can_be_made_to_arrive_before_the_browser_returns "
        "cf-sim-checkout:the_webhook_can_be_made_to_leave_after_the_browser",
        "",
    ),
    (
        "CS19",
        "A session that is wrong, expired or paid says why",
        "cf-sim-checkout:a_session_that_cannot_be_paid_says_why",
        "",
    ),
    (
        "CS20",
        "Refunds: parts, words that steer them, pending first, by webhook with whole numbers as ids",
        "cf-sim-payments:refunds_never_exceed_what_was_paid cf-sim-payments:an_unpaid_order_cannot_be_refunded "
        "cf-sim-payments:a_refund_note_decides_the_result "
        "cf-sim-payments:a_refund_is_pending_first_and_succeeds_a_moment_later "
        "cf-sim-webhooks:a_refund_is_told_with_integer_ids",
        "",
    ),
    ("CS21", "Payment links", "", "not applicable: nothing here is sold by a link"),
    (
        "CS22",
        "Subscriptions",
        "",
        "not applicable: periods are bought by orders, nothing is charged by itself",
    ),
    (
        "CS23",
        "Settling a pending payment by the sandbox's own call",
        "cf-sim-payments:simulate_gives_a_pending_payment_its_result",
        "",
    ),
    (
        "CS24",
        "Webhooks are signed over what is sent, in a spelling that does not survive rewriting",
        "cf-sim-webhooks:a_success_is_told_with_a_signature_over_the_raw_bytes "
        "cf-sim-webhooks:a_reserialised_body_no_longer_fits_its_signature "
        "cf-sim-webhooks:the_body_keeps_the_documented_order_of_keys",
        "",
    ),
    (
        "CS25",
        "To every address in its version; again after 2, 10 and 30 minutes unless answered 200",
        "cf-sim-webhooks:anything_but_200_is_sent_again_after_2_10_and_30_minutes_and_then_given_up "
        "cf-sim-webhooks:registered_endpoints_get_their_own_version cf-sim-webhooks:no_retry_comes_before_its_time",
        "",
    ),
    (
        "CS26",
        "Webhooks doubled, out of order, held, lost, forged, under an older secret, unknown, and the dashboard's test",
        "cf-sim-webhooks:duplicated_webhooks_carry_one_idempotency_key "
        "cf-sim-webhooks:reordered_webhooks_arrive_the_wrong_way_round "
        "cf-sim-webhooks:held_webhooks_wait_for_their_release "
        "cf-sim-webhooks:dropped_webhooks_never_come cf-sim-webhooks:a_wrong_signature_is_wrong_once "
        "cf-sim-webhooks:events_without_an_order_reach_registered_endpoints "
        "cf-sim-webhooks:the_older_of_two_secrets_may_sign",
        "",
    ),
    (
        "CS27",
        "A redirect is no answer to a webhook, and a slow merchant is given up",
        "cf-sim-webhooks:anything_but_200_is_sent_again_after_2_10_and_30_minutes_and_then_given_up "
        "cf-sim-webhooks:a_merchant_who_is_too_slow_is_asked_again",
        "",
    ),
]

CASHFREE_NAIVE = [
    (
        "CN01",
        "Return address, browser and unsigned messages open nothing; the gateway is asked",
        "f-lies:f23_a_return_that_claims_success_for_ones_own_unpaid_order_only_asks_the_gateway "
        "handler-webhooks:an_event_makes_us_look_and_believes_nothing_in_the_body edge:forged_messages_are_refused",
        "",
    ),
    (
        "CN02",
        "The signature is taken over the bytes as they came",
        "webhooks:a_signed_message_is_stored_to_the_byte_and_answered_200_twice "
        "cf-webhooks:a_body_other_than_the_signed_bytes_is_refused",
        "",
    ),
    (
        "CN03",
        "The timestamp is read in milliseconds and in seconds; a replay is a repetition and has no effect",
        "cf-webhooks:header_names_may_have_any_case_and_seconds_are_accepted "
        "f-webhooks:f31_a_message_repeated_under_ever_other_headers_has_one_effect",
        "",
    ),
    (
        "CN04",
        "Exact amounts; the order's amount and currency count, not what the bank was asked for",
        "cf-mapping:every_spelling_of_an_amount_is_the_same_amount "
        "cf-mapping:all_attempts_are_read_and_the_order_amount_is_kept_apart_from_the_charge "
        "contradictions:a_surcharge_or_an_offer_changes_only_what_the_bank_was_charged",
        "",
    ),
    (
        "CN05",
        "The first attempt of a list means nothing; a failed one ends nothing",
        "order-payments:the_first_payment_of_the_list_means_nothing "
        "order-payments:a_success_first_in_the_list_and_a_failure_after_it_is_paid "
        "f-checkout:f25_a_failure_before_the_success_on_one_order_never_shadows_it",
        "",
    ),
    (
        "CN06",
        "Four witnesses at once activate once",
        "f-activation:f40_webhook_return_sweep_and_recheck_at_once_activate_once "
        "handler-at-once:eight_looks_at_once_pay_once",
        "",
    ),
    (
        "CN07",
        "A message is known only once it is stored with its job; one that led to nothing is looked at again",
        "handler-webhooks:a_webhook_whose_job_cannot_be_queued_is_not_kept_either "
        "handler-webhooks:a_repeat_of_an_event_that_led_to_nothing_is_looked_at_again",
        "",
    ),
    (
        "CN08",
        "What was understood is 200, also for foreign orders and the dashboard's test; and silence is noticed",
        "f-webhooks:f33_a_signed_message_about_nothing_of_ours_is_stored_and_money_calls_a_person "
        "cf-webhooks:the_endpoint_test_of_the_dashboard_is_accepted "
        "f-silence:f39_a_gateway_that_stopped_sending_messages_loses_nothing_and_is_noticed",
        "",
    ),
    (
        "CN09",
        "Expired and closed orders may still be paid",
        "handler:a_payment_after_the_expiry_is_honoured_by_default_and_goes_back_if_so_chosen "
        "f-checkout:f26_money_for_an_order_that_was_closed_is_honoured_or_returned_and_never_ignored",
        "",
    ),
    (
        "CN10",
        "A timed-out order keeps its id and is found",
        "f-wire:f11_an_order_whose_creation_timed_out_is_unknown_and_found_under_its_own_id "
        "contract:an_order_whose_answer_was_lost_exists_once_and_is_found "
        "cf-adapter:an_order_that_exists_already_with_the_same_amount_is_found",
        "",
    ),
    (
        "CN11",
        "Ids, phone, amount, addresses and expiry have the gateway's forms",
        "identifiers:an_order_id_is_order_and_fifteen_characters_and_never_the_same "
        "identifiers:a_customer_id_is_always_the_same_for_one_user_and_in_the_form_cashfree_allows "
        "cf-adapter-guide:the_last_ten_digits_of_the_phone_are_sent "
        "cf-adapter:an_order_is_sent_with_credentials_version_exact_amount_and_literal_return_url "
        "cf-mapping:the_expiry_has_indias_offset",
        "",
    ),
    (
        "CN12",
        "Sandbox and production are not mixed; secrets may be rotated",
        "config-live:production_refuses_each_weakness_alone_and_names_it "
        "cf-webhooks:any_secret_of_the_rotation_is_accepted "
        "f-webhooks:f33_a_message_of_another_environment_is_refused_and_leaves_no_row",
        "",
    ),
    (
        "CN13",
        "Ids are text, whether they come as text or number",
        "cf-refunds:a_refund_with_numbers_as_ids_is_read cf-webhooks:an_order_id_that_is_a_number_is_read",
        "",
    ),
    (
        "CN14",
        "A refund is done when it is done, and its id is stored before it is asked for",
        "contract:a_refund_whose_answer_was_lost_is_made_once "
        "refunds:a_full_refund_ends_access_when_it_succeeds_and_not_before "
        "refunds-made:a_refund_whose_answer_was_lost_is_found_and_not_made_twice",
        "",
    ),
    (
        "CN15",
        "A method or a status of tomorrow breaks nothing",
        "cf-mapping:an_unknown_payment_method_is_its_own_name cf-mapping:a_status_invented_later_is_unknown",
        "",
    ),
    (
        "CN16",
        "TLS is verified, every call has its deadline, nothing is global",
        "http:certificates_are_verified http:a_gateway_that_accepts_and_says_nothing_is_a_timeout "
        "http:an_answer_that_drips_is_cut_off_at_the_deadline",
        "",
    ),
    (
        "CN17",
        "A closed window is no failure: pending attempts are waited for",
        "f-lies:f25_an_attempt_that_is_pending_for_hours_is_waited_for_and_pays_when_it_succeeds "
        "f-checkout:f24_a_buyer_who_gave_up_may_pay_the_same_order_later",
        "",
    ),
    (
        "CN18",
        "Nobody learns of another's order",
        "f-lies:f23_a_return_for_somebody_elses_order_is_answered_like_one_for_no_order_and_asks_nobody "
        "f-lies:f23_every_address_of_somebody_elses_checkout_is_the_same_404",
        "",
    ),
    (
        "CN19",
        "No secret and no card in a log; only the session goes to the browser",
        "logs:s17_a_canary_is_masked_in_a_message_a_value_and_a_traceback "
        "http:a_log_names_the_order_and_no_header_body_or_address "
        "edge:the_checkouts_options_are_json_and_hold_no_secret",
        "",
    ),
    (
        "CN20",
        "The gateway is asked ever more rarely, and its pauses are kept",
        "sweep:an_order_is_asked_for_ever_more_rarely_and_not_for_ever "
        "repetition:a_short_rate_limit_is_waited_for "
        "handler-buyers:a_return_asks_the_gateway_at_most_every_five_seconds",
        "",
    ),
    (
        "CN21",
        "The peculiar spellings and first charges of subscriptions",
        "",
        "not applicable: nothing is charged by itself here",
    ),
    (
        "CN22",
        "Cash on delivery is called a success and is no money",
        "order-payments:cash_on_delivery_is_called_a_success_and_is_no_money "
        "handler:cash_on_delivery_opens_nothing_and_calls_a_person",
        "",
    ),
]
