"""The authorisation matrix of the use-cases: one row for each, found by its dotted name.

A call is `(use_case, services, actor, things)`: `things` are the owner's, or such as nobody has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyotp

from accounts.second_factor import Setup, begin_setup, confirm_setup
from domain.accounts import NOBODY, User
from domain.errors import InvalidInput, OrderNotFound
from domain.report_rules import ReportSettings
from domain.second_factor import STEP
from tests.security.people import PASSWORD
from tests.security.rows import Row, admin_only, by_proof, open_to_all, own, owner_only, system, within
from wiring import Services


def second_factor_of(services: Services, person: User) -> tuple[Setup, tuple[str, ...]]:
    """A second factor that this person sets up now, and its recovery codes."""
    setup = begin_setup(services, person, PASSWORD)
    return setup, confirm_setup(services, person, setup, code_of(services, setup))


def code_of(services: Services, setup: Setup, *, steps: int = 0) -> str:
    """What the authenticator app shows, `steps` codes from now."""
    with services.engine.connect() as conn:
        return pyotp.TOTP(setup.secret).at(services.now(conn) + steps * STEP)


def or_why_not(use_case: Callable[..., object], *arguments: object) -> object:
    """What the use-case answers, or what it says of the thing. Who may not is refused all the same."""
    try:
        return use_case(*arguments)
    except InvalidInput as exc:
        return exc.user_message


ACCOUNTS: Mapping[str, Row] = {
    "user_management.register": open_to_all("whoever registers becomes a subscriber: no argument says more"),
    "user_management.create_admin": system("the command line and the first start; never promotes"),
    "user_management.sign_in": by_proof("the password"),
    "user_management.entitlement": own(lambda f, s, me, t: f(s, me)),
    "user_management.SubscriptionTracker": system("the guide's class for scripts; no page makes one"),
    "accounts.brakes.spend": system("counts a use under a key that the calling use-case chose"),
    "accounts.brakes.one_guess": system("counts a use under a key that the calling use-case chose"),
    "accounts.brakes.give_back": system("takes back what `spend` counted"),
    "accounts.email_links.request_link": within("to an address that the calling use-case read from the account"),
    "accounts.email_links.send_link": system("a job; it is told the id of a token, and never the token"),
    "accounts.email_links.is_usable": by_proof("the link's seal"),
    "accounts.email_links.find_account_of_link": by_proof("the link's seal"),
    "accounts.email_links.spend_link": within("and by the link's seal"),
    "accounts.notices.send_notice": within("its user is who gets the mail, not who acts"),
    "accounts.password_reset.request_reset": open_to_all("says nothing about accounts; the mail goes to the owner"),
    "accounts.password_reset.reset_password": by_proof("the link's seal"),
    "accounts.sessions.issue_ticket": by_proof("the page has just seen the password or the code; bound to a browser"),
    "accounts.sessions.redeem_ticket": by_proof("the ticket and the browser that it was made for"),
    "accounts.sessions.user_of_session": by_proof("the session's token"),
    "accounts.sessions.half_session_of": by_proof("the session's token"),
    "accounts.sessions.list_sessions": own(lambda f, s, me, t: f(s, me, t.session_token)),
    "accounts.sessions.end_session": owner_only(lambda f, s, me, t: f(s, me, t.session_id), refusal=False),
    "accounts.sessions.sign_out": by_proof("the session's token"),
    "accounts.sessions.sign_out_everywhere": own(lambda f, s, me, t: f(s, me)),
    "accounts.verification.request_verification": own(lambda f, s, me, t: f(s, me)),
    "accounts.verification.verify_email": by_proof("the link's seal"),
    "accounts.credentials.confirm_password": own(lambda f, s, me, t: f(s, me, PASSWORD)),
    "accounts.credentials.change_password": own(
        lambda f, s, me, t: f(s, me, current=PASSWORD, new="another long one of mine", visitor=NOBODY)
    ),
    "accounts.credentials.change_email": own(
        lambda f, s, me, t: f(s, me, password=PASSWORD, email="elsewhere@example.com")
    ),
    "accounts.credentials.confirm_new_email": by_proof("the link's seal"),
    "accounts.credentials.find_password_change": own(lambda f, s, me, t: f(s, me)),
    "accounts.deletion.delete_account": own(
        lambda f, s, me, t: f(s, me, password=PASSWORD, username=me.username)
    ),
    "accounts.export.export_of": own(lambda f, s, me, t: f(s, me), shows="paid_order_id"),
    "accounts.export.export_file": own(lambda f, s, me, t: f(s, me), shows="paid_order_id"),
    "accounts.sessions.has_second_factor": by_proof("the session's token"),
    "accounts.second_factor.state": own(lambda f, s, me, t: f(s, me)),
    "accounts.second_factor.begin_setup": own(lambda f, s, me, t: f(s, me, PASSWORD)),
    "accounts.second_factor.begin_required_setup": by_proof("a half session, which only its token gives"),
    "accounts.second_factor.confirm_setup": own(
        lambda f, s, me, t: f(s, me, setup := begin_setup(s, me, PASSWORD), code_of(s, setup))
    ),
    "accounts.second_factor.verify_code": own(lambda f, s, me, t: f(s, me, second_factor_of(s, me)[1][0])),
    "accounts.second_factor.holds_all_codes": own(lambda f, s, me, t: f(s, me, second_factor_of(s, me)[1])),
    # The code of this moment was used up by the set-up.
    "accounts.second_factor.new_recovery_codes": own(
        lambda f, s, me, t: f(s, me, code_of(s, second_factor_of(s, me)[0], steps=1))
    ),
    "accounts.second_factor.remove": own(
        lambda f, s, me, t: f(s, me, password=PASSWORD, code=second_factor_of(s, me)[1][0])
    ),
    "accounts.second_factor.reset": system("the command line: whoever may run it holds the server"),
}  # fmt: skip

MONEY: Mapping[str, Row] = {
    "payment_handler.report_script_failure": owner_only(
        lambda f, s, me, t: f(s, me, t.order_id), refusal=OrderNotFound
    ),
    "payment_handler.save_payment_record": system("the guide's name for scripts: looks, and answers yes or no"),
    "payment_handler.send_payment_receipt": system("the guide's name for scripts: the mail goes to its owner"),
    "billing.alarms.raise_standing_alarm": within("a job or a look at an order finds what stays until it is mended"),
    "billing.alarms.raise_alarm": within("a use-case, a job or a look at an order calls a person"),
    "billing.alarms.report_job": system("the worker tells how a job ended"),
    "billing.alarms.report_recovery": system("the worker tells how a job ended"),
    "billing.checkout.start_checkout": own(lambda f, s, me, t: f(s, me, "annual"), shows="order_id"),
    "billing.checkout.checkout_options": owner_only(
        lambda f, s, me, t: f(s, me, t.order_id), refusal=OrderNotFound, shows="order_id"
    ),
    "billing.checkout.describe_order": system("the words of an order that its caller holds"),
    "billing.gateway_choice.usable_gateways": open_to_all("names of payment services"),
    "billing.gateway_choice.choose_gateway": system("a part of `start_checkout`; looks at no account"),
    "billing.checkout.leave_for_gateway": owner_only(
        lambda f, s, me, t: f(s, me, t.order_id), refusal=OrderNotFound, shows="order_id"
    ),
    "billing.checkout.skip_payment": own(lambda f, s, me, t: f(s, me)),
    "billing.checkout.terminate_order": system("a job"),
    "billing.dead_letters.retry_stalled_jobs": system("a periodic job"),
    "billing.dead_letters.list_dead_letters": admin_only(lambda f, s, me, t: f(s, me), shows="job_id"),
    "billing.dead_letters.replay_dead_letter": admin_only(lambda f, s, me, t: f(s, me, t.job_id)),
    "billing.desk.check_order": admin_only(lambda f, s, me, t: f(s, me, t.order_id), shows="order_id"),
    "billing.desk.resolve_alarm": admin_only(lambda f, s, me, t: f(s, me, t.alarm_id)),
    "billing.desk.settle_by_hand": admin_only(
        lambda f, s, me, t: f(s, me, order_id=t.twice_paid_order_id, payment_id=t.second_payment_id, reason="sent")
    ),
    "billing.desk.check_books": admin_only(lambda f, s, me, t: f(s, me)),
    "billing.grants.offer_access": admin_only(
        lambda f, s, me, t: f(s, me, user_id=t.user_id, plan_id="monthly", days=7), shows="email"
    ),
    "billing.grants.give_access": admin_only(
        lambda f, s, me, t: f(
            s, me, user_id=t.user_id, plan_id="monthly", days=7, reason="asked", seen_until=t.access_until
        )
    ),
    "billing.grants.end_access": admin_only(lambda f, s, me, t: f(s, me, grant_id=t.grant_id, reason="asked")),
    "billing.grants.list_given": own(lambda f, s, me, t: f(s, me)),
    "billing.history.list_plans": open_to_all("today's prices"),
    "billing.history.find_order": owner_only(
        lambda f, s, me, t: f(s, me, t.paid_order_id), refusal=OrderNotFound, shows="paid_order_id"
    ),
    "billing.history.current_checkout": own(lambda f, s, me, t: f(s, me), shows="order_id"),
    "billing.history.list_orders": own(lambda f, s, me, t: f(s, me), shows="paid_order_id"),
    "billing.history.last_failure": owner_only(
        lambda f, s, me, t: f(s, me, t.order_id), refusal=OrderNotFound
    ),
    "billing.inbox.receive_webhook": by_proof("the gateway's signature"),
    "billing.inbox.process_event": system("a job"),
    "billing.inbox.requeue_waiting_events": system("a part of the sweep"),
    "billing.inbox.list_events": system("the command line"),
    "billing.inbox.find_event": system("the command line; the body is a buyer's data"),
    "billing.inbox.replay_event": admin_only(lambda f, s, me, t: f(s, me, t.event_id), shows="paid_order_id"),
    "billing.inbox.replay_event_for_operator": system("the command line: whoever may run it holds the server"),
    "billing.receipts.make_receipt": owner_only(
        lambda f, s, me, t: f(s, me, t.paid_order_id), refusal=OrderNotFound, shows="paid_order_id"
    ),
    "billing.limits.spend": system("counts a use under a key that the calling use-case chose"),
    "billing.mails.defer_receipt": within("to the address of the order's buyer"),
    "billing.mails.defer_activation": within("to the address of the order's buyer"),
    "billing.mails.defer_refund": within("to the address of the order's buyer"),
    "billing.mails.defer_returned_by_hand": within("to the address of the order's buyer"),
    "billing.mails.defer_access_given": within("to the address of who is given access"),
    "billing.mails.defer_access_ended": within("to the address of who was given access"),
    "billing.mails.queue_receipt": within("sends what is in the outbox"),
    "billing.outbox.defer_mail": within("the calling use-case chose the address"),
    "billing.outbox.store_mail": within("the calling use-case chose the address"),
    "billing.outbox.with_link": system("the sending of a mail; its result opens an account"),
    "billing.outbox.queue_mail": within("sends what is in the outbox"),
    "billing.outbox.send_mail": system("a job"),
    "billing.quarantine.release_order": admin_only(
        lambda f, s, me, t: f(s, me, t.doubted_order_id, give_back=False), shows="doubted_order_id"
    ),
    "billing.reconciliation.sweep": system("a periodic job and the command line"),
    "billing.reconciliation.reconcile": system("the command line"),
    "billing.reconciliation.reconcile_last_days": system("a periodic job"),
    "billing.recovery.recover_order": system("the worker and `reconcile`: rebuilds what the gateway shows"),
    "billing.refunds.request_refund": admin_only(
        lambda f, s, me, t: f(
            s, me, order_id=t.paid_order_id, payment_id=t.paid_payment_id, amount_paise=200, reason="asked",
            refund_key="REFUND00000000000002",
        )
    ),
    "billing.refunds.intend_refund": within("its actor is noted; `request_refund` has checked them"),
    "billing.refunds.execute_refund": system("a job"),
    "billing.refunds.apply_changes": within("a look at the gateway"),
    "billing.returns.list_refunds": own(lambda f, s, me, t: f(s, me), shows="paid_order_id"),
    "billing.returns.list_hand_returns": own(lambda f, s, me, t: f(s, me)),
    "billing.returns.find_returned_access": own(lambda f, s, me, t: f(s, me)),
    "billing.settlement.sync_order": system("asks the gateway; every use-case that takes an actor goes before it"),
    "billing.settlement.apply_observation": within("a look at the gateway"),
    "billing.upi.offers_upi_code": open_to_all("whether a payment service has a feature"),
    "billing.upi.make_upi_code": owner_only(
        lambda f, s, me, t: f(s, me, t.order_id, visitor=NOBODY, user_agent="a browser"), refusal=OrderNotFound
    ),
    "billing.verification.receive_callback": by_proof("the gateway's signature; without one nothing is looked at"),
    "billing.verification.confirm_return": owner_only(
        lambda f, s, me, t: f(s, me, t.order_id), refusal=OrderNotFound, shows="order_id"
    ),
    "billing.verification.was_answered": system("says how old a look at an order is that its caller holds"),
    "billing.verification.verify_again": owner_only(
        lambda f, s, me, t: f(s, me, t.order_id), refusal=OrderNotFound, shows="order_id"
    ),
}  # fmt: skip

REPORTS: Mapping[str, Row] = {
    "reports.accounts.search": admin_only(lambda f, s, me, t: f(s, me, t.email), shows="email"),
    "reports.accounts.user_page": admin_only(lambda f, s, me, t: f(s, me, t.user_id), shows="email"),
    "reports.orders.order_page": admin_only(
        lambda f, s, me, t: f(s, me, t.paid_order_id), shows="refund_key"
    ),
    "reports.orders.recent_refunds": admin_only(lambda f, s, me, t: f(s, me), shows="refund_key"),
    "reports.overview.overview": admin_only(lambda f, s, me, t: f(s, me), shows="order_id"),
    "reports.overview.recent_users": admin_only(lambda f, s, me, t: f(s, me), shows="email"),
    "reports.overview.recent_orders": admin_only(lambda f, s, me, t: f(s, me), shows="order_id"),
    "reports.overview.recent_payments": admin_only(lambda f, s, me, t: f(s, me), shows="paid_order_id"),
    "reports.overview.recent_events": admin_only(lambda f, s, me, t: f(s, me), shows="paid_order_id"),
    "reports.overview.read_event": admin_only(
        lambda f, s, me, t: f(s, me, t.event_id), shows="paid_order_id"
    ),
    "reports.overview.recent_mails": admin_only(lambda f, s, me, t: f(s, me), shows="email"),
    "reports.overview.read_mail": admin_only(lambda f, s, me, t: f(s, me, t.mail_id), shows="email"),
    "reports.overview.reading": admin_only(lambda f, s, me, t: f(s, me).__enter__()),
    "reports.trouble.dead_letters": admin_only(lambda f, s, me, t: f(s, me), shows="job_id"),
    "reports.trouble.alarms": admin_only(
        lambda f, s, me, t: f(s, me, with_resolved=True), shows="order_id"
    ),
    "reports.trouble.findings": admin_only(lambda f, s, me, t: f(s, me)),
}  # fmt: skip

OPERATIONS: Mapping[str, Row] = {
    "operations.audit.verify_audit_log": system("the command line"),
    "operations.audit.note_end": system("a periodic job"),
    "operations.check.run_checks": system("the command line, and use-cases that have checked their actor"),
    "operations.check.check_and_alarm": system("a periodic job, and a use-case that has checked its actor"),
    "operations.figures.refresh_gauges": system("the route of the monitoring system, which asks for its token"),
    "operations.housekeeping.tidy": system("a periodic job"),
    "operations.start_up.ensure_admin": system("the first start, before anybody can ask"),
    "operations.start_up.readiness": system("the route that load balancers ask; says three times yes or no"),
}  # fmt: skip

_CLOSES = b"date,symbol,close\n2026-01-05,NIFTY IT,10\n"

SECTORS: Mapping[str, Row] = {
    "sectors.watch_list.list_watched": own(lambda f, s, me, t: f(s, me)),
    "sectors.watch_list.watch": own(lambda f, s, me, t: f(s, me, "IT")),
    "sectors.watch_list.unwatch": own(lambda f, s, me, t: f(s, me, "IT")),
    "sectors.watch_list.move": own(lambda f, s, me, t: f(s, me, "IT", 1)),
    "sectors.report_settings.find_report_settings": own(lambda f, s, me, t: f(s, me)),
    "sectors.report_settings.save_report_settings": own(
        lambda f, s, me, t: f(s, me, ReportSettings(daily=True))
    ),
    "sectors.report_settings.next_reports": own(lambda f, s, me, t: f(s, me)),
    "sectors.report_settings.list_sent_reports": own(lambda f, s, me, t: f(s, me)),
    "sectors.report_settings.unsubscribe": by_proof("the link's seal"),
    "sectors.report_settings.resubscribe": by_proof("the link's seal"),
    "sectors.delivery.schedule_reports": system("a periodic job"),
    "sectors.delivery.send_report": system("a job; it asks for the reader's subscription again"),
    "sectors.delivery.send_now": own(lambda f, s, me, t: f(s, me)),
    "sectors.delivery.preview_report": own(lambda f, s, me, t: f(s, me)),
    "sectors.market.open_market": own(lambda f, s, me, t: f(s, me)),
    "sectors.method.packed_at": own(lambda f, s, me, t: f(s, me)),
    "sectors.market.shows_demo": open_to_all("says which kind of prices is shown, and none of them"),
    "sectors.market.market_of_the_day": system("jobs and mails, which ask for each reader's subscription"),
    "sectors.market_status.market_status": admin_only(lambda f, s, me, t: f(s, me)),
    "sectors.market_status.read_status": system("read by a use-case that has checked its actor"),
    "sectors.ingest.preview_file": admin_only(lambda f, s, me, t: f(s, me, _CLOSES)),
    "sectors.ingest.store_file": admin_only(lambda f, s, me, t: f(s, me, _CLOSES)),
    "sectors.ingest.store_rows": within("its actor is who is written down"),
    "sectors.market_update.update_market": system("a periodic job"),
    "sectors.market_update.run_update": system("the job, and the command line: whoever may run it holds the server"),
    "sectors.market_import.import_path": system("the command line: whoever may run it holds the server"),
    "sectors.ingest.store_content": system("the command line: whoever may run it holds the server"),
    "sectors.shown.pack_now": system("the command line: whoever may run it holds the server"),
    "sectors.quarantine.accept_row": admin_only(lambda f, s, me, t: f(s, me, t.held_price_id)),
    "sectors.quarantine.dismiss_row": admin_only(lambda f, s, me, t: f(s, me, t.held_price_id)),
    "sectors.shown.repack": system("a step of the use-cases that store prices"),
    "sectors.shown.show_prices": admin_only(lambda f, s, me, t: or_why_not(f, s, me, "A vendor")),
    "sectors.shown.show_demo": admin_only(lambda f, s, me, t: f(s, me)),
}  # fmt: skip

USE_CASES: Mapping[str, Row] = {**SECTORS, **ACCOUNTS, **MONEY, **REPORTS, **OPERATIONS}

# Pages and routes name these, although they take no actor.
NAMED_BY_FACES: Mapping[tuple[str, str], str] = {
    ("landing_page.py", "operations.start_up.ensure_admin"): "once, before the first request",
    ("web/health.py", "operations.start_up.readiness"): "answers which parts are ready, and nothing else",
    ("web/health.py", "operations.figures.refresh_gauges"): "behind the token of the monitoring system",
    ("ui/check_again.py", "billing.verification.was_answered"): "about an order that `verify_again` just gave",
}  # fmt: skip
