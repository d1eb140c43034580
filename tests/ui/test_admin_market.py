from __future__ import annotations

from dataclasses import replace

import pytest

from market_data.nse_folder import NseFolder
from market_data.yahoo import Yahoo
from sectors.ingest import store_file
from sectors.market_update import update_market
from tests.market_data.exchange_files import drop
from tests.sectors.test_ingest import as_csv, table
from tests.sectors.test_market_update import CLOSES, EVENING, fill
from tests.ui.panel import click, labels, open_panel, seen
from user_management import create_admin


@pytest.fixture
def admin(services):
    return create_admin(services, email="owner@example.com", password="TestPass123")


def open_section(services, admin):
    return open_panel(services, admin, section="market-data")


def send(page, name: str, content: bytes) -> None:
    page.file_uploader[0].upload(name, content, "text/csv").run()
    assert not page.exception


def test_without_prices_the_demo_is_named_and_the_next_step_told(services, admin) -> None:
    words = seen(open_section(services, admin))

    assert "Pages show demo data" in words
    assert "Nothing is held back" in words
    assert "No prices are stored" in words


def test_without_a_provider_the_setting_is_named(services, admin) -> None:
    words = seen(open_section(services, admin))

    assert "Prices come as files that you send" in words
    assert "MARKET_DATA_PROVIDER" in words


def test_the_folder_shows_its_last_run_and_its_next(services, admin, tmp_path) -> None:
    evening = replace(services, market_provider=NseFolder(tmp_path), now=lambda _conn: EVENING)
    before = seen(open_section(evening, admin))
    fill(tmp_path, 3)
    update_market(evening)

    words = seen(open_section(evening, admin))

    assert "Not asked yet" in before
    assert "Prices come from the exchange&#x27;s files" in words
    assert "Came in full" in words
    assert "9 Mar 2026, 7:30 pm IST" in words
    assert "9 Mar 2026, 8:30 pm IST" in words
    assert "<li>15 new closes, 0 known, 0 corrected.</li>" in words
    assert "No worker runs" in words


def test_a_file_that_cannot_be_read_is_named_as_text(services, admin, tmp_path) -> None:
    evening = replace(services, market_provider=NseFolder(tmp_path), now=lambda _conn: EVENING)
    fill(tmp_path, 3)
    drop(tmp_path, EVENING.date(), CLOSES | {"Nifty IT": "<b>3</b>"})
    (tmp_path / "cm06MAR2026bhav.csv").write_bytes(b"half")
    (tmp_path / "BhavCopy_NSE_CM_0_0_0_20260306_F_0000.csv.zip").unlink()
    update_market(evening)

    words = seen(open_section(evening, admin))

    assert "Not all could be read" in words
    assert "cm06MAR2026bhav.csv: Its first row lacks" in words
    assert "“&lt;b&gt;3&lt;/b&gt;” is no number." in words
    assert "<b>" not in words


def test_yahoo_shows_its_terms_and_what_is_missing(services, admin) -> None:
    evening = replace(services, market_provider=Yahoo(), now=lambda _conn: EVENING)
    update_market(evening)

    words = seen(open_section(evening, admin))

    assert "Nothing came" in words
    assert "pip install yfinance" in words
    assert "intended for personal use only" in words


def test_coverage_shows_what_ends_early_and_hides_the_rest(services, admin) -> None:
    closes = table()
    closes.iloc[-2:, 1] = float("nan")
    store_file(services, admin, as_csv(closes))

    words = seen(open_section(services, admin))

    assert "Series that end before it</dt><dd>1<" in words
    assert "<summary>All 5 series</summary>" in words
    assert words.count("NIFTY AUTO TRI") == 2
    assert words.count("NIFTY 50 TRI") == 1


def test_a_bad_file_is_reported_row_by_row_before_anything_is_stored(services, admin) -> None:
    page = open_section(services, admin)

    send(page, "bad.csv", as_csv(table(), "2026-03-09,NIFTY IT,-3", "<b>x</b>,NIFTY IT,1"))

    words = seen(page)
    assert "The close is -3. A close is a number above zero." in words
    assert "“&lt;b&gt;x&lt;/b&gt;” is no date of a session." in words
    assert "1,352" in words and "1,353" in words
    assert "Store 1,350 rows" in labels(page)
    assert "No prices are stored" in words


def test_a_file_that_is_no_table_is_refused_in_words(services, admin) -> None:
    page = open_section(services, admin)

    send(page, "wrong.csv", b"day,price\n1,2\n")

    assert "The first row has no column “date”" in seen(page)
    assert not [label for label in labels(page) if label.startswith("Store")]


def test_a_good_file_is_stored_and_shown_and_taken_back(services, admin) -> None:
    page = open_section(services, admin)
    send(page, "good.csv", as_csv(table()))
    click(page, "Store 1,350 rows")
    stored = seen(page)
    page.text_input(key="admin-market-source").input("A licensed vendor")

    click(page, "Show stored prices")
    shown = seen(page)
    click(page, "Show the demo")

    assert "Stored: 1,350 new closes" in stored
    assert "Pages show stored prices" in shown
    assert "A licensed vendor" in shown
    assert "Pages show demo data" in seen(page)


def test_one_row_is_told_of_as_one(services, admin) -> None:
    page = open_section(services, admin)
    send(page, "one.csv", b"date,symbol,close\n2026-03-09,NIFTY 50,24000\n2026-03-09,NIFTY IT,-3\n")

    click(page, "Store 1 row")

    assert "Stored: 1 new close, 0 corrected; 1 row is in the quarantine." in seen(page)


def test_prices_are_not_shown_without_reason_to(services, admin) -> None:
    store_file(services, admin, as_csv(table().iloc[:, :1]))
    page = open_section(services, admin)
    page.text_input(key="admin-market-source").input("A licensed vendor")

    click(page, "Show stored prices")

    assert "The demo stays: Prices of NIFTY 50" in seen(page)


def test_what_waits_is_accepted_or_dismissed(services, admin) -> None:
    closes = table()
    closes.iloc[50, 2] *= 10
    store_file(services, admin, as_csv(closes, "2026-03-09,NIFTY IT,-3"))
    page = open_section(services, admin)
    offered = labels(page)

    click(page, "Accept")
    accepted = seen(page)
    click(page, "Dismiss")

    assert (offered.count("Accept"), offered.count("Dismiss")) == (1, 2)
    assert "The close is stored." in accepted
    assert "Nothing is held back" in seen(page)


def test_a_stored_close_that_turns_out_to_be_a_spike_is_told(services, admin) -> None:
    closes = table()
    closes.iloc[-3:, 2] = closes.iloc[-4, 2]
    closes.iloc[-3, 2] *= 1.3
    store_file(services, admin, as_csv(closes.iloc[:-2]))
    page = open_section(services, admin)

    send(page, "next.csv", as_csv(closes.iloc[-2:]))
    shown = seen(page)
    click(page, "Store 10 rows")

    assert "they move to the quarantine" in shown
    assert "1 stored close turned out to be wrong" in seen(page)


def test_without_stored_prices_there_are_none_to_show(services, admin) -> None:
    page = open_section(services, admin)
    before = next(button for button in page.button if button.label == "Show stored prices").disabled
    store_file(services, admin, as_csv(table()))
    page = open_section(services, admin)

    assert before
    assert not next(button for button in page.button if button.label == "Show stored prices").disabled
