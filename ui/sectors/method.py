"""Method & data: every formula, the rules that all follow, figures to check by hand, the data behind, the versions.

What it says stands in `analyzer.registry` and `sectors.method`; each part and each formula has an address.
"""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

import streamlit as st

from analyzer.registry import CONVENTIONS, FORMULAS, Formula
from domain.accounts import User
from domain.views import VIEWS
from domain.wording import format_signed
from sectors.method import extremes
from ui.components import notice
from ui.sectors.explained import FORMULA, set_formula
from ui.sectors.frame import View, render_view
from ui.sectors.method_check import draw_check
from ui.sectors.method_data import draw_data, draw_versions
from wiring import Services

# The name in the address, and what it may say.
PART = "part"
_FORMULAS, _RULES, _CHECK, _DATA, _VERSIONS = PARTS = (
    "Formulas",
    "Conventions",
    "Check it",
    "Data",
    "Versions",
)

_LETTERS = (
    ("P_t", "the sector's close at session t"),
    ("B_t", "the benchmark's close"),
    ("R", "P / B, the relative-strength line"),
    ("g_n", "P_t / P_{t−n}, growth over n sessions"),
    ("SMA_n", "simple mean of the last n"),
    ("EMA_n", "exponential mean, weight 2 / (n + 1)"),
)
# How the columns of one formula are told apart, and with how many decimals and which unit they are read.
_COLUMNS = {
    "rs21_pct": ("RS 21", 1, " %"),
    "rs55_pct": ("RS 55", 1, " %"),
    "rs123_pct": ("RS 123", 1, " %"),
    "rs252_pct": ("RS 252", 1, " %"),
    "mansfield200d": ("200 sessions", 1, " %"),
    "mansfield52w": ("52 weeks", 1, " %"),
    "ibd_raw": ("score", 1, " %"),
    "rs_rating_1_99": ("rating", 0, ""),
    "nse_nms": ("score", 2, ""),
    "rot_x": ("x", 2, ""),
    "rot_y": ("y", 2, ""),
    "clenow90_pct": ("momentum", 1, " %"),
}

Extremes = dict[str, tuple[tuple[str, float], tuple[str, float]]]


def render(services: Services, user: User | None) -> None:
    """The page /method."""
    render_view(services, user, "method", "Method & data", _draw)


def _draw(view: View) -> None:
    part = st.segmented_control(
        "Part",
        PARTS,
        default=_FORMULAS,
        required=True,
        key=PART,
        bind="query-params",
        label_visibility="collapsed",
    )
    if part == _RULES:
        st.html(_conventions())
    elif part == _CHECK:
        draw_check(view)
    elif part == _DATA:
        draw_data(view)
    elif part == _VERSIONS:
        draw_versions(view)
    else:
        _formulas(view)


def _formulas(view: View) -> None:
    asked = st.query_params.get(FORMULA)
    chosen = next((entry for entry in FORMULAS if entry.key == asked), None)
    if asked is not None and chosen is None:
        notice("There is no figure of that name in the address. All of them are below.", "warn")
    found = dict(extremes(view.market, view.benchmark))
    letters = "".join(
        f"<div><dt>{set_formula(name)}</dt><dd>{set_formula(what)}</dd></div>" for name, what in _LETTERS
    )
    first = "" if chosen is None else _entry(view, chosen, found, is_chosen=True)
    index = "".join(f'<a href="#{escape(entry.key)}">{escape(entry.name)}</a>' for entry in FORMULAS)
    entries = "".join(_entry(view, entry, found) for entry in FORMULAS if entry is not chosen)
    st.html(
        f'<div class="formulas"><nav aria-label="All figures">{index}</nav><div>{first}'
        f'<dl class="letters">{letters}</dl>{entries}</div></div>'
    )


def _entry(view: View, entry: Formula, found: Extremes, *, is_chosen: bool = False) -> str:
    lines = "".join(f"<p>{set_formula(line)}</p>" for line in entry.lines)
    rows = (
        ("Unit", escape(entry.unit)),
        ("Look-back", escape(entry.look_back)),
        ("Shown on", _pages(view, entry.shown_on)),
        ("Source", escape(entry.source)),
        ("Trap", escape(entry.trap)),
    )
    facts = "".join(
        f'<div class="{name.lower()}"><dt>{name}</dt><dd>{what}</dd></div>' for name, what in rows
    )
    address = "/method?" + urlencode({FORMULA: entry.key, **view.query})
    return (
        f'<article id="{escape(entry.key)}" class="{"chosen" if is_chosen else ""}"><header><h3>{escape(entry.name)}'
        f"</h3><b>{set_formula(entry.symbol)}</b>"
        f'<a href="{escape(address)}" target="_self" aria-label="Address of {escape(entry.name)}">Link</a></header>'
        f'<p class="short">{escape(entry.short)}</p><div class="top"><div class="lines">{lines}</div>'
        f"{_now(entry, found)}</div><dl>{facts}</dl></article>"
    )


def _pages(view: View, paths: tuple[str, ...]) -> str:
    if not paths:
        return "No page: computed and tested, for whoever asks the engine."
    query = f"?{urlencode(view.query)}" if view.query else ""
    return ", ".join(
        f'<a href="{escape(f"/{path}{query}")}" target="_self">{escape(VIEWS[path])}</a>' for path in paths
    )


def _now(entry: Formula, found: Extremes) -> str:
    """The figure as it is at the close: who is at its two ends."""
    rows = "".join(
        f"<tr><th>{escape(_COLUMNS[column][0])}</th><td>{_end(column, found[column][0])}</td>"
        f"<td>{_end(column, found[column][1])}</td></tr>"
        for column in entry.needs
        if column in found
    )
    if not rows:
        return ""
    return (
        '<table class="now figures"><thead><tr><th>At this close</th><th>highest</th><th>lowest</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _end(column: str, end: tuple[str, float]) -> str:
    name, value = end
    _, decimals, unit = _COLUMNS[column]
    shown = format_signed(value, decimals) if unit else f"{value:.{decimals}f}"
    return f"<b>{escape(shown)}{escape(unit)}</b> {escape(name)}"


def _conventions() -> str:
    rules = "".join(
        f"<li><h3>{escape(title)}</h3><p>{escape(sentence)}</p></li>" for title, sentence in CONVENTIONS
    )
    return f'<ol class="rules">{rules}</ol>'
