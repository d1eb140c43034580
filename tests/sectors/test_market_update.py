from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from croniter import croniter
from sqlalchemy import text

from database.queue import PERIODIC, Job
from market_data.nse_folder import NseFolder
from market_data.providers import Fetched, ProviderFailed
from sectors.ingest import store_file
from sectors.market_update import UPDATE_HOURS, newest_day, next_update, update_market
from sectors.quarantine import dismiss_row
from tests.books import rows
from tests.market_data.exchange_files import drop, udiff_row
from tests.sectors.test_ingest import as_csv, table
from user_management import create_admin

# A Monday, 19:30 in India.
EVENING = datetime(2026, 3, 9, 14, 0, tzinfo=UTC)
DAY = date(2026, 3, 9)
CLOSES = {"Nifty 50": 1000.0, "Nifty Auto": 500.0, "Nifty Bank": 400.0, "Nifty IT": 300.0}


class Fake:
    """A provider that gives what it is told to, and says what it was asked."""

    name, terms = "fake", None

    def __init__(self, answer: Fetched | ProviderFailed) -> None:
        self.answer = answer
        self.asked: list[tuple[date, date]] = []

    def fetch(self, first, last, instruments, *, today) -> Fetched:
        self.asked.append((first, last))
        if isinstance(self.answer, ProviderFailed):
            raise self.answer
        return self.answer


@pytest.fixture
def evening(services, tmp_path):
    """Services whose provider is an empty folder, on a Monday evening."""
    return replace(services, market_provider=NseFolder(tmp_path), now=lambda _conn: EVENING)


def open_alarms(services) -> dict[str, str]:
    return dict(rows(services, "SELECT key, message FROM alarms WHERE resolved_at IS NULL"))  # type: ignore[arg-type]


def fill(folder, days: int = 270, *, end: date = DAY) -> None:
    """Files of quiet sessions, the newest on `end`."""
    for place, moment in enumerate(pd.bdate_range(end=end, periods=days)):
        closes = {name: round(close * (1 + place % 3 / 1000), 2) for name, close in CLOSES.items()}
        day = moment.date()
        drop(folder, day, closes, udiff_row("BANKBEES", "INF204KB15I9", 40 + place % 2, day))


def test_without_a_provider_nothing_happens(services) -> None:
    assert update_market(services) is None
    assert rows(services, "SELECT count(*) FROM market_updates") == [(0,)]


def test_the_files_of_the_last_days_are_stored_and_the_run_is_written_down(evening, tmp_path) -> None:
    fill(tmp_path, 3)

    update = update_market(evening)

    assert update is not None
    assert (update.through, update.failure) == (DAY, None)
    assert rows(evening, "SELECT count(*), min(source), max(source) FROM px") == [
        (15, "nse-folder", "nse-folder")
    ]
    [(provider, through, stored, note)] = rows(
        evening, "SELECT provider, through, stored, note FROM market_updates"
    )
    assert (provider, through, stored) == ("nse-folder", DAY, 15)
    assert note.startswith("15 new closes, 0 known, 0 corrected.")


def test_a_second_run_changes_nothing_when_the_day_is_whole(evening, tmp_path) -> None:
    fill(tmp_path, 3)
    update_market(evening)
    tables = ("px", "px_reject", "panels", "market_updates", "audit_log", "alarms")
    before = [rows(evening, f"SELECT count(*) FROM {name}") for name in tables]

    assert update_market(evening) is None
    assert [rows(evening, f"SELECT count(*) FROM {name}") for name in tables] == before


def test_while_the_days_files_are_late_it_tries_again_later(evening, tmp_path) -> None:
    fill(tmp_path, 3, end=DAY - timedelta(days=3))
    early = update_market(evening)
    fill(tmp_path, 1)

    late = update_market(evening)

    assert early is not None and late is not None
    assert early.through == DAY - timedelta(days=3)
    assert "09.03.2026 is not whole" in early.note
    assert (late.through, late.report and late.report.new) == (DAY, 5)


def test_prices_are_packed_for_the_pages(evening, tmp_path) -> None:
    fill(tmp_path)
    first = update_market(evening)
    assert first is not None and first.report is not None and first.report.not_packed is not None

    admin = create_admin(evening, email="owner@example.com", password="TestPass123")
    store_file(evening, admin, as_csv(table()).replace(b" TRI", b""))

    with evening.engine.begin() as conn:
        conn.execute(text("DELETE FROM market_updates"))
    again = update_market(evening)

    assert again is not None and again.report is not None
    assert again.report.packed is not None
    assert open_alarms(evening).keys() <= {"market:held"}


def test_a_provider_that_fails_calls_a_person_once_and_recovery_closes_the_alarm(services) -> None:
    fake = Fake(ProviderFailed("Yahoo turned us away."))
    failing = replace(services, market_provider=fake, now=lambda _conn: EVENING)

    for _ in range(2):
        update_market(failing)
    raised = open_alarms(services)
    fake.answer = Fetched(days=(DAY,))
    update_market(failing)

    assert raised["market:provider"] == "The prices of fake did not come: Yahoo turned us away."
    assert rows(services, "SELECT through, note FROM market_updates ORDER BY id")[:2] == [
        (None, "Yahoo turned us away."),
        (None, "Yahoo turned us away."),
    ]
    assert rows(services, "SELECT count(*) FROM alarms WHERE key = 'market:provider'") == [(1,)]
    assert "market:provider" not in open_alarms(services)


