"""The report says what the page says, to the digit, and every part of a mail that a reader or a machine needs."""

from __future__ import annotations

from datetime import date, timedelta
from html.parser import HTMLParser

import pytest

from config import load_settings
from domain.report_rules import AlertKind, ReportKind
from domain.wording import format_signed
from mail import market_mail
from mail.composing import Business
from market_data.demo import load_demo_market
from sectors.alerts import find_alerts
from sectors.ranking import rank_sectors
from sectors.report import report_of, rows_of, zero_line_crosses
from sectors.report_picture import describe_map, draw_map
from sectors.report_text import words_of_alerts, words_of_report
from sectors.rotation import quadrant_moves


@pytest.fixture(scope="module")
def market():
    return load_demo_market()


@pytest.fixture(scope="module")
def report(market):
    return report_of(market, rank_sectors(market, "NIFTY 50"), ["IT", "Bank"])


@pytest.fixture
def business(tmp_path):
    settings = load_settings(
        {"APP_ENV": "test", "DATA_DIR": str(tmp_path), "BUSINESS_ADDRESS": "4 Residency Road, Bengaluru",
         "SEBI_REGISTRATION": "INH000012345"},
        root=tmp_path,
    )  # fmt: skip
    return Business.from_settings(settings)


def _mail(business, content):
    return market_mail.report(business, content, unsubscribe_url="https://example.com/unsubscribe/x")


def test_every_figure_is_the_pages_to_the_digit(market, report, business) -> None:
    table = rank_sectors(market, "NIFTY 50").table.set_index("sector")

    mail = _mail(business, words_of_report(report, ReportKind.WEEKLY))

    for row in (*report.top, *report.bottom, *report.watched):
        on_page = table.loc[row.sector]
        assert (row.rank, row.rs55_pct, row.rating, row.line) == (
            on_page["rank"], on_page["rs55_pct"], on_page["rating"], tuple(on_page["line"]),
        )  # fmt: skip
        # The page's own format of this column.
        shown = f"{on_page['rs55_pct']:+.1f} %".replace("-", "−")
        line = next(line for line in mail.text.splitlines() if f"  {row.sector}: RS 55" in line)
        assert line.split()[0] == str(on_page["rank"])
        assert f"RS 55 {shown}, rating {on_page['rating']}," in line
        assert shown in mail.html
    assert report.sentences == rank_sectors(market, "NIFTY 50").sentences
    assert all(sentence in mail.text for sentence in report.sentences)


def test_the_leaders_the_last_and_the_watched_stand_in_their_places(market, report) -> None:
    ranked = [row.sector for row in rows_of(rank_sectors(market, "NIFTY 50")) if row.rank is not None]

    assert [row.sector for row in report.top] == ranked[:5]
    assert [row.sector for row in report.bottom] == ranked[-3:]
    assert [row.sector for row in report.watched] == ["IT", "Bank"]


def test_the_subject_is_made_of_the_facts(report) -> None:
    first, last = report.top[0], report.bottom[-1]

    assert first.change_4w is not None
    assert report.subject == (
        f"Demo data: Sector RS to 30 Oct: {first.sector} 1st ({1 + first.change_4w}th a month ago), {last.sector} last "
        f"({format_signed(last.rs55_pct, 1)} % against NIFTY 50 in 55 d)"
    )


def test_moves_and_crosses_are_those_of_the_map_and_of_the_strengths_signs(market, report) -> None:
    assert report.moves == quadrant_moves(market, "NIFTY 50")
    week = market.until(market.as_of - timedelta(weeks=1))
    before = rank_sectors(week, "NIFTY 50").table.set_index("sector")["rs55_pct"]
    after = rank_sectors(market, "NIFTY 50").table.set_index("sector")["rs55_pct"]
    crossed = {name for name in market.sector_names if before[name] * after[name] < 0}

    assert {cross.sector for cross in report.crosses} == crossed
    assert crossed


