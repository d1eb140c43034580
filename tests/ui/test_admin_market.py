from __future__ import annotations

import pytest

from sectors.ingest import store_file
from tests.sectors.test_ingest import as_csv, table
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


def test_prices_are_not_shown_without_reason_to(services, admin) -> None:
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
    assert "1 stored closes turned out to be wrong" in seen(page)
