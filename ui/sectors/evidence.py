"""Evidence: what following a measure would have made, beside what chance made. Drawn from `sectors.evidence`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from analyzer.market import Market
from domain.accounts import User
from sectors.evidence import (
    BAND_PARTS,
    COSTS_PCT,
    HIGH,
    LOW,
    RUNS,
    SIGNALS,
    TOPS,
    Chance,
    Evidence,
    Question,
    SignalLine,
    chance,
    chance_part,
    evidence,
    has_enough,
    signal_line,
)
from sectors.evidence_words import (
    SIGNAL_COLUMNS,
    WHAT_IS_NOT_IN_IT,
    compared,
    period_rows,
    rule_name,
    sentences,
    signal_rows,
)
from sectors.studies import SIGNALS_STUDY
from ui.components import empty_state, tiles
from ui.sectors import charts
from ui.sectors.charts import AHEAD, BEHIND, QUIET, finish, time_axis
from ui.sectors.download import download
from ui.sectors.explained import help_of, how_link, study_note
from ui.sectors.frame import View, render_view
from wiring import Services

if TYPE_CHECKING:
    from ui.sectors.charts import Chart

_USUAL = Question()
# A curve of every fifth session looks the same and is a fifth of the bytes.
_DRAWN_EVERY = 5
# Where a logarithmic scale has lines.
_MARKS = (10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 10_000)
_HELD_COLOURS = (AHEAD, BEHIND, "#5B6EE1")


def render(services: Services, user: User | None) -> None:
    """The page /evidence."""
    render_view(services, user, "evidence", "Evidence", _draw)


def _draw(view: View) -> None:
    market = view.market
    if not has_enough(market):
        empty_state(
            "Not enough history", "A backtest needs at least three years of prices before this close."
        )
        return
    question = _question()
    key = (view.benchmark, market.version, market.as_of)
    found = _evidence(market, question, *key)
    lines = tuple(
        _line(market, Question(signal, question.top, question.cost_pct), *key) for signal in SIGNALS
    )
    by_lot = _chance(market, question)
    said = sentences(found, by_lot, lines, is_demo=market.is_demo)
    st.html('<ul class="says">' + "".join(f"<li>{escape(sentence)}</li>" for sentence in said) + "</ul>")
    st.html(study_note(SIGNALS_STUDY))
    st.html(tiles((one.name, one.growth, f"a year; {one.note}") for one in compared(found, by_lot)))
    with st.container(key="card-evidence-curves"):
        st.subheader("What 100 became", anchor=False)
        st.html(
            f'<p class="chart-note">Chosen at each month\'s last close, filled at the next close, '
            f"{question.cost_pct:g} % a side. The band holds {HIGH - LOW:d} % of {RUNS:d} portfolios drawn by lot "
            f"under the same rules. Logarithmic. {how_link(view, 'backtest')}</p>"
        )
        st.html(charts.legend((*_held(found).values(), "Drawn by lot"), (*_HELD_COLOURS, QUIET)))
        charts.show(
            "evidence-curves",
            (*view.kept_by, question),
            lambda: _curves(found, by_lot),
            alt="Growth of the rule and of what it is compared with",
        )
    left, right = st.columns([1.3, 0.7], gap="small")
    with left, st.container(key="card-evidence-signals", height="stretch"):
        st.subheader("All signals under the same rules", anchor=False)
        st.html(_signals(lines, question))
        st.html(
            f'<p class="chart-note">Rank IC: {escape(help_of("rank-ic"))} t is its mean over its standard error; '
            f"about 2 is notable, once, not eleven times. {how_link(view, 'rank-ic')}</p>"
        )
        download(view, csv_table(lines, question), "evidence-signals", "Download all signals as CSV")
    with right, st.container(key="card-evidence-periods", height="stretch"):
        st.subheader("In three parts of the time", anchor=False)
        st.html(_periods(found))
        st.html(
            '<p class="chart-note">Growth, % a year. A rule that works does so in more than one part.</p>'
        )
    st.html(f'<p class="small quiet">{escape(WHAT_IS_NOT_IN_IT)}</p>')


def _question() -> Question:
    """The reader's choice; it stands in the address, and what is not among the options there is not taken."""
    with st.container(key="evidence-question", horizontal=True, vertical_alignment="bottom", gap="small"):
        signal = st.selectbox(
            "Signal",
            list(SIGNALS),
            index=list(SIGNALS).index(_USUAL.signal),
            key="signal",
            bind="query-params",
            width=200,
        )
        top = st.selectbox(
            "Sectors held", TOPS, index=TOPS.index(_USUAL.top), key="top", bind="query-params", width=130
        )
        cost = st.selectbox(
            "Cost a side, %",
            COSTS_PCT,
            index=COSTS_PCT.index(_USUAL.cost_pct),
            key="cost",
            bind="query-params",
            width=130,
        )
    return Question(signal or _USUAL.signal, top or _USUAL.top, _USUAL.cost_pct if cost is None else cost)