def test_the_alarm_is_mailed_to_the_operator(services) -> None:
    settings = services.settings.model_copy(update={"admin_email": "owner@example.com"})
    failing = replace(
        services,
        settings=settings,
        market_provider=Fake(ProviderFailed("Turned away.")),
        now=lambda _conn: EVENING,
    )

    update_market(failing)

    mails = rows(services, "SELECT kind FROM emails WHERE kind = 'alarm'")
    assert len(mails) == len(open_alarms(services)) == 1


def test_a_file_that_cannot_be_read_calls_a_person(evening, tmp_path) -> None:
    fill(tmp_path, 2)
    (tmp_path / "ind_close_all_09032026.csv").write_bytes(b"half")

    update_market(evening)

    assert "ind_close_all_09032026.csv" in open_alarms(evening)["market:provider"]
    assert rows(evening, "SELECT count(*) FROM px") == [(6,)]


def test_a_held_back_row_calls_a_person_and_a_decision_ends_the_call(evening, tmp_path) -> None:
    fill(tmp_path, 3)
    drop(tmp_path, DAY, CLOSES | {"Nifty IT": -3})
    update_market(evening)
    raised = open_alarms(evening)
    with evening.engine.begin() as conn:
        conn.execute(text("UPDATE px_reject SET status = 'dismissed', decided_at = now()"))

    update_market(evening)

    assert "(1)" in raised["market:held"]
    assert "market:held" not in open_alarms(evening)


def test_deciding_about_the_last_row_ends_the_call_at_once(evening, tmp_path) -> None:
    admin = create_admin(evening, email="owner@example.com", password="TestPass123")
    fill(tmp_path, 3)
    drop(tmp_path, DAY, CLOSES | {"Nifty IT": -3, "Nifty Bank": -4})
    update_market(evening)
    first, second = (row_id for (row_id,) in rows(evening, "SELECT id FROM px_reject"))

    dismiss_row(evening, admin, first)
    between = open_alarms(evening)
    dismiss_row(evening, admin, second)

    assert "market:held" in between
    assert "market:held" not in open_alarms(evening)


def test_a_stored_spike_is_found_the_evening_after(evening, tmp_path) -> None:
    fill(tmp_path, 5)
    before = DAY - timedelta(days=3)
    drop(tmp_path, before, CLOSES | {"Nifty IT": 390.0})
    (tmp_path / "ind_close_all_09032026.csv").rename(tmp_path / "later")
    update_market(evening)
    (tmp_path / "later").rename(tmp_path / "ind_close_all_09032026.csv")

    update_market(evening)

    assert rows(evening, "SELECT d, close, rule FROM px_reject") == [(before, 390.0, "spike")]
    assert rows(evening, "SELECT count(*) FROM px WHERE close = 390") == [(0,)]


def test_prices_that_stop_coming_call_a_person(evening, tmp_path) -> None:
    fill(tmp_path, 3)
    update_market(evening)
    later = replace(evening, now=lambda _conn: EVENING + timedelta(days=7))

    update_market(later)

    assert "The newest prices are of 9 Mar 2026" in open_alarms(evening)["market:late"]


def test_a_provider_without_any_price_calls_a_person(evening) -> None:
    update_market(evening)

    assert "No prices have come yet" in open_alarms(evening)["market:late"]


def test_an_index_that_ended_while_others_went_on_is_named(evening, tmp_path) -> None:
    admin = create_admin(evening, email="owner@example.com", password="TestPass123")
    closes = table()
    closes.iloc[-7:, 1] = float("nan")
    store_file(evening, admin, as_csv(closes))

    update_market(evening)

    assert open_alarms(evening)["market:stopped"] == "No price for more than 5 sessions: NIFTY AUTO TRI."


def test_no_transaction_is_open_while_the_provider_is_asked(services) -> None:
    class Looking(Fake):
        def fetch(self, *arguments, **options):
            assert services.engine.pool.checkedout() == 0
            return super().fetch(*arguments, **options)

    update_market(replace(services, market_provider=Looking(Fetched()), now=lambda _conn: EVENING))


def test_the_days_that_are_asked_for_overlap_with_what_is_stored(services, tmp_path) -> None:
    fake = Fake(Fetched())
    update_market(replace(services, market_provider=fake, now=lambda _conn: EVENING))
    fill(tmp_path, 3)
    update_market(replace(services, market_provider=NseFolder(tmp_path), now=lambda _conn: EVENING))

    update_market(replace(services, market_provider=fake, now=lambda _conn: EVENING + timedelta(days=2)))

    assert fake.asked == [
        (DAY - timedelta(days=30), DAY),
        (DAY - timedelta(days=10), DAY + timedelta(days=2)),
    ]


@pytest.mark.parametrize(("hour", "day"), [(12, 8), (13, 9), (14, 9)])
def test_a_day_counts_from_six_in_the_evening_in_india(hour, day) -> None:
    assert newest_day(datetime(2026, 3, 9, hour, 0, tzinfo=UTC)) == date(2026, 3, day)


@pytest.mark.parametrize("minutes", [0, 1, 60 * 3, 60 * 4 + 1, 60 * 14 - 1, 60 * 14, 60 * 17 + 59, 60 * 23])
def test_the_next_run_is_the_queues(minutes) -> None:
    now = datetime(2026, 3, 9, tzinfo=UTC) + timedelta(minutes=minutes)

    assert next_update(now) == croniter(PERIODIC[Job.UPDATE_MARKET], now).get_next(datetime)
    assert UPDATE_HOURS[0] == 14