def test_a_close_before_any_rank_is_told_as_such(market, business) -> None:
    young = market.until(market.total_return.index[20].date())

    report = report_of(young, rank_sectors(young, "NIFTY 50"))
    mail = _mail(business, words_of_report(report, ReportKind.WEEKLY))

    assert report.top == ()
    assert report.subject.endswith("no sector has a rank")
    assert "A rank needs" in mail.text or "a rank needs" in mail.text
    assert zero_line_crosses(young, "NIFTY 50") == ()


def test_the_mail_loads_nothing_runs_nothing_and_is_not_clipped(market, business) -> None:
    # The longest mail there can be: every sector is watched.
    report = report_of(market, rank_sectors(market, "NIFTY 50"), market.sector_names)

    mail = _mail(business, words_of_report(report, ReportKind.WEEKLY))

    assert len(mail.html.encode()) < 102_000
    found = _Tags()
    found.feed(mail.html)
    assert "script" not in found.tags
    assert not [name for name in found.attributes if name.startswith("on")]
    assert found.sources == ["cid:map@sector-rs"]
    assert "url(" not in mail.html
    assert "prefers-color-scheme: dark" in mail.html


def test_both_parts_carry_the_footer_and_say_that_the_data_are_a_demo(report, business) -> None:
    mail = _mail(business, words_of_report(report, ReportKind.WEEKLY))

    for part in (mail.text, mail.html):
        assert "not investment advice" in part
        assert "Method 1.0, data " in part
        assert "SEBI registration INH000012345" in part
        assert "4 Residency Road, Bengaluru" in part
        assert "https://example.com/unsubscribe/x" in part
        assert "/dashboard?asof=2026-10-30" in part
        assert "Close of 30 Oct 2026, against NIFTY 50. Source: Demo data." in part
        assert "demo data" in part.lower()


def test_the_picture_is_a_small_png_and_its_words_hold_the_numbers(report) -> None:
    picture, words = draw_map(report), describe_map(report)

    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 150_000
    for row in report.map.at(len(report.map.dates) - 1).to_dict("records"):
        assert f"{row['sector']} {row['x']:.2f}/{row['y']:.2f}" in words


def test_an_alert_is_what_was_not_so_at_the_close_before(market) -> None:
    every = list(AlertKind)
    week_ago = market.total_return.index[-6].date()

    found = find_alerts(market, "NIFTY 50", since=week_ago, kinds=every)

    assert {alert.kind for alert in found} == set(every)
    assert find_alerts(market, "NIFTY 50", since=market.as_of, kinds=every) == ()
    assert find_alerts(market, "NIFTY 50", since=week_ago, kinds=()) == ()
    # What had happened by then is not told again.
    again = find_alerts(
        market, "NIFTY 50", since=market.total_return.index[-2].date(), kinds=[AlertKind.QUADRANT]
    )
    held = {move.sector for move in quadrant_moves(market, "NIFTY 50") if move.has_held}
    assert {alert.sector for alert in found if alert.kind is AlertKind.QUADRANT} == held
    assert again == ()


def test_what_happened_long_ago_is_no_alert(market) -> None:
    long_ago = find_alerts(market, "NIFTY 50", since=date(2020, 1, 1), kinds=list(AlertKind))
    lately = find_alerts(
        market, "NIFTY 50", since=market.total_return.index[-11].date(), kinds=list(AlertKind)
    )

    assert long_ago == lately


def test_the_subject_of_alerts_names_the_first_and_counts_the_others(market, report) -> None:
    found = find_alerts(market, "NIFTY 50", since=market.total_return.index[-6].date(), kinds=list(AlertKind))

    words = words_of_alerts(report, found)

    assert words.subject == (
        f"Demo data: Sector alerts to 30 Oct: {found[0].sentence.rstrip('.')}, and {len(found) - 1} more"
    )


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.sources: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.sources += [value for name, value in attrs if name in {"src", "background", "srcset"}]
