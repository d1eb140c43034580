"""Razorpay's two checklists: line, our words, the tests that show it, what is missing or why it does not apply."""

RAZORPAY_SIMULATOR = [
    (
        "RS01",
        "The key and its secret on every call, 401 otherwise; several accounts that do not see each other",
        "rz-sim-orders:every_path_asks_for_the_key_and_its_secret rz-sim-orders:the_scheme_has_one_spelling "
        "rz-sim-orders:an_order_of_another_account_does_not_exist",
        "",
    ),
    (
        "RS02",
        "JSON and forms; amount, currency, receipt, notes, unknown fields and addresses are checked",
        "rz-sim-orders:a_form_nests_as_php_does rz-sim-orders:a_wrong_order_is_refused_and_not_made "
        "rz-sim-orders:the_edges_of_what_is_allowed rz-sim-orders:an_unknown_address_or_verb_is_a_bad_request",
        "",
    ),
    (
        "RS03",
        "Orders with exact members and states; no payment beside a paid or held one; receipts repeat; lists are paged",
        "rz-sim-orders:an_order_has_exactly_these_members "
        "rz-sim-orders:notes_are_a_list_when_empty_and_a_map_otherwise "
        "rz-sim-payments:a_paid_order_takes_no_further_payment "
        "rz-sim-orders:a_receipt_may_repeat_and_finds_every_order_it_was_given_to "
        "rz-sim-orders:an_account_may_enforce_unique_receipts rz-sim-orders:lists_are_paged_newest_first",
        "",
    ),
    (
        "RS04",
        "Payments with each method's members, a fee once captured, error words on failure, expansion",
        "rz-sim-payments:each_method_fills_its_own_members "
        "rz-sim-payments:a_captured_payment_pays_its_order_and_costs_a_fee "
        "rz-sim-payments:a_failed_attempt_leaves_the_order_attempted_and_says_why "
        "rz-sim-payments:a_payments_card_is_shown_when_asked_for",
        "",
    ),
    (
        "RS05",
        "Capture by account and by order, at once, later or by hand; what nobody captures goes back",
        "rz-sim-payments:an_order_may_ask_for_capture_by_hand rz-sim-payments:capture_may_be_automatic_but_later "
        "rz-sim-payments:what_nobody_captures_goes_back",
        "",
    ),
    (
        "RS06",
        "Refusals of captures and refunds; parts; the idempotency header; late and failed refunds; empty balance",
        "rz-sim-payments:capture_wants_the_authorised_amount_once rz-sim-refunds:parts_may_be_returned_up_to_the_whole "
        "rz-sim-refunds:a_key_is_good_for_one_body_and_one_payment "
        "rz-sim-refunds:a_second_call_under_a_running_key_is_turned_away "
        "rz-sim-refunds:a_failed_refund_puts_its_amount_back rz-sim-refunds:an_account_without_balance_cannot_refund",
        "",
    ),
    (
        "RS07",
        "Slowness, 429, 500, a page of HTML, an answer lost after its effect, lists that lag",
        "rz-sim-control:an_error_fault_does_nothing_else rz-sim-control:a_bad_gateway_is_a_page "
        "rz-sim-control:an_order_whose_reply_was_lost_is_found_by_its_receipt "
        "rz-sim-control:lists_may_lag_while_single_reads_do_not",
        "",
    ),
    (
        "RS08",
        "A clock that can be moved and hastened: days pass in seconds",
        "rz-sim-webhooks:a_day_passes_in_seconds_on_a_fast_clock "
        "rz-sim-payments:an_attempt_without_an_answer_fails_after_ten_minutes",
        "",
    ),
    (
        "RS09",
        "A browser script that checks key and order, takes the order's amount, and offers every method and test datum",
        "rz-sim-script:a_card_pays_and_the_handler_gets_the_signed_triple rz-sim-script:a_checkout_needs_a_key "
        "rz-sim-checkout:the_page_shows_the_orders_amount_whatever_the_browser_says "
        "rz-sim-checkout:card_and_otp_decide rz-sim-checkout:the_upi_address_decides "
        "rz-sim-script:the_qr_code_goes_on_when_the_phone_approves",
        "",
    ),
    (
        "RS10",
        "Handler, callback and redirect; failure events, retries, closing, time limit, prefill, hosted form",
        "rz-sim-script:a_callback_without_redirect_gets_a_form_post_and_keeps_its_query "
        "rz-sim-script:a_redirect_posts_success_and_failure_from_the_gateways_page "
        "rz-sim-script:a_failure_is_told_while_the_modal_stays_and_the_next_try_is_another_payment "
        "rz-sim-script:modal_options_are_heeded rz-sim-script:a_checkout_times_out_and_can_be_closed_by_the_page "
        "rz-sim-checkout:options_prefill_lock_and_hide "
        "rz-sim-checkout:a_form_opens_the_hosted_checkout_and_cancelling_goes_to_its_address",
        "checkout by a subscription's id: nothing here is sold that way",
    ),
    (
        "RS11",
        "Buttons to pay and vanish, to be authorised late, to pay twice",
        "rz-sim-script:a_payer_who_vanishes_leaves_the_shop_without_a_word "
        "rz-sim-checkout:a_late_authorisation_fails_now_and_pays_later rz-sim-payments:a_duplicate_attempt_is_returned",
        "",
    ),
    (
        "RS12",
        "Webhooks by account with a secret and a choice of events; its headers; compact bytes that are signed as sent",
        "rz-sim-webhooks:a_payment_is_told_three_times_with_signed_compact_bytes "
        "rz-sim-webhooks:a_merchant_registers_webhooks_by_the_api rz-sim-webhooks:webhooks_are_of_one_account",
        "",
    ),
    (
        "RS13",
        "Events in the gateway's order, before or after the browser; each a picture of its moment",
        "rz-sim-webhooks:an_event_shows_the_payment_as_it_was rz-sim-webhooks:refunds_and_failures_are_told "
        "rz-sim-checkout:the_webhook_can_arrive_before_the_browser_or_after_it",
        "",
    ),
    (
        "RS14",
        "Any 2xx in five seconds, else sixteen tries in a day, then off; one id for all; old events keep their secret",
        "rz-sim-webhooks:any_2xx_is_an_answer_and_nothing_else "
        "rz-sim-webhooks:a_silent_merchant_is_asked_sixteen_times_in_a_day_and_then_switched_off "
        "rz-sim-webhooks:a_merchant_who_is_too_slow_is_asked_again "
        "rz-sim-webhooks:one_event_has_one_id_at_every_address_and_each_address_its_secret "
        "rz-sim-webhooks:an_old_event_keeps_its_old_secret",
        "",
    ),
    (
        "RS15",
        "Webhooks doubled, out of order, late, lost, forged, with other keys, unknown, foreign, beyond ASCII",
        "rz-sim-webhooks:webhook_faults_can_drop_double_delay_and_forge "
        "rz-sim-webhooks:a_webhook_may_come_after_its_successor "
        "rz-sim-webhooks:bodies_may_be_written_in_unusual_but_genuine_ways "
        "rz-sim-webhooks:events_nobody_asked_for_are_genuine_too",
        "",
    ),
    (
        "RS16",
        "A control interface and pages: deliveries, replay, clock, reset, seeds",
        "rz-sim-webhooks:an_event_may_be_replayed rz-sim-control:reset_forgets_the_second_gateway_too "
        "rz-sim-control:a_seeded_fault_repeats_itself rz-sim-control:the_dashboard_shows_captures_and_refunds",
        "",
    ),
    (
        "RS17",
        "The official SDK works against it unchanged, and the published signatures hold",
        "rz-sdk:the_official_sdk_sells_and_verifies "
        "rz-sdk:the_official_sdk_captures_and_refunds_once_under_one_key "
        "rz-sdk:the_official_sdk_reads_refusals rz-sim-payments:the_published_signature_vectors_hold",
        "",
    ),
]

