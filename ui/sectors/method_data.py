"""The data behind the figures, and the versions of method and data: what is shown, since when, by which rules."""

from __future__ import annotations

from html import escape

import streamlit as st

from analyzer.market import Fund
from analyzer.registry import CHANGES, METHOD_VERSION
from domain.wording import NOT_ADVICE, format_clock, format_date
from sectors.market import LATE_AFTER
from sectors.method import SeriesRow, gates_in_words, packed_at, series_rows
from ui.components import badge, tiles
from ui.sectors.frame import View

_SOURCE_DEMO = (
    "Every price on every page is invented by a seeded generator, with the real names of sectors, indices and funds. "
    "It is the same for everybody and on every day, and no copy of any exchange's data. Demo prices pass the same "
    "formulas as real ones, and say nothing about any market."
)
_SOURCE_REAL = (
    "Closes come in as files that a person sends or a provider delivers, pass the gates below, and are packed once. No "
    "page fetches a price, so what you see does not depend on when you look."
)


def draw_data(view: View) -> None:
    """The part "Data"."""
    rows = series_rows(view.market)
    st.html(tiles(_figures(view, rows)))
    st.html(
        f'<div class="rs-body reading"><p>{escape(_SOURCE_DEMO if view.market.is_demo else _SOURCE_REAL)}</p></div>'
    )
    st.subheader("What is known against the data", anchor="findings")
    st.html(_findings(view))
    st.subheader("Sectors, their indices and funds", anchor="universe")
    st.html(_universe(rows))
    st.subheader("Gates that prices pass", anchor="gates")
    st.html(_gates())
    st.subheader("Licence, lag and law", anchor="terms")
    st.html(_terms(view))


def draw_versions(view: View) -> None:
    """The part "Versions"."""
    packed = packed_at(view.services, view.user)
    versions = (
        ("Method", METHOD_VERSION, f"since {format_date(CHANGES[0].day)}; in the foot of every report"),
        ("Data", view.market.version[:8], f"{view.market.source}; the name of the content"),
        (
            "Packed",
            "Not stored" if packed is None else format_date(packed),
            "" if packed is None else format_clock(packed),
        ),
        ("Newest close", format_date(view.whole.as_of), f"{len(view.whole.total_return):,} sessions"),
    )
    st.html(tiles(versions))
    st.html(
        '<div class="rs-body reading"><p>Two pages with the same method and the same data version show the same '
        "figures, wherever and whenever they were opened. A correction of one old price gives the data another "
        "name.</p></div>"
    )
    st.subheader("Changes of the method", anchor="changes")
    lines = "".join(
        f"<li><b>{escape(change.version)}</b><span>{escape(format_date(change.day))}</span>"
        f"<p>{escape(change.what)}</p></li>"
        for change in CHANGES
    )
    st.html(f'<ul class="changes">{lines}</ul>')


def _figures(view: View, rows: tuple[SeriesRow, ...]) -> tuple[tuple[str, str, str], ...]:
    market = view.market
    ended = sum(1 for row in rows if row.no_data_since is not None or row.first is None)
    return (
        ("Source", market.source, "invented prices" if market.is_demo else "named by the operator"),
        ("Close shown", format_date(market.as_of), f"newest {format_date(view.whole.as_of)}"),
        ("Sessions", f"{len(market.total_return):,}", f"since {format_date(market.first_session)}"),
        (
            "Series",
            f"{len(rows)} sectors",
            f"{len(market.benchmarks)} benchmarks; " + (f"{ended} ended" if ended else "none has ended"),
        ),
    )


def _findings(view: View) -> str:
    if not view.market.findings:
        return f'<p class="head-line">{badge("Nothing", "good")}<span class="quiet">All series are complete.</span></p>'
    lines = "".join(
        f"<li><b>{escape(finding.subject)}</b> {escape(finding.sentence)}</li>"
        for finding in view.market.findings
    )
    return f'<ul class="plain-list">{lines}</ul>'


def _universe(rows: tuple[SeriesRow, ...]) -> str:
    body = "".join(
        f"<tr><td><b>{escape(row.sector.name)}</b></td><td>{escape(row.sector.index_name)}</td><td>{_funds(row)}</td>"
        f'<td class="num">{"–" if row.first is None else escape(format_date(row.first))}</td>'
        f'<td class="num">{row.closes:,d}</td><td>{_state(row)}</td></tr>'
        for row in rows
    )
    return (
        '<div class="compared universe"><table class="figures"><thead><tr><th>Sector</th><th>Index</th>'
        '<th>Funds on NSE, the main one first</th><th class="num">First close</th><th class="num">Closes</th>'
        f"<th>State</th></tr></thead><tbody>{body}</tbody></table></div>"
        '<p class="small quiet">The signal is computed on the index; the fund is shown as the vehicle. Funds are '
        "kept by ISIN, because symbols get renamed, in a list kept by hand, because the exchange's own list names "
        "wrong indices for some.</p>"
    )


def _funds(row: SeriesRow) -> str:
    if not row.sector.funds:
        return '<span class="quiet">Index only</span>'
    main, *others = row.sector.funds
    more = f" {escape(', '.join(fund.symbol for fund in others))}" if others else ""
    ended = "".join(
        f'<small class="formula-text">{escape(symbol)}: no data since {escape(format_date(day))}</small>'
        for symbol, day in row.ended_funds.items()
    )
    return f'<b>{escape(main.symbol)}</b>{more}<small class="formula-text">{escape(_identity(main))}</small>{ended}'


def _identity(fund: Fund) -> str:
    listed = "" if fund.listed is None else f", listed {format_date(fund.listed)}"
    return f"{fund.isin or 'ISIN not known'}{listed}"


def _state(row: SeriesRow) -> str:
    if row.first is None:
        return badge("No price", "warn")
    if row.no_data_since is not None:
        return badge(f"No data since {format_date(row.no_data_since)}", "warn")
    return badge(f"{row.missing} missing", "warn") if row.missing else badge("Complete", "good")


def _gates() -> str:
    return (
        '<dl class="gates">'
        + "".join(
            f"<div><dt>{escape(gate.name)}</dt><dd>{escape(gate.rule)}<span>{escape(gate.then)}</span></dd></div>"
            for gate in gates_in_words()
        )
        + "</dl>"
    )


def _terms(view: View) -> str:
    settings = view.services.settings
    lag = settings.data_lag_sessions
    registration = (
        f"SEBI registration {settings.sebi_registration}."
        if settings.sebi_registration
        else "No SEBI registration number is entered for this installation; where there is one, it stands here and in "
        "the foot of every page."
    )
    rows = (
        (
            "Lag",
            f"Pages, downloads and mails leave out the newest {lag} session{'' if lag == 1 else 's'}. One loader does "
            "it for all of them."
            if lag
            else "None is set: pages show the newest close there is. Where a licence or the law asks for one, one "
            "loader leaves the newest sessions out everywhere.",
        ),
        (
            "Licence",
            "Closes of an exchange and of its indices may be shown to subscribers under a licence of their owner only. "
            "Until there is one, the demo is shown.",
        ),
        (
            "Names",
            "NIFTY and the names of indices are trademarks of their owners, and so are the names of funds. This "
            "product is not connected with NSE or with any fund house.",
        ),
        (
            "Late data",
            f"When the newest close is more than {LATE_AFTER.days} days old, no report is mailed and the reason is "
            "kept.",
        ),
        ("Not advice", NOT_ADVICE),
        ("Regulator", registration),
    )
    return (
        '<dl class="gates">'
        + "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(what)}</dd></div>" for name, what in rows)
        + "</dl>"
    )
