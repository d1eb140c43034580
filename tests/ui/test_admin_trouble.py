"""Dead letters, checks and alarms in the admin panel."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from billing.alarms import report_job
from database.queue import Job
from domain.errors import GatewayTimeout
from payment_handler import start_checkout
from tests.reports.rows import insert_alarm, insert_event, insert_mail
from tests.ui.panel import click, labels, open_panel, seen
from ui import admin_trouble
from ui.admin_table import with_order_links
from user_management import create_admin


@pytest.fixture
def admin(services):
    return create_admin(services, email="owner@example.com", password="TestPass123")


def give_up(services, job: Job, **arguments: int | str) -> int:
    """A job whose tries are over, with its alarm."""
    with services.engine.begin() as conn:
        services.queue.defer(conn, job, **arguments)
        job_id = conn.execute(text("SELECT max(id) FROM procrastinate_jobs")).scalar_one()
        conn.execute(text("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = :id"), {"id": job_id})
        conn.execute(text("SELECT procrastinate_finish_job_v1(:id, 'failed', false)"), {"id": job_id})
    report_job(services, job, job_id, GatewayTimeout(), is_over=True)
    return int(job_id)


def test_without_dead_letters_the_section_says_so(services, admin) -> None:
    assert "No dead letters" in seen(open_panel(services, admin, section="dead-letters"))


def test_dead_letters_say_in_words_what_they_were_to_do_and_why_they_failed(services, user, admin) -> None:
    order = start_checkout(services, user, "monthly")
    with services.engine.begin() as conn:
        at = services.now(conn)
        event_id = insert_event(conn, b"{}", at=at, order_id=order.id)
        mail_id = insert_mail(conn, user.id, at=at)
    give_up(services, Job.PROCESS_EVENT, event_id=event_id)
    give_up(services, Job.SEND_MAIL, email_id=mail_id)
    give_up(services, Job.TERMINATE_ORDER, order_id=order.id)
    give_up(services, Job.EXECUTE_REFUND, refund_key="REFUND0000000000GONE")

    words = seen(open_panel(services, admin, section="dead-letters"))

    assert "4 jobs gave up" in words
    assert "Look at order" in words and order.id in words and "PAYMENT_SUCCESS_WEBHOOK" in words
    assert "Send the mail" in words and "Receipt for ₹499" in words and "asha@example.com" in words
    assert "Close order" in words
    assert "Execute refund" in words
    assert words.count("The payment service did not answer in time.") == 4


def test_a_dead_letter_is_tried_again_and_leaves_the_list(services, admin) -> None:
    job_id = give_up(services, Job.SEND_MAIL, email_id=7)
    page = open_panel(services, admin, section="dead-letters")

    click(page, "Try again")

    assert "It runs again now" in seen(page)
    assert "No dead letters" in seen(page)
    with services.engine.connect() as conn:
        job = conn.execute(text("SELECT status FROM procrastinate_jobs WHERE id = :id"), {"id": job_id})
        assert job.scalar_one() == "todo"


def test_a_dead_letter_that_a_colleague_tried_again_is_gone(services, admin) -> None:
    job_id = give_up(services, Job.SEND_MAIL, email_id=7)
    page, colleagues = (open_panel(services, admin, section="dead-letters") for _ in range(2))
    click(colleagues, "Try again")

    page.button(key=f"admin-letter-again-{job_id}").click().run()

    assert "No dead letters" in seen(page)
    assert "It runs again now" not in seen(page)


@pytest.mark.parametrize(
    ("alarm", "words"),
    [
        (
            "Job a 1 gave up (MailNotSent); the log has reference ab12.",
            "The mail server did not take the mail.",
        ),
        ("Job a 1 gave up (KeyError); the log has reference ab12.", "It ended with KeyError."),
        ("Job a 1 was left behind by its worker again and again.", "was left behind by its worker"),
        (None, "Why is in the log."),
    ],
)
def test_why_a_job_gave_up(alarm: str | None, words: str) -> None:
    assert words in admin_trouble.describe_failure(alarm)[0]


def test_all_checks_of_a_sound_database_hold(services, admin) -> None:
    page = open_panel(services, admin, section="checks")

    assert "0 violated" in seen(page)
    assert "A paid order has exactly one primary payment." in seen(page)
    assert "not built" not in seen(page).lower()
    assert "No open alarms" in seen(page)


def test_a_violated_check_names_its_offenders_and_running_it_opens_an_alarm(services, user, admin) -> None:
    order = start_checkout(services, user, "monthly")
    page = open_panel(services, admin, section="checks")
    with services.engine.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        conn.execute(
            text("UPDATE orders SET status = 'paid', paid_at = now() WHERE id = :id"), {"id": order.id}
        )

    click(page, "Run now")

    assert "violated; the alarms are below." in seen(page)
    assert "Violated once" in seen(page)
    assert f"?section=checks&amp;order={order.id}" in seen(page)
    assert "I01 is violated once" in seen(page)


def test_opening_the_checks_opens_no_alarm(services, user, admin) -> None:
    order = start_checkout(services, user, "monthly")
    with services.engine.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        conn.execute(
            text("UPDATE orders SET status = 'paid', paid_at = now() WHERE id = :id"), {"id": order.id}
        )

    assert "No open alarms" in seen(open_panel(services, admin, section="checks"))


def test_an_alarm_is_resolved_in_the_admins_name(services, admin) -> None:
    with services.engine.begin() as conn:
        insert_alarm(conn, "order:x:y", "Look at this", at=services.now(conn))
    page = open_panel(services, admin, section="checks")

    click(page, "Resolve")
    assert "No open alarms" in seen(page)
    assert "Look at this" not in seen(page)
    page.toggle(key="admin-alarms-resolved").set_value(True).run()

    assert "Look at this" in seen(page)
    assert admin.username in seen(page)


def test_an_alarm_that_ended_by_itself_names_nobody(services, admin) -> None:
    with services.engine.begin() as conn:
        at = services.now(conn)
        insert_alarm(conn, "job:x", "It was down", at=at, resolved_at=at)
    page = open_panel(services, admin, section="checks")

    page.toggle(key="admin-alarms-resolved").set_value(True).run()

    assert "by itself" in seen(page)
    assert "Resolve" not in labels(page)


@pytest.mark.parametrize("section", ["refunds", "dead-letters", "checks"])
def test_a_subscriber_sees_none_of_these_sections(services, user, section: str) -> None:
    page = open_panel(services, user, section=section)

    assert seen(page) == "This page is not available to your account."
    assert labels(page) == []


def test_a_sentence_leads_to_the_orders_that_it_names_and_shows_all_else_as_text() -> None:
    order = "ORDER00000000000001A"

    linked = with_order_links("checks", f"<b>Refund</b> of {order}, {order}: X{order} REFUND00000000000001A")

    assert linked.count("<a ") == 2
    assert linked.count(f"order={order}") == 2
    assert "&lt;b&gt;Refund&lt;/b&gt; of " in linked
    assert f"X{order} REFUND00000000000001A</bdi>" in linked
