"""The monthly note as figures: the usual question of the Evidence page at one close, and a month before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from analyzer.market import Market
from domain.wording import format_date, format_day
from sectors.evidence import (
    BAND_PARTS,
    SIGNALS,
    Chance,
    Evidence,
    Question,
    SignalLine,
    chance,
    chance_part,
    evidence,
    has_enough,
    has_left_chance,
    signal_line,
)
from sectors.evidence_words import growth, sentences, shown

_MONTH = pd.DateOffset(months=1)
_WHERE = {1: "above the range of chance", 0: "within the range of chance", -1: "below the range of chance"}


@dataclass(frozen=True, slots=True)
class EvidenceNote:
    """What the note of one close says. It is the same for everybody. `changes` is empty without a month before."""

    as_of: date
    benchmark: str
    source: str
    is_demo: bool
    data_version: str
    found: Evidence
    by_lot: Chance
    lines: tuple[SignalLine, ...]
    sentences: tuple[str, ...]
    since: date | None
    changes: tuple[str, ...]

    @property
    def subject(self) -> str:
        """`Evidence to 30 Oct: top 3 by RS 55 11.2 % a year, equal parts 13.2 %, chance 4.6 to 14.7 %`."""
        label = "Demo data: " if self.is_demo else ""
        asked = self.found.question
        return (
            f"{label}Evidence to {format_day(self.as_of)}: top {asked.top} by {asked.signal} "
            f"{shown(self.found.followed.found.cagr_pct, 1)} % a year, equal parts "
            f"{shown(self.found.equal.cagr_pct, 1)} %, chance {shown(self.by_lot.low_pct, 1)} to "
            f"{shown(self.by_lot.high_pct, 1)} %"
        )


def build_note(market: Market, benchmark: str) -> EvidenceNote | None:
    """The note at the market's last close. None while there is too little history for any evidence."""
    if not has_enough(market):
        return None
    question = Question()
    found, by_lot = evidence(market, benchmark, question), _by_lot(market, question)
    lines = tuple(signal_line(market, benchmark, Question(signal)) for signal in SIGNALS)
    before = _month_before(market)
    return EvidenceNote(
        as_of=market.as_of,
        benchmark=benchmark,
        source=market.source,
        is_demo=market.is_demo,
        data_version=market.version,
        found=found,
        by_lot=by_lot,
        lines=lines,
        sentences=sentences(found, by_lot, lines, is_demo=market.is_demo),
        since=None if before is None else before.as_of,
        changes=() if before is None else _changes(found, by_lot, before),
    )


def _month_before(market: Market) -> Market | None:
    """The market as it was known a month earlier, where that had evidence, too."""
    earlier = pd.Timestamp(market.as_of) - _MONTH
    if market.total_return.index[0] > earlier:
        return None
    before = market.until(earlier.date())
    return before if has_enough(before) else None


def _by_lot(market: Market, question: Question) -> Chance:
    return chance([chance_part(market, question, part) for part in range(BAND_PARTS)])


def _changes(found: Evidence, by_lot: Chance, before: Market) -> tuple[str, ...]:
    then = evidence(before, found.benchmark, found.question)
    stood = has_left_chance(then, _by_lot(before, found.question))
    stands = has_left_chance(found, by_lot)
    month = (100 * (found.curves.iloc[-1] / found.curves.loc[before.as_of.isoformat()] - 1)).to_dict()
    where = (
        f"It still stands {_WHERE[stands]}."
        if stands == stood
        else f"A month ago it stood {_WHERE[stood]}, now {_WHERE[stands]}."
    )
    return (
        f"Since {format_date(before.as_of)} the rule made {growth(month['followed'])}, all sectors in equal parts "
        f"{growth(month['equal'])}, {found.benchmark} {growth(month['benchmark'])}.",
        f"Growth a year over the whole time went from {shown(then.followed.found.cagr_pct, 1)} to "
        f"{shown(found.followed.found.cagr_pct, 1)} % for the rule and from {shown(then.equal.cagr_pct, 1)} to "
        f"{shown(found.equal.cagr_pct, 1)} % for equal parts. {where}",
        f"The t of its order went from {shown(then.followed.t, 1)} to {shown(found.followed.t, 1)}. One month is no "
        "evidence for or against a rule.",
    )
