"""What a mail of each kind says to one reader. What it says to everybody is made once for each close and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from analyzer.market import Market
from domain.report_rules import ReportKind
from mail.market_mail import ReportText
from sectors.evidence_note import EvidenceNote, build_note
from sectors.evidence_picture import draw_curves
from sectors.evidence_text import words_of_evidence
from sectors.ranking import rank_sectors
from sectors.report import Report, report_of
from sectors.report_picture import draw_map
from sectors.report_text import words_of_report

# Of the closes that were written about last, so that a preview and a thousand mails draw one picture.
_KEPT_CLOSES = 2
_Key = tuple[str, date]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says, and the picture that it carries."""

    text: ReportText
    png: bytes | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """What every report of one close is made of."""

    market: Market
    report: Report
    png: bytes


@dataclass(frozen=True, slots=True)
class _Note:
    note: EvidenceNote
    png: bytes


_closes: dict[_Key, Close] = {}
_notes: dict[_Key, _Note | None] = {}


def close_of(market: Market) -> Close:
    """The close that the market ends with."""
    return _kept(_closes, market, _draw_close)


def report_for(close: Close, watched: Sequence[str], kind: ReportKind) -> Content:
    """The report to a reader who watches these sectors."""
    report = close.report
    if watched:
        report = report_of(close.market, rank_sectors(close.market, report.benchmark), watched)
    return Content(words_of_report(report, kind), close.png)


def evidence_for(close: Close, kind: ReportKind) -> Content | None:
    """The monthly note, the same to everybody. None while there is too little history."""
    kept = _kept(_notes, close.market, _draw_note)
    return None if kept is None else Content(words_of_evidence(kept.note, kind), kept.png)


def _draw_close(market: Market) -> Close:
    report = report_of(market, rank_sectors(market, market.benchmarks[0]))
    return Close(market, report, draw_map(report))


def _draw_note(market: Market) -> _Note | None:
    note = build_note(market, market.benchmarks[0])
    return None if note is None else _Note(note, draw_curves(note))


def _kept(kept: dict[_Key, _T], market: Market, make: Callable[[Market], _T]) -> _T:
    key = (market.version, market.as_of)
    if key not in kept:
        made = make(market)
        while len(kept) >= _KEPT_CLOSES:
            kept.pop(next(iter(kept)), None)
        kept[key] = made
        return made
    return kept[key]
