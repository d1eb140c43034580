"""The monthly note says what the Evidence page says, to the digit, and what changed in a month."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from domain.report_rules import ReportKind
from domain.wording import NOT_ADVICE
from mail import market_mail
from mail.composing import Mail
from market_data.demo import load_demo_market
from sectors.evidence import BAND_PARTS, SIGNALS, Question, chance, chance_part, evidence, signal_line
from sectors.evidence_note import EvidenceNote, build_note
from sectors.evidence_picture import draw_curves
from sectors.evidence_text import words_of_evidence
from sectors.evidence_words import compared, sentences, signal_rows
from tests.mail.test_payment_mail import business


@pytest.fixture(scope="module")
def market():
    return load_demo_market()


@pytest.fixture(scope="module")
def note(market) -> EvidenceNote:
    found = build_note(market, "NIFTY 50")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def mail(note) -> Mail:
    content = words_of_evidence(note, ReportKind.EVIDENCE)
    return market_mail.report(
        business(sebi_registration="INH000012345"),
        content,
        unsubscribe_url="https://example.com/unsubscribe/x",
    )


def test_every_figure_is_the_pages_to_the_digit(market, note, mail) -> None:
    found = evidence(market, "NIFTY 50", Question())
    by_lot = chance([chance_part(market, Question(), part) for part in range(BAND_PARTS)])
    lines = tuple(signal_line(market, "NIFTY 50", Question(signal)) for signal in SIGNALS)

    assert note.sentences == sentences(found, by_lot, lines, is_demo=True)
    for body in (mail.text, mail.html):
        assert all(sentence in body for sentence in note.sentences)
        assert all(
            one.name in body and one.growth in body and one.note in body for one in compared(found, by_lot)
        )
    for signal, (growth, _, _, ic, t) in signal_rows(lines):
        assert f" {signal}: {growth}, {ic}, {t}\n" in mail.text


def test_the_subject_is_made_of_the_facts(note) -> None:
    made, equal = note.found.followed.found.cagr_pct, note.found.equal.cagr_pct

    assert note.subject == (
        f"Demo data: Evidence to 30 Oct: top 3 by RS 55 {made:.1f} % a year, equal parts {equal:.1f} %, "
        f"chance {note.by_lot.low_pct:.1f} to {note.by_lot.high_pct:.1f} %"
    )


def test_it_says_what_changed_since_the_close_a_month_before(market, note, mail) -> None:
    then = evidence(market.until(note.since), "NIFTY 50", Question())
    held = market.benchmark("NIFTY 50")
    month = 100 * (held.iloc[-1] / held[pd.Timestamp("2026-09-30")] - 1)

    assert str(note.since) == "2026-09-30"
    assert f"NIFTY 50 {month:+.1f} %.".replace("-", "−") in note.changes[0]
    assert (
        f"went from {then.followed.found.cagr_pct:.1f} to {note.found.followed.found.cagr_pct:.1f} %"
        in note.changes[1]
    )
    assert f"went from {then.followed.t:.1f} to {note.found.followed.t:.1f}." in note.changes[2]
    assert all(change in mail.text and change in mail.html for change in note.changes)


def test_a_market_with_just_enough_history_has_a_note_without_changes(market) -> None:
    young = build_note(market.lagging(len(market.total_return) - 760), "NIFTY 50")

    assert young is not None
    assert (young.since, young.changes) == (None, ())
    lists = dict(words_of_evidence(young, ReportKind.EVIDENCE).lists)
    assert list(lists) == ["A study, on other prices"]


def test_a_younger_market_has_no_note(market) -> None:
    assert build_note(market.lagging(len(market.total_return) - 700), "NIFTY 50") is None


def test_invented_prices_are_labelled_and_real_ones_are_not(note) -> None:
    real = replace(note, is_demo=False)

    assert note.subject.startswith("Demo data: ")
    assert real.subject.startswith("Evidence to 30 Oct: ")


def test_the_mail_ends_with_disclaimer_source_registration_and_its_own_link(mail) -> None:
    for body in (mail.text, mail.html):
        assert NOT_ADVICE in body
        assert "Source: Demo data." in body
        assert "SEBI registration INH000012345" in body
        assert "https://example.com/unsubscribe/x" in body
        assert "other reports stay as you chose them." in body.lower()
    assert len(mail.html.encode()) < 102_000


def test_the_mail_loads_its_own_picture_and_nothing_else(note, mail) -> None:
    images: list[dict[str, str | None]] = []

    class Page(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in {"script", "iframe", "link", "form", "object"}
            if tag == "img":
                images.append(dict(attrs))

    Page().feed(mail.html)

    [picture] = images
    assert picture["src"] == "cid:map@sector-rs"
    last = 100 * note.found.curves.iloc[-1]
    assert f"Top 3 by RS 55 {last['followed']:.0f}, all 31 sectors in equal parts {last['equal']:.0f}" in str(
        picture["alt"]
    )


def test_what_was_asked_for_by_hand_ends_like_every_report(note) -> None:
    content = words_of_evidence(note, ReportKind.ON_REQUEST)

    assert content.ends_only == ""
    assert "you asked for it" in content.why


def test_the_picture_is_a_small_png_and_always_the_same(note) -> None:
    one = draw_curves(note)

    assert one.startswith(b"\x89PNG")
    assert len(one) < 200_000
    assert draw_curves(note) == one


def test_an_order_that_cannot_be_compared_is_said_in_words(note) -> None:
    without = replace(note.found.followed, ic=float("nan"), t=float("nan"))

    said = sentences(replace(note.found, followed=without), note.by_lot, note.lines, is_demo=False)
    [(_, cells)] = signal_rows((without,))

    assert said[2].endswith("cannot be compared: too few sectors have prices.")
    assert "nan" not in " ".join(said)
    assert cells[3:] == ("–", "–")


def test_what_is_below_zero_has_a_real_minus_sign_in_sentences_and_cells_alike(note) -> None:
    turned = replace(note.found.followed, ic=-0.03, t=-1.25)

    said = sentences(replace(note.found, followed=turned), note.by_lot, note.lines, is_demo=False)
    [(_, cells)] = signal_rows((turned,))

    assert "rank correlation −0.03, t −1.2; below 2 it is noise." in said[2]
    assert cells[3:] == ("−0.03", "−1.2")


def test_a_benchmark_with_gaps_leaves_dashes_and_a_picture(market) -> None:
    closes = market.total_return.copy()
    closes.iloc[-30:-10, closes.columns.get_loc("NIFTY 50")] = np.nan
    closes.iloc[-1, closes.columns.get_loc("NIFTY 50")] = np.nan

    gappy = build_note(replace(market, version="gaps", total_return=closes), "NIFTY 50")

    assert gappy is not None
    words = words_of_evidence(gappy, ReportKind.EVIDENCE)
    assert "NIFTY 50 –." in gappy.changes[0]
    assert not re.search(r"\bnan\b", repr(words))
    assert draw_curves(gappy).startswith(b"\x89PNG")
