from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from database import panels, prices
from domain.errors import Forbidden, InvalidInput
from market_data.universe import load_sectors
from sectors.ingest import preview_file, store_file
from sectors.market import market_of_the_day
from sectors.quarantine import accept_row, dismiss_row
from sectors.shown import show_demo, show_prices
from user_management import create_admin

NAMES = ["NIFTY 50 TRI", *(f"{sector.index_name} TRI" for sector in load_sectors()[:4])]
SESSIONS = pd.bdate_range(end="2026-03-09", periods=270)


@pytest.fixture
def admin(services):
    return create_admin(services, email="owner@example.com", password="TestPass123")


def table() -> pd.DataFrame:
    generator = np.random.default_rng(3)
    steps = generator.normal(0.0004, 0.01, (len(SESSIONS), len(NAMES)))
    return pd.DataFrame(1000 * np.exp(steps.cumsum(axis=0)), index=SESSIONS, columns=NAMES).round(2)


def as_csv(closes: pd.DataFrame, *more: str) -> bytes:
    lines = [
        f"{session:%Y-%m-%d},{name},{closes.loc[session, name]}"
        for session in closes.index
        for name in closes
        if closes.loc[session, name] == closes.loc[session, name]
    ]
    return "\n".join(["date,symbol,close", *lines, *more]).encode()


def count(services, name: str) -> int:
    statements = {
        "px": "SELECT count(*) FROM px",
        "px_reject": "SELECT count(*) FROM px_reject",
        "panels": "SELECT count(*) FROM panels WHERE kind = 'prices'",
        "audit": "SELECT count(*) FROM audit_log WHERE action LIKE 'price%' OR action = 'market_shown'",
    }
    with services.engine.connect() as conn:
        return conn.execute(text(statements[name])).scalar_one()


def waiting(services) -> list[prices.WaitingRow]:
    with services.engine.connect() as conn:
        return sorted(prices.list_waiting(conn, limit=100), key=lambda row: row.id)


@pytest.mark.parametrize(
    "use_case",
    [
        lambda s, u: preview_file(s, u, as_csv(table())),
        lambda s, u: store_file(s, u, as_csv(table())),
        lambda s, u: accept_row(s, u, 1),
        lambda s, u: dismiss_row(s, u, 1),
        lambda s, u: show_prices(s, u, "A vendor"),
        lambda s, u: show_demo(s, u),
    ],
)
def test_nobody_but_an_admin_may(services, user, use_case) -> None:
    with pytest.raises(Forbidden):
        use_case(services, user)

    assert count(services, "px") == 0


def test_a_preview_stores_nothing(services, admin) -> None:
    report = preview_file(services, admin, as_csv(table(), "2026-03-09,NIFTY IT,-3"))

    assert (report.new, len(report.problems), report.is_stored) == (1350, 1, False)
    assert [count(services, name) for name in ("px", "px_reject", "panels")] == [0, 0, 0]


def test_a_good_file_is_stored_and_packed_and_shown_when_the_admin_says_so(services, admin) -> None:
    closes = table()
    report = store_file(services, admin, as_csv(closes))
    before = market_of_the_day(services).market

    show_prices(services, admin, "  A licensed   vendor ")
    market = market_of_the_day(services).market

    assert report.new == 1350
    assert report.packed is not None
    assert before.is_demo
    assert (market.is_demo, market.source, market.as_of) == (False, "A licensed vendor", date(2026, 3, 9))
    assert market.benchmark("NIFTY 50").tolist() == closes["NIFTY 50 TRI"].tolist()
    assert market.sector_names == [sector.name for sector in load_sectors()[:4]]
    show_demo(services, admin)
    assert market_of_the_day(services).market.is_demo


def test_the_same_file_again_changes_nothing(services, admin) -> None:
    content = as_csv(table(), "2026-03-09,NIFTY IT,-3", "nonsense")
    store_file(services, admin, content)
    names = ("px", "px_reject", "panels", "audit")
    before = [count(services, name) for name in names]

    report = store_file(services, admin, content)

    assert (report.new, report.unchanged, report.replacements) == (0, 1350, ())
    assert [count(services, name) for name in names] == before == [1350, 2, 1, 1]


