"""A close that was believed yesterday and that today shows to be a spike leaves the prices, and can come back."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from sectors.ingest import preview_file, store_file
from sectors.quarantine import accept_row, dismiss_row
from tests.sectors.test_ingest import NAMES, SESSIONS, as_csv, count, table, waiting
from user_management import create_admin

SERIES = 2


@pytest.fixture
def admin(services):
    return create_admin(services, email="owner@example.com", password="TestPass123")


@pytest.fixture
def spiked(services, admin):
    """Stored closes of which the last one but two is 30 % too high: not enough for a gate while it is the last."""
    closes = table()
    closes.iloc[-3:, SERIES] = closes.iloc[-4, SERIES]
    closes.iloc[-3, SERIES] *= 1.3
    store_file(services, admin, as_csv(closes.iloc[:-2]))
    return closes


def stored_close(services, day) -> float | None:
    with services.engine.connect() as conn:
        return conn.execute(
            text(
                "SELECT close FROM px JOIN instruments i ON i.id = instrument_id"
                " WHERE d = :day AND i.symbol || ' TRI' = :name"
            ),
            {"day": day, "name": NAMES[SERIES]},
        ).scalar()


def test_a_stored_spike_is_told_before_it_moves(services, admin, spiked) -> None:
    report = preview_file(services, admin, as_csv(spiked.iloc[-2:]))

    [problem] = report.withdrawn
    assert (problem.rule, problem.day) == ("spike", SESSIONS[-3].date())
    assert "back there" in problem.wrong
    assert waiting(services) == []
    assert stored_close(services, SESSIONS[-3].date()) is not None


@pytest.mark.parametrize("is_sent_again", [False, True])
def test_a_stored_spike_moves_to_the_quarantine_and_the_market_is_packed_anew(
    services, admin, spiked, is_sent_again
) -> None:
    before = count(services, "panels")

    report = store_file(services, admin, as_csv(spiked.iloc[-3 if is_sent_again else -2 :]))

    [row] = waiting(services)
    assert (row.day, row.rule, row.source) == (SESSIONS[-3].date(), "spike", "Uploaded prices")
    assert stored_close(services, SESSIONS[-3].date()) is None
    assert stored_close(services, SESSIONS[-1].date()) == spiked.iloc[-1, SERIES]
    assert count(services, "panels") == before + 1
    assert len(report.withdrawn) == 1
    assert (report.new, report.unchanged) == (10, 4 if is_sent_again else 0)
    with services.engine.connect() as conn:
        detail = conn.execute(text("SELECT detail FROM audit_log ORDER BY id DESC LIMIT 1")).scalar_one()
    assert detail["withdrawn"][0].startswith(f"{NAMES[SERIES]} {SESSIONS[-3].date()}")


def test_the_same_rows_again_change_nothing(services, admin, spiked) -> None:
    content = as_csv(spiked.iloc[-3:])
    store_file(services, admin, content)
    names = ("px", "px_reject", "panels", "audit")
    before = [count(services, name) for name in names]

    report = store_file(services, admin, content)

    assert [count(services, name) for name in names] == before
    assert report.withdrawn == ()


def test_accepting_brings_it_back_and_it_stays_believed(services, admin, spiked) -> None:
    content = as_csv(spiked.iloc[-3:])
    store_file(services, admin, content)

    accept_row(services, admin, waiting(services)[0].id)
    report = store_file(services, admin, content)

    assert stored_close(services, SESSIONS[-3].date()) == pytest.approx(spiked.iloc[-3, SERIES])
    assert (report.withdrawn, report.problems) == ((), ())
    assert waiting(services) == []


def test_a_dismissed_one_stays_out(services, admin, spiked) -> None:
    content = as_csv(spiked.iloc[-3:])
    store_file(services, admin, content)

    dismiss_row(services, admin, waiting(services)[0].id)
    store_file(services, admin, content)

    assert stored_close(services, SESSIONS[-3].date()) is None
    assert waiting(services) == []


def test_a_move_that_does_not_come_back_stays(services, admin, spiked) -> None:
    spiked.iloc[-2:, SERIES] *= 1.3

    report = store_file(services, admin, as_csv(spiked.iloc[-2:]))

    assert report.withdrawn == ()
    assert stored_close(services, SESSIONS[-3].date()) is not None


def test_a_correction_of_the_spike_needs_no_quarantine(services, admin, spiked) -> None:
    spiked.iloc[-3, SERIES] /= 1.3

    report = store_file(services, admin, as_csv(spiked.iloc[-3:].round(2)))

    assert (len(report.replacements), report.withdrawn, report.problems) == (1, (), ())


def test_old_closes_are_left_alone(services, admin, spiked) -> None:
    store_file(services, admin, as_csv(spiked.iloc[-2:]))
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE px SET close = close * 1.3 WHERE d = :day"), {"day": SESSIONS[100].date()})

    more = spiked.iloc[-1:] * 1.001
    more.index = more.index + SESSIONS.freq

    assert store_file(services, admin, as_csv(more.round(2))).withdrawn == ()
