"""A report in words: what the mail, its plain text and the preview say, figure by figure as the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode

from analyzer.registry import METHOD_VERSION
from domain.report_rules import AlertKind, ReportKind
from domain.wording import format_date, format_day, format_signed
from mail.market_mail import ReportLine, ReportText
from sectors.alerts import Alert
from sectors.ranking import WINDOW
from sectors.report import Report, Row
from sectors.report_picture import describe_map
from sectors.rotation import QuadrantMove

ALERT_NAMES = {
    AlertKind.ZERO_LINE: "Zero line",
    AlertKind.QUADRANT: "Quadrant",
    AlertKind.RANK_JUMP: "Rank jump",
}
_TITLES = {
    ReportKind.WEEKLY: "Sectors this week",
    ReportKind.DAILY: "Sectors at the close",
    ReportKind.ON_REQUEST: "Sectors this week",
}
WHY = {
    ReportKind.WEEKLY: "the weekly report is on for your account",
    ReportKind.DAILY: "the daily report is on for your account",
    ReportKind.ALERTS: "alerts are on for your account",
    ReportKind.EVIDENCE: "the monthly evidence note is on for your account",
    ReportKind.ON_REQUEST: "you asked for it on the page Alerts & mail",
}
# A bar for every second week of half a year.
_BARS, _BAR_HEIGHT = 13, 22
# Every line has a picture until there are so many that a mail program would cut the mail.
_MOST_PICTURES = 20


def words_of_report(report: Report, kind: ReportKind) -> ReportText:
    """The report as a mail."""
    pictures = len(report.top) + len(report.bottom) + len(report.watched) <= _MOST_PICTURES
    lists = [
        ("Quadrant moves of the week", [_moved(move) for move in report.moves if not move.has_held]),
        ("Quadrant moves that held two weeks", [_moved(move) for move in report.moves if move.has_held]),
        (
            f"Across the zero line of RS {WINDOW} this week",
            [
                f"{cross.sector} went {'above' if cross.is_upward else 'below'}: from "
                f"{format_signed(cross.before_pct, 2)} % to {format_signed(cross.after_pct, 2)} %"
                for cross in report.crosses
            ],
        ),
        ("Breadth", [report.breadth_line]),
        ("Notes on the data", list(report.findings)),
    ]  # fmt: skip
    return ReportText(
        subject=report.subject,
        title=_TITLES[kind],
        preview=" ".join(report.sentences),
        basis=basis_words(report.as_of, report.benchmark, report.source),
        is_demo=report.is_demo,
        sentences=report.sentences,
        top_title=f"Top {len(report.top)} of {report.count}",
        top=tuple(line_of(row) for row in report.top),
        bottom_title=f"Last {len(report.bottom)}",
        bottom=tuple(line_of(row) for row in report.bottom),
        watched=tuple(line_of(row, with_bars=pictures) for row in report.watched),
        legend=f"RS {WINDOW}: growth over {WINDOW} sessions compared with {report.benchmark}. Below the rank: places "
        "in a week. Rating 1 to 99. The bars are the relative-strength line of 26 weeks.",
        image_alt=describe_map(report),
        lists=tuple((name, tuple(lines)) for name, lines in lists if lines),
        method=method_words(report.data_version),
        why=WHY[kind],
        path=f"/dashboard?{urlencode({'asof': report.as_of.isoformat()})}",
    )


def words_of_alerts(report: Report, alerts: Sequence[Alert]) -> ReportText:
    """What happened, as a mail."""
    label = "Demo data: " if report.is_demo else ""
    day = format_day(report.as_of)
    first = alerts[0].sentence.rstrip(".")
    more = "" if len(alerts) == 1 else f", and {len(alerts) - 1} more"
    return ReportText(
        subject=f"{label}Sector alerts to {day}: {first}{more}",
        title="1 alert" if len(alerts) == 1 else f"{len(alerts)} alerts",
        preview=" ".join(alert.sentence for alert in alerts),
        basis=basis_words(report.as_of, report.benchmark, report.source),
        is_demo=report.is_demo,
        alerts=tuple((ALERT_NAMES[alert.kind], alert.sentence) for alert in alerts),
        method=method_words(report.data_version),
        why=WHY[ReportKind.ALERTS],
        path=f"/dashboard?{urlencode({'asof': report.as_of.isoformat()})}",
    )


def line_of(row: Row, *, with_bars: bool = True) -> ReportLine:
    """One sector's line in words."""
    change, tone = _change(row.change_1w)
    bars, bar_tone = _bars(row.line) if with_bars else ((), "ahead")
    notes = [row.etf or "index only"]
    if row.quadrant:
        weeks = "" if row.weeks_in_quadrant is None else f" for {row.weeks_in_quadrant} w"
        notes.append(f"{row.quadrant}{weeks}")
    if row.rank is None:
        notes = [
            "no data" if row.no_data_since is None else f"no data since {format_date(row.no_data_since)}"
        ]
    return ReportLine(
        rank="–" if row.rank is None else str(row.rank),
        change=change,
        change_words=_change_words(row.change_1w),
        tone=tone,
        sector=row.sector,
        note=", ".join(notes),
        strength="–" if row.rank is None else f"{format_signed(row.rs55_pct, 1)} %",
        strength_tone="soft" if row.rank is None else "accent" if row.rs55_pct > 0 else "behind",
        rating="no rating" if row.rating is None else f"rating {row.rating}",
        bars=bars,
        bar_tone=bar_tone,
    )


def basis_words(as_of: date, benchmark: str, source: str) -> str:
    """Which close, against what, and from where the prices are."""
    return f"Close of {format_date(as_of)}, against {benchmark}. Source: {source}."


def method_words(data_version: str) -> str:
    """Which formulas and which prices made the figures."""
    return f"Method {METHOD_VERSION}, data {data_version[:8]}."


def _change(places: int | None) -> tuple[str, str]:
    if places is None:
        return "new", "soft"
    if places == 0:
        return "=", "soft"
    return format_signed(places), "accent" if places > 0 else "behind"


def _change_words(places: int | None) -> str:
    if places is None:
        return "no rank a week ago"
    return "same place as a week ago" if places == 0 else f"{format_signed(places)} places in a week"


def _bars(line: Sequence[float]) -> tuple[tuple[int, ...], str]:
    drawn = line[::-2][:_BARS][::-1]
    if len(drawn) < 2:
        return (), "ahead"
    low, high = min(drawn), max(drawn)
    span = (high - low) or 1.0
    heights = tuple(2 + round((_BAR_HEIGHT - 2) * (value - low) / span) for value in drawn)
    return heights, "ahead" if drawn[-1] >= drawn[0] else "behind"


def _moved(move: QuadrantMove) -> str:
    return f"{move.sector}: {move.before} to {move.after}"
