"""Reports go out once, to whom they are due, and not when access, address, wish or data say otherwise."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from billing import outbox
from database import books, users
from domain.errors import InvalidInput, NoActiveSubscription, TooManyRequests
from domain.report_rules import AlertKind, ReportSettings, Scope
from market_data.demo import load_demo_market
from sectors import delivery
from sectors.delivery import schedule_reports, send_now, send_report
from sectors.market import MarketOfTheDay
from sectors.report_settings import find_report_settings, save_report_settings
from sectors.watch_list import watch
from tests.books import rows
from tests.sectors.readers import FIRST_SATURDAY, SATURDAY, a_reader, reports

NOTHING = ReportSettings(weekly=False)


class Sender:
    """A mail server in memory."""

    def __init__(self) -> None:
        self.sent: list = []

    def send(self, mail) -> None:
        self.sent.append(mail)


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
def services(services, sender, clock):
    clock.moment = SATURDAY
    return replace(services, mail_sender=sender)


@pytest.fixture
def reader(services, gateway, user):
    return a_reader(services, gateway, user)


@pytest.fixture
def gate(monkeypatch):
    """What the data's gate says, and up to which session there are data."""
    state = {"gate": None, "lag": 0}

    def market_of_the_day(_services):
        return MarketOfTheDay(load_demo_market().lagging(state["lag"]), state["gate"])

    monkeypatch.setattr(delivery, "market_of_the_day", market_of_the_day)
    return state


def _send_all(services) -> None:
    for (email_id,) in rows(services, "SELECT email_id FROM reports_sent ORDER BY id"):
        send_report(services, email_id)


def test_the_weekly_report_goes_out_once_with_picture_and_headers(services, reader, sender) -> None:
    assert schedule_reports(services) == 1
    assert schedule_reports(services) == 0
    _send_all(services)
    _send_all(services)

    [mail] = sender.sent
    assert mail.to_address == "asha@example.com"
    assert mail.png.startswith(b"\x89PNG")
    assert mail.unsubscribe_url in mail.html
    assert mail.unsubscribe_url in mail.text
    assert "made-when-sent" not in mail.html + mail.text
    assert reports(services) == [("weekly", "sent")]


def test_the_token_of_the_link_is_not_in_the_database(services, reader, sender) -> None:
    schedule_reports(services)
    _send_all(services)

    token = sender.sent[0].unsubscribe_url.rpartition("/")[2]
    assert rows(services, f"SELECT 1 FROM emails WHERE html_body LIKE '%{token}%'") == []


def test_one_reader_whose_report_cannot_be_written_keeps_nobody_else_waiting(
    services, gateway, user, stranger, reader, monkeypatch
) -> None:
    a_reader(services, gateway, stranger)
    write = delivery._write
    met = []

    def break_on_the_first(services, user, kind, close) -> bool:
        met.append(user)
        if len(met) == 1:
            raise KeyError("their list")
        return write(services, user, kind, close)

    monkeypatch.setattr(delivery, "_write", break_on_the_first)

    with pytest.raises(KeyError):
        schedule_reports(services)

    assert len(met) == 2
    assert reports(services) == [("weekly", "queued")]


def test_two_processes_at_once_write_one(services, reader) -> None:
    written: list[int] = []
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        written.append(schedule_reports(services))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(written) == [0, 1]
    assert reports(services) == [("weekly", "queued")]


