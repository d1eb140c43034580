"""The two pages of a reader's own choices, as Streamlit's own test runs them."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from domain.report_rules import AlertKind, ReportKind, Scope
from sectors.delivery import schedule_reports, send_report
from sectors.market import open_market
from sectors.report_settings import find_report_settings
from sectors.watch_list import list_watched, watch
from tests.books import rows
from tests.sectors.readers import SATURDAY, a_reader
from tests.ui.panel import click, labels, seen


@pytest.fixture
def services(services, clock):
    clock.moment = SATURDAY
    return services


@pytest.fixture
def reader(services, gateway, user):
    return a_reader(services, gateway, user)


@pytest.fixture
def open_page(services, reader, monkeypatch):
    """Open one of the analyzer's pages as a paying reader."""

    def open_it(path: str, user=None) -> AppTest:
        page = AppTest.from_function(_draw, default_timeout=60, args=(services, user or reader, path)).run()
        assert not page.exception, [element.value for element in page.exception]
        return page

    return open_it


def test_an_empty_list_says_how_to_fill_it(open_page) -> None:
    assert "No sector is watched yet" in seen(open_page("watchlist"))


def test_sectors_are_added_moved_removed_and_brought_back(services, reader, open_page) -> None:
    page = open_page("watchlist")

    page.selectbox(key="watch-add").set_value("IT").run()
    page.selectbox(key="watch-add").set_value("Bank").run()
    click(page, "Move Bank up")
    assert list_watched(services, reader) == ("Bank", "IT")
    assert "RS 55, rating" in seen(page)

    click(page, "Remove Bank")
    assert list_watched(services, reader) == ("IT",)
    assert "Bank was removed." in seen(page)

    click(page, "Undo")
    assert list_watched(services, reader) == ("Bank", "IT")
    assert "Undo" not in labels(page)


def test_what_was_chosen_is_stored_and_shown(services, reader, open_page) -> None:
    page = open_page("alerts")

    page.toggle(key="alerts-daily").set_value(True)
    page.selectbox(key="alerts-day").set_value("Sunday")
    page.selectbox(key="alerts-hour").set_value(19)
    page.checkbox(key="alerts-kind-quadrant").set_value(True)
    page.radio(key="alerts-scope").set_value(Scope.WATCH_LIST)
    click(page, "Save")

    wanted = find_report_settings(services, reader)
    assert (wanted.weekly, wanted.daily, wanted.weekday, wanted.hour) == (True, True, 7, 19)
    assert (wanted.alerts, wanted.scope) == ({AlertKind.QUADRANT}, Scope.WATCH_LIST)
    assert "Saved." in seen(page)
    assert "7:00 pm IST" in seen(page)


def test_dates_of_mails_say_that_the_demo_never_gets_a_new_close(
    services, reader, open_page, monkeypatch
) -> None:
    demo = seen(open_page("alerts"))
    priced = replace(open_market(services, reader), is_demo=False)
    monkeypatch.setattr("ui.sectors.frame.open_market", lambda *_: priced)
    real = seen(open_page("alerts"))

    assert "Demo data end on 30 Oct 2026 and never get a new close" in demo
    assert "each of these comes once at most" in demo
    assert "Demo data end" not in real
    assert "Only with a new close by then" in real


def test_an_address_that_is_not_proved_gets_a_link_and_no_report(services, reader, open_page) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET email_verified_at = NULL"))
        conn.execute(text("DELETE FROM procrastinate_jobs"))
    from database import users

    with services.engine.connect() as conn:
        unproved = users.find(conn, reader.id)
    page = open_page("alerts", unproved)

    (button,) = [button for button in page.button if button.label == "Send me this report now"]
    assert button.disabled
    click(page, "Send the confirmation link")
    assert "A link for asha@example.com is written. No mail server is set" in seen(page)
    assert rows(services, "SELECT task_name FROM procrastinate_jobs") == [("send_link",)]


def test_the_preview_is_the_mail_and_what_was_sent_is_listed(services, reader, open_page) -> None:
    watch(services, reader, "Metal")
    page = open_page("alerts")
    preview = seen(page)
    click(page, "Send me this report now")
    [(subject,)] = rows(services, "SELECT subject FROM emails WHERE kind = 'report_on_request'")

    assert f"</span> {escape(subject)}" in preview
    assert "Your watch-list" in preview
    assert "data:image/png;base64," in preview
    assert "The report for asha@example.com is written. No mail server is set" in seen(page)
    assert "Report on request" in seen(page)


def test_the_evidence_note_is_chosen_seen_and_sent_by_hand(services, reader, open_page) -> None:
    page = open_page("alerts")
    page.toggle(key="alerts-evidence").set_value(True)
    click(page, "Save")

    assert find_report_settings(services, reader).evidence
    assert "<dt>Evidence note</dt><dd>Saturday, 7 Nov 2026, 8:00 am IST</dd>" in seen(page)

    page.segmented_control(key="alerts-previewed").set_value(ReportKind.EVIDENCE).run()
    assert "Evidence this month" in seen(page)
    click(page, "Send me this report now")

    [(subject,)] = rows(services, "SELECT subject FROM emails WHERE kind = 'report_on_request'")
    assert "Evidence to 30 Oct" in subject
    assert "The note for asha@example.com is written. No mail server is set" in seen(page)


def test_a_report_that_was_withheld_is_listed_with_its_reason(services, reader, open_page) -> None:
    schedule_reports(services)
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET email_verified_at = NULL"))
    [(email_id,)] = rows(services, "SELECT email_id FROM reports_sent")
    send_report(services, email_id)

    shown = seen(open_page("alerts"))

    assert "Not sent" in shown
    assert "The address was not confirmed when it was to be sent." in shown


def test_who_unsubscribed_is_told_and_comes_back_by_saving(services, reader, open_page) -> None:
    with services.engine.begin() as conn:
        conn.execute(
            text("INSERT INTO report_settings (user_id, unsubscribed_at) VALUES (:id, now())"),
            {"id": reader.id},
        )
    page = open_page("alerts")
    assert "You unsubscribed on" in seen(page)

    click(page, "Save")

    assert find_report_settings(services, reader).unsubscribed_at is None
    assert "You unsubscribed on" not in seen(page)


def _draw(services, user, path):  # type: ignore[no-untyped-def]  # run as a script of its own, without our imports
    import landing_page

    landing_page._navigation(services, user, is_half=False)
    landing_page.pages.page(path)._page()


def test_both_pages_lead_to_the_formulas_of_their_figures(services, reader, open_page) -> None:
    watch(services, reader, "IT")

    assert 'href="/method?formula=rs"' in seen(open_page("watchlist"))
    alerts = seen(open_page("alerts"))
    assert all(f'href="/method?formula={key}"' in alerts for key in ("rs", "quadrant", "rank"))