@st.cache_data(max_entries=64, show_spinner=False)
def _evidence(_market: Market, question: Question, benchmark: str, version: str, as_of: date) -> Evidence:
    return evidence(_market, benchmark, question)


@st.cache_data(max_entries=512, show_spinner=False)
def _line(_market: Market, question: Question, benchmark: str, version: str, as_of: date) -> SignalLine:
    return signal_line(_market, benchmark, question)


@st.cache_data(max_entries=320, show_spinner=False)
def _chance_part(
    _market: Market, top: int, cost_pct: float, part: int, version: str, as_of: date
) -> pd.DataFrame:
    return chance_part(_market, Question(top=top, cost_pct=cost_pct), part)


def _chance(market: Market, question: Question) -> Chance:
    """The band, with a bar while it is drawn. It is the same for every signal."""
    place = st.empty()
    parts = []
    for part in range(BAND_PARTS):
        place.progress(part / BAND_PARTS, text=f"Drawing {RUNS} portfolios by lot")
        parts.append(
            _chance_part(market, question.top, question.cost_pct, part, market.version, market.as_of)
        )
    place.empty()
    return chance(parts)


def _held(found: Evidence) -> dict[str, str]:
    """What is compared, by its column among the curves."""
    return {"followed": rule_name(found), "equal": "All in equal parts", "benchmark": found.benchmark}


def _curves(found: Evidence, by_lot: Chance) -> Chart:
    import altair as alt

    names = _held(found)
    rows = (100 * found.curves.iloc[::-_DRAWN_EVERY].iloc[::-1]).round(1).rename(columns=names)
    long = rows.rename_axis("session").reset_index().melt("session", var_name="name", value_name="value")
    band = (100 * by_lot.curves).round(1).rename_axis("session").reset_index()
    least = 0.97 * min(rows.min(axis=None), band["low"].min())
    most = 1.03 * max(rows.max(axis=None), band["high"].max())
    scale = alt.Scale(type="log", domain=[least, most], nice=False)
    marks = [value for value in _MARKS if least <= value <= most]
    value_axis = alt.Y("value:Q", title=None, scale=scale, axis=alt.Axis(values=marks, format="d"))
    lines = (
        alt.Chart(long)
        .mark_line(strokeWidth=2)
        .encode(
            x=time_axis(rows.index),
            y=value_axis,
            color=charts.colour("name", tuple(names.values()), _HELD_COLOURS),
            tooltip=[
                alt.Tooltip("session:T", title="Session", format="%d %b %Y"),
                alt.Tooltip("name:N", title="Held"),
                alt.Tooltip("value:Q", title="100 became", format=".1f"),
            ],
        )
    )
    shade = (
        alt.Chart(band)
        .mark_area(opacity=0.22, color=QUIET)
        .encode(x="session:T", y=alt.Y("low:Q", scale=scale), y2="high:Q")
    )
    return finish(alt.layer(shade, lines), 360)


def _signals(lines: tuple[SignalLine, ...], question: Question) -> str:
    return _table(
        "compared",
        ("Signal", *SIGNAL_COLUMNS),
        [(name, cells, name == question.signal) for name, cells in signal_rows(lines)],
    )


def csv_table(lines: Sequence[SignalLine], question: Question) -> pd.DataFrame:
    """Each signal's figures with the question they answer, the fastest growth first."""
    rows = [
        {
            "Signal": line.signal, "Sectors held": question.top, "Cost a side, %": question.cost_pct,
            "Growth a year, %": line.found.cagr_pct, "Deepest fall, %": line.found.max_drawdown_pct,
            "Turnover a year": line.turnover_a_year, "Rank IC": line.ic, "t": line.t,
        }
        for line in sorted(lines, key=lambda line: -line.found.cagr_pct)
    ]  # fmt: skip
    return pd.DataFrame(rows).set_index("Signal")


def _periods(found: Evidence) -> str:
    # A line may end between the two dates, and not inside one.
    rows = [
        (name.replace(" ", "\N{NO-BREAK SPACE}").replace("to\N{NO-BREAK SPACE}", "to "), cells, False)
        for name, cells in period_rows(found)
    ]
    return _table("compared narrow", ("", "rule", "equal", found.benchmark), rows)


def _table(style: str, head: Sequence[str], rows: Sequence[tuple[str, tuple[str, ...], bool]]) -> str:
    names = "".join(f'<th class="num">{escape(name)}</th>' for name in head[1:])
    lines = "".join(
        f'<tr class="{"picked" if is_picked else ""}"><td>{escape(name)}</td>'
        + "".join(f'<td class="num">{escape(cell)}</td>' for cell in cells)
        + "</tr>"
        for name, cells, is_picked in rows
    )
    first = f"<th>{escape(head[0])}</th>"
    return f'<div class="{style}"><table class="figures"><tr>{first}{names}</tr>{lines}</table></div>'