def test_a_crash_while_writing_leaves_nothing_and_the_next_run_writes_it(
    services, reader, monkeypatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(type(services.queue), "defer", _crash)
        with pytest.raises(ConnectionError):
            schedule_reports(services)
    assert reports(services) == []
    assert rows(services, "SELECT 1 FROM emails WHERE kind = 'report_weekly'") == []

    assert schedule_reports(services) == 1


@pytest.mark.parametrize("hours", [-1, 24])
def test_nothing_is_due_before_its_hour_and_a_day_after_it(services, reader, clock, hours) -> None:
    clock.advance(timedelta(hours=hours))

    assert schedule_reports(services) == 0


def test_without_a_new_close_nothing_is_sent_again(services, reader, clock, gate) -> None:
    schedule_reports(services)
    clock.advance(timedelta(weeks=1))

    assert schedule_reports(services) == 0


def test_a_new_close_is_a_new_report(services, reader, clock, gate) -> None:
    gate["lag"] = 5
    schedule_reports(services)
    clock.advance(timedelta(weeks=1))
    gate["lag"] = 0

    assert schedule_reports(services) == 1


def test_who_expires_between_schedule_and_send_gets_nothing(services, reader, sender, clock) -> None:
    schedule_reports(services)
    clock.advance(timedelta(days=40))

    _send_all(services)

    assert sender.sent == []
    assert rows(services, "SELECT status, last_error FROM emails WHERE kind = 'report_weekly'") == [
        ("withheld", "The subscription had ended when it was to be sent.")
    ]


def test_who_changes_the_address_between_schedule_and_send_gets_it_at_the_new_one(
    services, reader, sender
) -> None:
    schedule_reports(services)
    with services.engine.begin() as conn:
        users.replace_email(conn, reader.id, email="new@example.com", now=services.now(conn))

    _send_all(services)

    assert [mail.to_address for mail in sender.sent] == ["new@example.com"]


def test_without_a_subscription_or_a_proved_address_nothing_is_written(services, user, gateway) -> None:
    assert schedule_reports(services) == 0
    reader = a_reader(services, gateway, user)
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET email_verified_at = NULL"))

    assert schedule_reports(services) == 0
    with pytest.raises(InvalidInput):
        send_now(services, reader)


def test_a_gate_of_the_data_stops_writing_and_calls_a_person_once(services, reader, gate) -> None:
    gate["gate"] = "2 recent rows wait in the quarantine for a decision."

    assert (schedule_reports(services), schedule_reports(services)) == (0, 0)
    assert rows(services, "SELECT key, message FROM alarms WHERE resolved_at IS NULL") == [
        ("reports:data", "No report was sent. 2 recent rows wait in the quarantine for a decision.")
    ]
    with pytest.raises(InvalidInput):
        send_now(services, reader)

    with services.engine.begin() as conn:
        books.resolve_alarm(conn, "reports:data", now=services.now(conn), actor_id=reader.id)
    schedule_reports(services)
    assert rows(services, "SELECT 1 FROM alarms WHERE resolved_at IS NULL") == []
    gate["gate"] = "3 recent rows wait in the quarantine for a decision."
    schedule_reports(services)
    assert rows(services, "SELECT count(*) FROM alarms WHERE resolved_at IS NULL") == [(1,)]

    gate["gate"] = None
    assert schedule_reports(services) == 1
    assert rows(services, "SELECT 1 FROM alarms WHERE resolved_at IS NULL") == []


def test_a_gate_that_fires_between_schedule_and_send_withholds_the_mail(
    services, reader, sender, gate
) -> None:
    schedule_reports(services)
    gate["gate"] = "Prices are late."

    _send_all(services)

    assert sender.sent == []
    assert reports(services) == [("weekly", "withheld")]


def test_what_was_switched_off_meanwhile_is_withheld(services, reader, sender) -> None:
    schedule_reports(services)
    save_report_settings(services, reader, ReportSettings(weekly=False))

    _send_all(services)

    assert sender.sent == []


def test_the_daily_report_is_not_written_beside_the_weekly_one(services, reader) -> None:
    save_report_settings(services, reader, ReportSettings(daily=True))

    schedule_reports(services)

    assert [kind for kind, _ in reports(services)] == ["weekly"]


def test_who_switches_the_weekly_report_on_after_the_daily_one_gets_no_second_of_that_close(
    services, reader, clock, gate
) -> None:
    save_report_settings(services, reader, ReportSettings(weekly=False, daily=True))
    schedule_reports(services)
    save_report_settings(services, reader, ReportSettings(daily=True))
    clock.advance(timedelta(minutes=30))

    assert schedule_reports(services) == 0
    assert [kind for kind, _ in reports(services)] == ["daily"]

    clock.advance(timedelta(days=7))
    assert schedule_reports(services) == 1
    assert [kind for kind, _ in reports(services)] == ["daily", "weekly"]


def test_a_close_of_the_afternoon_waits_for_the_next_morning(services, gateway, user, clock) -> None:
    clock.advance(timedelta(hours=-12))
    save_report_settings(services, a_reader(services, gateway, user), ReportSettings(daily=True))

    assert schedule_reports(services) == 0

    clock.advance(timedelta(hours=12))
    assert schedule_reports(services) == 1
    assert [kind for kind, _ in reports(services)] == ["weekly"]


@pytest.mark.parametrize("kind", ["weekly", "daily", "evidence"])
def test_prices_that_come_in_after_the_report_make_no_second_one_on_that_morning(
    services, reader, clock, gate, kind
) -> None:
    clock.moment = FIRST_SATURDAY
    save_report_settings(services, reader, replace(NOTHING, **{kind: True}))
    gate["lag"] = 1
    schedule_reports(services)

    gate["lag"] = 0
    clock.advance(timedelta(hours=1))

    assert schedule_reports(services) == 0
    assert [kind for kind, _ in reports(services)] == [kind]


def test_the_evidence_note_comes_once_a_month_to_who_asked_for_it(services, reader, clock, sender) -> None:
    save_report_settings(services, reader, replace(NOTHING, evidence=True))
    assert schedule_reports(services) == 0

    clock.moment = FIRST_SATURDAY
    assert (schedule_reports(services), schedule_reports(services)) == (1, 0)
    clock.advance(timedelta(weeks=1))
    assert schedule_reports(services) == 0
    _send_all(services)

    [mail] = sender.sent
    assert mail.subject.startswith("Demo data: Evidence to 30 Oct: top 3 by RS 55 ")
    assert mail.png.startswith(b"\x89PNG")
    assert "/unsubscribe/evidence-" in mail.unsubscribe_url
    assert mail.unsubscribe_url in mail.html
    assert mail.unsubscribe_url in mail.text


def test_nobody_gets_the_evidence_note_unasked(services, reader, clock) -> None:
    clock.moment = FIRST_SATURDAY

    schedule_reports(services)

    assert [kind for kind, _ in reports(services)] == ["weekly"]


def test_a_young_market_has_no_evidence_to_send(services, reader, clock, gate) -> None:
    save_report_settings(services, reader, replace(NOTHING, evidence=True))
    clock.moment = FIRST_SATURDAY
    gate["lag"] = 2_000

    assert schedule_reports(services) == 0


def test_the_note_is_withheld_when_access_wish_or_data_say_no(services, reader, clock, sender, gate) -> None:
    clock.moment = FIRST_SATURDAY
    save_report_settings(services, reader, replace(NOTHING, evidence=True))
    schedule_reports(services)
    [(note,)] = rows(services, "SELECT email_id FROM reports_sent")

    for says_no in ("data", "wish", "access"):
        _queue_again(services, note)
        gate["gate"] = "Prices are late." if says_no == "data" else None
        save_report_settings(services, reader, replace(NOTHING, evidence=says_no != "wish"))
        clock.advance(timedelta(days=40 if says_no == "access" else 0))
        send_report(services, note)
        assert reports(services) == [("evidence", "withheld")]

    assert sender.sent == []


def test_alerts_come_once_and_only_of_watched_sectors_when_so_wished(services, reader, clock, gate) -> None:
    wanted = ReportSettings(weekly=False, alerts=frozenset({AlertKind.ZERO_LINE}), scope=Scope.WATCH_LIST)
    save_report_settings(services, reader, wanted)
    gate["lag"] = 5
    schedule_reports(services)
    watch(services, reader, "MNC")
    clock.advance(timedelta(days=7))
    gate["lag"] = 0

    assert (schedule_reports(services), schedule_reports(services)) == (1, 0)
    [(body,)] = rows(services, "SELECT text_body FROM emails WHERE kind = 'report_alerts'")
    assert "MNC went below zero" in body
    assert "Financial services went" not in body
    assert find_report_settings(services, reader).alerts_as_of == load_demo_market().as_of


def test_a_report_by_hand_comes_at_once_and_not_without_end(services, reader, sender) -> None:
    for _ in range(3):
        send_now(services, reader)
    _send_all(services)

    assert len(sender.sent) == 3
    with pytest.raises(TooManyRequests):
        send_now(services, reader)


def test_no_report_by_hand_without_a_subscription(services, user) -> None:
    with pytest.raises(NoActiveSubscription):
        send_now(services, user)


def test_unsubscribing_stops_no_receipt(services, reader, sender, gateway) -> None:
    save_report_settings(services, reader, ReportSettings())
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE report_settings SET unsubscribed_at = now()"))

    assert schedule_reports(services) == 0
    for (email_id,) in rows(services, "SELECT id FROM emails WHERE kind = 'receipt'"):
        outbox.send_mail(services, email_id)
    assert [mail.unsubscribe_url for mail in sender.sent] == [""]


def _queue_again(services, email_id: int) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE emails SET status = 'queued' WHERE id = :id"), {"id": email_id})


def _crash(*_: object, **__: object) -> None:
    raise ConnectionError