def test_a_correction_is_shown_and_audited_from_old_to_new(services, admin) -> None:
    closes = table()
    store_file(services, admin, as_csv(closes))
    old = closes.iloc[100, 1]
    closes.iloc[100, 1] = old + 1

    shown = preview_file(services, admin, as_csv(closes))
    store_file(services, admin, as_csv(closes))

    [one] = shown.replacements
    assert (one.name, one.old, one.new) == (NAMES[1], old, old + 1)
    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT old_close, new_close FROM px_corrections")).all() == [(old, old + 1)]
        detail = conn.execute(
            text("SELECT detail FROM audit_log WHERE action = 'prices_stored' ORDER BY id DESC LIMIT 1")
        ).scalar_one()
    assert detail["corrections"] == [f"{NAMES[1]} {SESSIONS[100].date()}: {old:g} → {old + 1:g}"]


def test_a_spike_is_held_back_and_the_rest_is_kept(services, admin) -> None:
    closes = table()
    true = closes.iloc[50, 2]
    closes.iloc[50, 2] = true * 10

    report = store_file(services, admin, as_csv(closes))

    [problem] = report.problems
    assert problem.rule == "spike"
    assert problem.number == 2 + 50 * len(NAMES) + 2
    assert "10." in problem.wrong or "9." in problem.wrong
    assert count(services, "px") == 1349
    [row] = waiting(services)
    assert (row.day, row.close) == (SESSIONS[50].date(), round(true * 10, 2))


def test_accepting_a_level_lets_in_what_waited_for_it_and_packs_anew(services, admin) -> None:
    closes = table()
    closes.iloc[260:, 2] /= 10
    store_file(services, admin, as_csv(closes))
    rows = waiting(services)
    packed = count(services, "panels")

    accepted = accept_row(services, admin, rows[0].id)

    assert len(rows) == accepted == 10
    assert waiting(services) == []
    assert count(services, "px") == 1350
    assert count(services, "panels") == packed + 1
    with pytest.raises(InvalidInput):
        accept_row(services, admin, rows[0].id)


def test_a_row_that_is_no_price_can_only_be_dismissed(services, admin) -> None:
    store_file(services, admin, as_csv(table(), "2026-03-09,NIFTY IT,-3"))
    [row] = waiting(services)

    with pytest.raises(InvalidInput) as refusal:
        accept_row(services, admin, row.id)
    assert "only be dismissed" in refusal.value.user_message
    first, second = (dismiss_row(services, admin, row.id) for _ in range(2))

    assert (first, second) == (True, False)
    assert waiting(services) == []


def test_a_file_that_is_no_table_stores_nothing_and_says_why(services, admin) -> None:
    with pytest.raises(InvalidInput) as refusal:
        store_file(services, admin, b"day,price\n1,2\n")

    assert "no column" in refusal.value.user_message
    assert count(services, "px") == 0


def test_prices_that_are_no_market_yet_are_not_shown_and_the_reason_is_given(services, admin) -> None:
    report = store_file(services, admin, as_csv(table().iloc[:, :3]))

    assert report.not_packed is not None
    with pytest.raises(InvalidInput) as refusal:
        show_prices(services, admin, "A vendor")
    assert "at least 3 sectors" in refusal.value.user_message
    with services.engine.connect() as conn:
        assert panels.find_shown(conn).kind == "demo"


@pytest.mark.parametrize("label", ["", "   ", "x" * 81])
def test_prices_are_not_shown_without_the_name_of_their_source(services, admin, label) -> None:
    store_file(services, admin, as_csv(table()))

    with pytest.raises(InvalidInput, match="source"):
        show_prices(services, admin, label)


def test_a_series_that_stopped_is_told_and_has_no_price(services, admin) -> None:
    closes = table()
    closes.iloc[200:, 1] = np.nan
    store_file(services, admin, as_csv(closes))
    show_prices(services, admin, "A vendor")

    market = market_of_the_day(services).market

    name = load_sectors()[0].name
    assert [f.sentence for f in market.findings if f.subject == name] == [
        f"No price since {SESSIONS[199].day} {SESSIONS[199]:%b %Y}: shown without a rank."
    ]
    assert np.isnan(market.closes()[name].iloc[-1])