RAZORPAY_NAIVE = [
    (
        "RN01",
        "Nothing is given for what the browser says; amount and order come from our books",
        "callback:a_signature_is_a_claim_and_never_money "
        "guide:guide_step_1_the_amount_is_the_plans_and_never_the_browsers "
        "f-lies:f23_a_return_that_claims_success_for_ones_own_unpaid_order_only_asks_the_gateway",
        "",
    ),
    (
        "RN02",
        "The return's signature is checked, against the stored order",
        "rz-signatures:a_return_that_proves_nothing_for_this_order_claims_nothing "
        "callback:the_signature_of_another_paid_order_is_not_taken_for_this_one",
        "",
    ),
    (
        "RN03",
        "A good signature is not a capture: held money is captured, or not counted",
        "callback:a_return_whose_money_is_only_held_is_captured "
        "contract:money_that_a_bank_holds_is_taken_once_or_the_gateway_has_none",
        "",
    ),
    (
        "RN04",
        "Whole paise, no floats, currency compared",
        "money:floats_and_booleans_are_refused_by_type "
        "rz-orders:an_attempt_with_unreadable_money_or_of_another_order_is_an_error "
        "f-amounts:f28_another_currency_opens_nothing",
        "",
    ),
    (
        "RN05",
        "A webhook, over raw bytes, with its own secret, compared in constant time",
        "edge:forged_messages_are_refused rz-signatures:without_the_webhooks_own_secret_nothing_is_believed "
        "guide:guide_signatures_are_compared_in_constant_time",
        "",
    ),
    (
        "RN06",
        "One effect of one payment, whatever tells of it and how often",
        "rz-web:captured_and_order_paid_tell_of_one_payment_and_give_one_period "
        "rz-signatures:a_message_is_known_by_its_bytes_and_not_by_what_nobody_signed "
        "f-activation:f40_webhook_return_sweep_and_recheck_at_once_activate_once",
        "",
    ),
    (
        "RN07",
        "A failed payment is not the end of its order",
        "guide-events:guide_event_payment_failed_records_the_attempt_and_keeps_the_order_open "
        "capture:a_failed_attempt_that_the_bank_approves_days_later_is_captured_by_the_sweep",
        "",
    ),
    (
        "RN08",
        "The sequence of messages does not matter, and nothing goes backwards",
        "converge:looks_in_any_order_with_repeats_converge_to_one_state_with_at_most_one_primary "
        "order-payments:money_that_is_recorded_is_never_touched_again "
        "f-webhooks:f32_messages_in_any_order_lead_to_one_state",
        "",
    ),
    (
        "RN09",
        "Webhooks are stored and answered, looked into later; unknown events are answered 200",
        "handler-webhooks:a_webhook_is_kept_to_the_byte_once_and_queues_one_look "
        "f-database:f37_a_stalled_database_is_answered_503_in_time_and_later_one_effect "
        "rz-web:what_is_not_about_an_order_is_kept_shown_and_answered_200_and_grants_or_ends_nothing",
        "",
    ),
    (
        "RN10",
        "No order is sent blindly again, and refunds carry their key",
        "contract:an_order_whose_answer_was_lost_exists_once_and_is_found "
        "rz-orders:an_order_that_may_exist_is_looked_for_before_anything_is_sent "
        "rz-orders:a_receipt_that_is_taken_already_leads_to_its_order "
        "rz-money:a_refund_whose_answer_was_lost_is_sent_again_under_the_same_key",
        "",
    ),
    (
        "RN11",
        "Reloading a page opens no other order, and no number is forgotten",
        "checkout:asking_again_gives_the_same_order_and_asks_the_gateway_nothing "
        "each:two_tabs_that_open_one_order_twice_at_the_gateway_hand_out_one_number",
        "",
    ),
    (
        "RN12",
        "Empty notes, missing members, 400 instead of 404 and pages of HTML are read",
        "edge:a_proxys_page_of_html_is_no_accident contract:an_order_that_nobody_opened_is_not_found "
        "rz-orders:a_row_without_an_identity_is_left_out_and_the_others_stay "
        "rz-signatures:hostile_content_names_no_order",
        "",
    ),
    (
        "RN13",
        "Test and live keys are not mixed; secrets are in no log and no page",
        "config-rz:what_cannot_be_meant_is_refused_by_name_and_without_its_value "
        "config-rz:production_refuses_each_weakness_and_names_it "
        "edge:the_checkouts_options_are_json_and_hold_no_secret "
        "document:the_owner_gets_the_options_of_standard_checkout_and_no_secret",
        "",
    ),
    (
        "RN14",
        "The callback takes a post from a stranger's page, without cookie or session",
        "callback:a_signed_return_looks_at_the_order_and_leads_to_its_page "
        "callback:the_failure_form_leads_to_the_order_and_changes_nothing",
        "",
    ),
    (
        "RN15",
        "A refund counts when it is done; failed ones are noticed; held money is not refunded",
        "contract:a_refund_that_waits_is_pending_and_then_done "
        "contract:a_refund_that_fails_says_so_and_frees_its_amount "
        "refunds-made:a_failed_refund_calls_a_person_frees_the_money_and_is_not_repeated "
        "capture:a_second_held_payment_of_a_paid_order_is_left_to_go_back",
        "",
    ),
    (
        "RN16",
        "Open orders are looked at without any message",
        "sweep:a_payment_without_webhook_and_return_is_found_after_two_minutes "
        "each:a_payment_that_no_message_told_of_is_found_in_the_gateways_account "
        "f-silence:f39_a_gateway_that_stopped_sending_messages_loses_nothing_and_is_noticed",
        "",
    ),
    (
        "RN17",
        "Signatures and pauses of subscriptions are handled in their own way",
        "",
        "not applicable: periods are bought by orders; a subscription's events are kept and change nothing",
    ),
    (
        "RN18",
        "Nobody depends on typing a UPI address where that has ended",
        "rz-sim-script:the_qr_code_goes_on_when_the_phone_approves rz-sim-checkout:options_prefill_lock_and_hide "
        "guide:guide_method_that_is_supported_pays",
        "",
    ),
]
