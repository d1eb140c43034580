"""What an admin does by hand: allowed to admins only, whatever page asks, and written down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import text

import payment_handler
from accounts.export import export_file, export_of
from billing import desk
from billing.returns import list_hand_returns
from database import books, personal_data
from database.invariants import INVARIANTS, find_offenders
from domain.accounts import User
from domain.errors import Forbidden, GatewayRequestRejected, RefundRefused
from operations.check import all_hold, run_checks
from payment_handler import start_checkout
from reports import orders as order_reports
from reports import overview, trouble
from reports.export import to_csv
from tests.books import balances, shown_payment
from user_management import create_admin


def audited(services, actor) -> list[tuple]:
    """What the audit log holds of somebody, after their account was made."""
    with services.engine.connect() as conn:
        rows = conn.execute(
            text("SELECT action, object FROM audit_log WHERE actor_id = :id AND object NOT LIKE 'user:%'"),
            {"id": actor.id},
        )
        return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    "act",
    [
        lambda services, user: desk.check_order(services, user, "ORDER00000000000001A"),
        lambda services, user: payment_handler.replay_event(services, user, 1),
        lambda services, user: desk.resolve_alarm(services, user, 1),
        lambda services, user: desk.check_books(services, user),
        lambda services, user: order_reports.order_page(services, user, "ORDER00000000000001A"),
        lambda services, user: order_reports.recent_refunds(services, user),
        lambda services, user: trouble.dead_letters(services, user),
        lambda services, user: trouble.alarms(services, user, with_resolved=True),
        lambda services, user: trouble.findings(services, user),
    ],
)
def test_a_subscriber_is_refused(services, user, gateway, act) -> None:
    with pytest.raises(Forbidden):
        act(services, user)

    assert gateway.calls == []
    assert audited(services, user) == []


def test_who_asked_the_gateway_is_written_down(services, user, admin) -> None:
    order = start_checkout(services, user, "monthly")

    desk.check_order(services, admin, order.id)

    assert audited(services, admin) == [("order_checked", f"order:{order.id}")]


def test_an_alarm_is_resolved_once(services, admin) -> None:
    with services.engine.begin() as conn:
        alarm_id = books.insert_alarm(conn, "a", "Look")

    assert [desk.resolve_alarm(services, admin, alarm_id) for _ in range(2)] == [True, False]


@pytest.mark.parametrize("by_a_person", [True, False], ids=["person", "itself"])
def test_an_alarm_that_is_raised_once_comes_back_only_when_it_had_ended_by_itself(
    services, admin, by_a_person
) -> None:
    with services.engine.begin() as conn:
        books.insert_alarm(conn, "a", "Look", once=True)
        books.resolve_alarm(conn, "a", now=services.now(conn), actor_id=admin.id if by_a_person else None)

        again = books.insert_alarm(conn, "a", "Look", once=True)

    assert (again is None) is by_a_person


def test_an_event_that_does_not_exist_is_not_processed_again(services, admin) -> None:
    assert payment_handler.replay_event(services, admin, 99) is None


def test_who_processed_an_event_again_is_written_down_once(services, admin) -> None:
    payment_handler.receive_webhook(
        services, "cashfree", {"x-webhook-signature": "good"}, b"PAYMENT_SUCCESS_WEBHOOK:"
    )
    with services.engine.connect() as conn:
        event_id = conn.execute(text("SELECT id FROM gateway_events")).scalar_one()

    payment_handler.replay_event(services, admin, event_id)

    assert audited(services, admin) == [("event_replayed", f"event:{event_id}")]


@pytest.fixture
def duplicate(services, user, gateway) -> tuple[str, int]:
    """Money of a replaced order, whose refund the gateway refused: the order and the payment."""
    first = start_checkout(services, user, "monthly")
    second = start_checkout(services, user, "annual")
    for order in (second, first):
        gateway.pay(order.id)
        payment_handler.sync_order(services, order.id)
    with services.engine.connect() as conn:
        key = conn.execute(text("SELECT refund_key FROM refunds")).scalar_one()
        payment_id = conn.execute(text("SELECT id FROM payments WHERE role = 'duplicate'")).scalar_one()
    gateway.fail_next = GatewayRequestRejected()
    payment_handler.execute_refund(services, key)
    return first.id, payment_id


def _breaks_i14(services) -> bool:
    (rule,) = (rule for rule in INVARIANTS if rule.id == "I14")
    with services.engine.connect() as conn:
        # The rows carry the database's own time.
        tomorrow = conn.execute(text("SELECT now() + interval '25 hours'")).scalar_one()
        return find_offenders(conn, rule, now=tomorrow, limit=1).count > 0


def _open_alarms(services) -> list[str]:
    with services.engine.connect() as conn:
        keys = conn.execute(text("SELECT key FROM alarms WHERE resolved_at IS NULL"))
        return sorted(keys.scalars())


def test_what_a_person_settled_by_hand_waits_no_more_and_stands_in_the_audit_log(
    services, admin, duplicate
) -> None:
    order_id, payment_id = duplicate
    before = _breaks_i14(services), len(_open_alarms(services))

    first = desk.settle_by_hand(
        services, admin, order_id=order_id, payment_id=payment_id, reason=" NEFT of today "
    )
    again = desk.settle_by_hand(services, admin, order_id=order_id, payment_id=payment_id, reason="once more")

    # One about the money, one about its refund.
    assert (before, first, again) == ((True, 2), True, False)
    assert (_breaks_i14(services), _open_alarms(services)) == (False, [])
    report = order_reports.order_page(services, admin, order_id)
    assert report is not None
    assert [(row.amount_paise, row.by, row.reason) for row in report.settled] == [
        (49900, admin.username, "NEFT of today")
    ]
    assert (report.waiting, report.refundable) == (None, None)
    assert audited(services, admin) == [("settled_by_hand", f"payment:{payment_id}")]


def test_the_buyer_reads_of_money_settled_by_hand_in_billing_and_in_one_mail(
    services, user, admin, duplicate, clock
) -> None:
    order_id, payment_id = duplicate
    clock.advance(timedelta(days=2))

    for _ in range(2):
        desk.settle_by_hand(services, admin, order_id=order_id, payment_id=payment_id, reason="NEFT of today")

    (returned,) = list_hand_returns(services, user)
    assert (returned.order_id, returned.amount_paise) == (order_id, 49900)
    with services.engine.connect() as conn:
        (mail,) = conn.execute(
            text("SELECT to_address, subject, text_body FROM emails WHERE kind = 'returned_by_hand'")
        ).all()
    assert (mail.to_address, mail.subject) == (user.email, f"We returned ₹499 to you ({order_id})")
    assert "in another way" in mail.text_body
    assert "12 March 2026, 12:00 pm IST" in mail.text_body
    # How it was done is for the books.
    assert "NEFT" not in mail.text_body


def test_lists_files_and_the_order_page_agree_on_money_settled_by_hand(
    services, user, admin, duplicate
) -> None:
    order_id, payment_id = duplicate
    desk.settle_by_hand(services, admin, order_id=order_id, payment_id=payment_id, reason="NEFT of today")

    paid = {row.id: row for row in overview.recent_payments(services, admin).rows}
    told = export_of(services, user)

    assert (paid[payment_id].refunded_paise, paid[payment_id].returned_by_hand_paise) == (0, 49900)
    assert {row.returned_by_hand_paise for row in paid.values() if row.id != payment_id} == {0}
    assert '"returned_by_hand_rupees"' in to_csv(list(paid.values())).decode()
    assert [(part["order_id"], part["amount_paise"]) for part in told["returned_in_another_way"]] == [
        (order_id, 49900)
    ]
    assert [entry["detail"] for entry in told["what_was_done"] if entry["what"] == "settled_by_hand"] == [
        {"order": order_id, "amount_paise": 49900}
    ]
    # How it was done is for the books, as in the mail.
    assert "NEFT of today" not in export_file(services, user).decode()


def test_the_ledger_says_that_money_settled_by_hand_is_owed_no_more_and_was_paid_by_hand(
    services, admin, duplicate
) -> None:
    order_id, payment_id = duplicate
    before, earned = balances(services), overview.overview(services, admin).revenue_total_paise

    for _ in range(2):
        desk.settle_by_hand(services, admin, order_id=order_id, payment_id=payment_id, reason="NEFT")

    assert before == {"gateway_receivable": 548900, "sales": -499000, "owed_to_buyers": -49900}
    assert balances(services) == {**before, "owed_to_buyers": 0, "paid_by_hand": -49900}
    # The gateway still holds both payments, and one of them was earned.
    assert overview.overview(services, admin).revenue_total_paise == earned == 499000
    assert all_hold(run_checks(services))


def test_two_admins_at_once_settle_by_hand_once(services, admin, duplicate) -> None:
    order_id, payment_id = duplicate
    other = create_admin(services, email="partner@example.com", password="TestPass123")
    together = Barrier(4)

    def settle(actor: User) -> bool:
        together.wait(timeout=20)
        return desk.settle_by_hand(
            services, actor, order_id=order_id, payment_id=payment_id, reason=f"by {actor.username}"
        )

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(settle, (admin, other, admin, other)))

    assert sorted(done) == [False, False, False, True]
    assert balances(services)["paid_by_hand"] == -49900
    assert all_hold(run_checks(services))


def test_money_that_the_gateway_returns_after_all_is_booked_and_calls_a_person(
    services, admin, gateway, duplicate
) -> None:
    order_id, payment_id = duplicate
    desk.settle_by_hand(services, admin, order_id=order_id, payment_id=payment_id, reason="NEFT")

    gateway.refund_in_dashboard(order_id, 49900)
    payment_handler.sync_order(services, order_id)

    # What the buyer has twice, they owe to us: the books say so, and a person hears of it.
    assert balances(services)["owed_to_buyers"] == 49900
    with services.engine.connect() as conn:
        assert f"order:{order_id}:returned twice" in books.list_open_alarms(conn, "order:")
    assert all_hold(run_checks(services))


def test_what_was_returned_by_hand_stands_in_the_list_of_refunds(services, admin, duplicate) -> None:
    order_id, payment_id = duplicate
    desk.settle_by_hand(services, admin, order_id=order_id, payment_id=payment_id, reason="NEFT")

    rows = order_reports.recent_refunds(services, admin).rows

    assert {(row.origin, row.status, row.requested_by, row.reason, row.amount_paise) for row in rows} == {
        ("by_hand", "processed", admin.username, "NEFT", 49900),
        ("ours", "failed", None, "paid twice in one checkout", 49900),
    }


def test_a_return_that_only_the_audit_log_holds_is_found_and_ends_when_it_is_written_down_again(
    services, admin, duplicate
) -> None:
    order_id, payment_id = duplicate
    with services.engine.begin() as conn:
        # As the code before migration 0008 did it, which may run beside it for a while.
        books.audit(
            conn, "settled_by_hand", f"payment:{payment_id}", actor_id=admin.id, detail={"reason": "NEFT"}
        )

    found = {finding.id: finding.first for finding in run_checks(services) if finding.first}
    desk.settle_by_hand(services, admin, order_id=order_id, payment_id=payment_id, reason="NEFT")

    assert found == {"J16": (order_id,)}
    assert all_hold(run_checks(services))


def test_what_was_settled_by_hand_is_not_refunded_as_well(services, admin, gateway, duplicate) -> None:
    order_id, payment_id = duplicate
    desk.settle_by_hand(services, admin, order_id=order_id, payment_id=payment_id, reason="NEFT")

    with pytest.raises(RefundRefused):
        payment_handler.request_refund(
            services,
            admin,
            order_id=order_id,
            payment_id=shown_payment(services, order_id),
            amount_paise=49900,
            reason="again",
            refund_key="REFUND1",
        )


def test_money_that_a_refund_returns_or_that_bought_something_is_not_settled_by_hand(
    services, admin, duplicate
) -> None:
    order_id, payment_id = duplicate
    with services.engine.connect() as conn:
        bought = conn.execute(text("SELECT id, order_id FROM payments WHERE role = 'primary'")).one()
    payment_handler.request_refund(
        services,
        admin,
        order_id=order_id,
        payment_id=shown_payment(services, order_id),
        amount_paise=49900,
        reason="again",
        refund_key="REFUND1",
    )

    for refused in ((order_id, payment_id), (bought.order_id, bought.id), (order_id, bought.id)):
        with pytest.raises(RefundRefused):
            desk.settle_by_hand(services, admin, order_id=refused[0], payment_id=refused[1], reason="NEFT")
    assert [action for action, _ in audited(services, admin)] == ["refund_intended"]


def test_nothing_is_settled_by_hand_without_saying_how(services, admin, duplicate) -> None:
    order_id, payment_id = duplicate

    with pytest.raises(RefundRefused, match="how"):
        desk.settle_by_hand(services, admin, order_id=order_id, payment_id=payment_id, reason="  ")

    assert _breaks_i14(services)


def test_who_has_their_money_back_by_hand_may_leave(services, user, admin, duplicate) -> None:
    order_id, payment_id = duplicate

    def is_moving() -> bool:
        with services.engine.connect() as conn:
            return personal_data.is_money_moving(conn, user.id)

    before = is_moving()
    desk.settle_by_hand(services, admin, order_id=order_id, payment_id=payment_id, reason="NEFT")

    assert (before, is_moving()) == (True, False)
