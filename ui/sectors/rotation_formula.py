"""The "Formula" drawer of the Rotation Map: the definition, its live comparison with copied ones, what followed."""

from __future__ import annotations

import math
from datetime import date
from html import escape

import streamlit as st

from analyzer.market import Market
from analyzer.registry import formula
from analyzer.rotation_variants import Variant
from domain.wording import format_signed
from sectors.rotation_formula import AHEAD_WEEKS, Compared, WhatFollowed, compare_definitions, what_followed
from sectors.studies import MAP_STUDY
from ui.sectors.explained import how_link, set_formula, study_note
from ui.sectors.frame import View


def formula_drawer(view: View) -> None:
    """Closed until asked for. Its figures are of the market and benchmark on the page."""
    with st.expander("Formula, and why this map is quiet"):
        market = view.market
        compared, followed = _figures(market, view.benchmark, market.version, market.as_of)
        st.html(
            '<div class="rs-body small"><p>Weekly closes; R = sector ÷ benchmark. The trend of relative strength is '
            "the distance of a fast from a slow average of ln R, its momentum the distance of that trend from its own "
            "average. Each is divided by its own usual size over the past year, so one unit means the same for a quiet "
            "sector and a wild one. A finished week never moves again: no later price changes what the map "
            f"showed. {how_link(view, 'map', 'Definition, look-back and trap')}</p></div>"
            + _table(compared)
            + f'<div class="rs-body small">{_said(compared)}'
            "<p><b>The quadrant is not a signal.</b> "
            f"{escape(followed_sentence(followed, is_demo=market.is_demo))}</p></div>" + study_note(MAP_STUDY)
        )


@st.cache_data(max_entries=16, show_spinner=False)
def _figures(
    _market: Market, benchmark: str, version: str, as_of: date
) -> tuple[tuple[Compared, ...], WhatFollowed]:
    return compare_definitions(_market, benchmark), what_followed(_market, benchmark)


def _table(compared: tuple[Compared, ...]) -> str:
    head = "".join(
        f'<th class="num">{name}</th>'
        for name in ("changes a year", "clockwise", "diagonal", "same quadrant as ours")
    )
    rows = "".join(
        f"<tr><td><b>{escape(line.variant.letter)}</b> {escape(line.variant.name)}"
        f'<small class="formula-text">{_formula(line.variant)}</small></td>'
        f'<td class="num">{_number(line.found.changes_a_year, 1)}</td>'
        f'<td class="num">{_number(line.found.clockwise_pct, 0, " %")}</td>'
        f'<td class="num">{_number(line.found.diagonal_pct, 0, " %")}</td>'
        f'<td class="num">{_number(line.agreement_pct, 0, " %")}</td></tr>'
        for line in compared
    )
    return (
        f'<div class="compared"><table class="figures"><tr><th>Definition</th>{head}</tr>{rows}</table></div>'
    )


def _number(value: float, decimals: int, unit: str = "") -> str:
    return "–" if math.isnan(value) else f"{value:.{decimals}f}{unit}"


def _formula(variant: Variant) -> str:
    # Ours is written once, in the registry.
    if variant.letter == "F":
        return "<br>".join(set_formula(line) for line in formula("map").lines)
    return escape(variant.formula)


def _said(compared: tuple[Compared, ...]) -> str:
    by_letter = {line.variant.letter: line.found.changes_a_year for line in compared}
    copied, ours = by_letter["A"], by_letter["F"]
    if math.isnan(copied) or math.isnan(ours):
        sentence = (
            "There is not enough history to count changes: the first two years of the map are left out."
        )
    elif ours == 0 < copied:
        sentence = (
            f"On these prices ours changed no quadrant, the most copied definition {copied:.1f} times a year."
        )
    elif copied > ours:
        times = copied / ours
        sentence = (
            f"The most copied definition changes quadrant {times:.1f} times as often as ours on these prices."
        )
    else:
        sentence = "On these prices ours is not quieter than the most copied definition."
    return (
        f"<p>{sentence} Changes are counted per sector; clockwise and diagonal are shares of them. A sector that jumps "
        "across the diagonal, or back and forth, tells little.</p>"
    )


def followed_sentence(followed: WhatFollowed, *, is_demo: bool) -> str:
    """What the sectors did after being leading or lagging, as one or two sentences that follow the figures."""
    if not followed.periods > 1:
        return "There is not enough history to see what followed."
    figure = (
        f"{format_signed(followed.difference_pct, 2)} points a period, t = {format_signed(followed.t, 1)}"
    )
    if followed.is_notable:
        side = "ahead of" if followed.difference_pct > 0 else "behind"
        sentence = (
            f"Over {followed.periods} periods of {AHEAD_WEEKS} weeks the leading sectors then ran {side} the lagging "
            f"ones ({figure}): a figure of this past, which no later period has to repeat."
        )
    else:
        sentence = (
            f"Over {followed.periods} periods of {AHEAD_WEEKS} weeks the difference that followed between leading and "
            f"lagging sectors cannot be told from chance ({figure})."
        )
    if is_demo:
        sentence += (
            " These prices are invented, with waves of leadership in them: no evidence about a market."
        )
    return sentence
