"""The monthly note in words: what the mail, its plain text and the preview say, figure by figure as the page."""

from __future__ import annotations

from urllib.parse import urlencode

from analyzer.registry import formula
from domain.report_rules import ReportKind
from domain.wording import format_date
from mail.market_mail import FigureRow, FigureTable, ReportText
from sectors.evidence import HIGH, LOW, RUNS
from sectors.evidence_note import EvidenceNote
from sectors.evidence_words import WHAT_IS_NOT_IN_IT, compared, rule_name, shown, signal_rows
from sectors.report_text import WHY, basis_words, method_words
from sectors.studies import SIGNALS_STUDY

# What a reader by phone can take in: growth, rank IC and t of the page's five columns.
_SHOWN_COLUMNS = (0, 3, 4)


def words_of_evidence(note: EvidenceNote, kind: ReportKind) -> ReportText:
    """The note as a mail: of the month, or on request."""
    is_monthly = kind is ReportKind.EVIDENCE
    found, by_lot = note.found, note.by_lot
    changes = () if note.since is None else ((f"What changed since {format_date(note.since)}", note.changes),)
    study = (
        f"{SIGNALS_STUDY.on}, {SIGNALS_STUDY.when}. {SIGNALS_STUDY.finding} Nothing of it is computed from "
        "the prices of this note."
    )
    return ReportText(
        subject=note.subject,
        title="Evidence this month",
        preview=" ".join(note.sentences),
        basis=basis_words(note.as_of, note.benchmark, note.source),
        is_demo=note.is_demo,
        sentences=note.sentences,
        figures=(
            FigureTable(
                "Side by side",
                ("a year",),
                tuple(
                    FigureRow(one.name, (one.growth,), note=one.note, is_picked=place == 0)
                    for place, one in enumerate(compared(found, by_lot))
                ),
                f"Chosen at each month's last close, filled at the next close, {found.question.cost_pct:g} % a side.",
            ),
        ),
        image_title="What 100 became",
        image_alt=describe_curves(note),
        lists=(*changes, ("A study, on other prices", (study,))),
        tables=(
            FigureTable(
                "All signals under the same rules",
                ("% a year", "rank IC", "t"),
                tuple(
                    FigureRow(
                        signal,
                        tuple(cells[place] for place in _SHOWN_COLUMNS),
                        is_picked=signal == found.question.signal,
                    )
                    for signal, cells in signal_rows(note.lines)
                ),
                f"Rank IC: {formula('rank-ic').short} t is its mean over its standard error; about 2 is notable, once, "
                f"not eleven times. {WHAT_IS_NOT_IN_IT}",
            ),
        ),
        method=method_words(note.data_version),
        why=WHY[kind],
        path=f"/evidence?{urlencode({'asof': note.as_of.isoformat()})}",
        link_label="Open the Evidence page at this close",
        ends_only="this monthly note" if is_monthly else "",
    )


def describe_curves(note: EvidenceNote) -> str:
    """The picture for who does not see it: what 100 became in each hand."""
    last = 100 * note.found.curves.iloc[-1]
    band = 100 * note.by_lot.curves.iloc[-1]
    first, end = (note.found.curves.index[place].date() for place in (0, -1))
    return (
        f"What 100 became from {format_date(first)} to {format_date(end)}: {rule_name(note.found)} "
        f"{last['followed']:.0f}, all {note.found.sectors} sectors in equal parts {last['equal']:.0f}, "
        f"{note.benchmark} {shown(last['benchmark'], 0)}; "
        f"{HIGH - LOW} % of {RUNS} portfolios drawn by lot {band['low']:.0f} to {band['high']:.0f}."
    )
