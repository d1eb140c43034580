"""What every figure of the product is: its formula, unit, look-back, source and trap, once for pages, help and tests.

`analyzer` computes, this table says what it computes. A formula is written in a small notation of its own: `P_t` and
`P_{t−n}` set an index below, `e^{250 b}` above, `[[a|b]]` is a over b, and three spaces part what may stand on lines
of its own. P is an instrument's close, B the benchmark's, R = P / B; t is the session or week that is looked at. A
change of any of them is a line of `CHANGES`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

# Between the parts of a line.
PART = "   "
_NOTHING: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Formula:
    """One figure. `short` says in a sentence what it is: help texts are made of it.

    `needs` has the columns of `analyzer.snapshot` and `analyzer.history` that it explains, with the number of closes
    (weekly closes for weekly columns) that a value needs. `shown_on` are addresses of pages.
    """

    key: str
    name: str
    symbol: str
    short: str
    lines: tuple[str, ...]
    unit: str
    look_back: str
    shown_on: tuple[str, ...]
    source: str
    trap: str
    needs: Mapping[str, int] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class Change:
    """What a version of the method changed in the figures, for somebody who compares with older ones."""

    version: str
    day: date
    what: str


def plain(line: str) -> str:
    """A line of a formula as text without notation: `(P_t / P_{t−n}) / (B_t / B_{t−n}) − 1`."""
    return re.sub(r"\[\[(.+?)\|(.+?)\]\]", r"(\1) / (\2)", line).replace(PART, "; ")


FORMULAS: tuple[Formula, ...] = (
    Formula(
        "rs", "Relative strength", "RS n",
        "The sector's growth divided by the benchmark's growth over n sessions, less 1. Above zero it was ahead.",
        ("RS_n = [[P_t / P_{t−n}|B_t / B_{t−n}]] − 1 = [[R_t|R_{t−n}]] − 1",),
        "%", "n sessions: 21, 55, 123 or 252. RS 55 orders the sectors.",
        ("dashboard", "sector", "ranks", "breadth", "evidence", "watchlist", "alerts"),
        "The scripts in common use in India; 55 sessions is their usual window.",
        "Some descriptions divide one percentage change by the other. That explodes when the benchmark stands still "
        "and turns round when it falls. Growth factors do neither.",
        {"rs21_pct": 22, "rs55_pct": 56, "rs123_pct": 124, "rs252_pct": 253},
    ),
    Formula(
        "line", "Relative-strength line", "R",
        "The sector's close divided by the benchmark's. Rising means gaining on the benchmark.",
        ("R_t = [[P_t|B_t]]", "drawn as 100 · R_t / R_{first}"),
        "100 at the first session drawn", "None: each session by itself.",
        ("dashboard", "sector", "rotation-map", "watchlist"),
        "The price relative of the technical literature.",
        "Its level says nothing, only its changes do: where it starts is a choice.",
    ),
    Formula(
        "rank", "Place, and places moved", "№",
        "Order by RS 55, strongest first. Places moved compare with the last session one or four weeks before.",
        ("place = 1 + number of sectors with a higher RS 55", "moved = place then − place now"),
        "places; + is a climb", "RS 55 at three closes: now, 7 and 28 days before.",
        ("dashboard", "ranks", "sector", "watchlist", "alerts"),
        "Ours.",
        "Near the middle many sectors lie close together: there a move of five places can be a fraction of a per cent.",
    ),
    Formula(
        "rating", "Rating", "1–99",
        "The sector's place by the IBD-style score, stretched to 1 (weakest) to 99 (strongest).",
        ("rating = 1 + 98 · [[rank − 1|N − 1]]",),
        "1 to 99, rounded", "252 sessions.",
        ("dashboard", "ranks", "sector", "watchlist", "alerts"),
        "Ours, for universes of a few dozen. Equal scores share the average rank; the weakest has rank 1.",
        "With N sectors a step is 98 / (N − 1): a difference smaller than that is one place. It is relative to the "
        "sectors shown, and 99 in a falling market is a sector that fell less.",
        {"rs_rating_1_99": 253},
    ),
    Formula(
        "ibd", "IBD-style score", "IBD",
        "Weighted growth over four quarters, the last counted double, against the benchmark's.",
        (
            "1 + S = 0.4 g_{63} + 0.2 g_{126} + 0.2 g_{189} + 0.2 g_{252}   with g_n = P_t / P_{t−n}",
            "score = [[1 + S_P|1 + S_B]] − 1",
        ),
        "%", "252 sessions, in quarters of 63.",
        ("evidence",),
        "Open rankings in the style of Investor's Business Daily. The ones in the quotient are ours.",
        "Without the ones the quotient changes its sign when the benchmark falls, and has no bounds when it is flat.",
        {"ibd_raw": 253},
    ),
    Formula(
        "mansfield", "Mansfield line", "MRS",
        "Distance of the relative-strength line from its own average of 200 sessions.",
        ("MRS = [[R_t|SMA_n(R)]] − 1",),
        "%", "n = 200 sessions, or 52 weeks (weekly closes; computed, on no page).",
        ("dashboard", "sector", "evidence"),
        "S. Weinstein's zero-line form of the Mansfield charts.",
        "A cross above zero while the average still falls fails often: the page Sector colours the slope of the "
        "average.",
        {"mansfield200d": 200, "mansfield52w": 52},
    ),
    Formula(
        "momentum-score", "Momentum score", "NMS",
        "Growth over 12 and 6 months for the risk taken, compared with the other sectors. 1 is the average.",
        (
            "m_{12} = [[g_{252} − 1|σ]]   m_6 = [[g_{126} − 1|σ]]   Z = ½ (z(m_{12}) + z(m_6))",
            "score = 1 + Z, or 1 / (1 − Z) where Z is below zero",
        ),
        "1 is average, always above 0", "252 sessions; σ is a year's deviation of daily log returns, annualised.",
        ("dashboard", "evidence"),
        "The published method of the Nifty200 Momentum 30 index; its last step is known to us from secondary sources.",
        "The benchmark plays no part. z is taken over the sectors shown: another list gives another score.",
        {"nse_nms": 253},
    ),
    Formula(
        "map", "Rotation Map", "x, y",
        "x: trend of relative strength. y: momentum of that trend. Both around 100, in units of their own usual size.",
        (
            "p = EMA_{10}(ln R) − EMA_{30}(ln R)   h = p − EMA_9(p)",
            "x = 100 + [[p|rms(p)]]   y = 100 + [[h|rms(h)]]",
        ),
        "around 100", "Weekly closes; rms is the root of a weighted mean of squares, half-life 52 weeks, at least 52.",
        ("rotation-map", "dashboard", "breadth", "alerts"),
        "Ours. It is no copy of any vendor's chart.",
        "A picture of what has been: no reliable difference followed the quadrants. The current week is provisional "
        "until the next one begins.",
        {"rot_x": 52, "rot_y": 52},
    ),
    Formula(
        "quadrant", "Quadrant, and weeks in it", "◔",
        "Where a sector stands on the Rotation Map, and for how many weeks in a row.",
        (
            "leading: x ≥ 100, y ≥ 100   weakening: x ≥ 100, y < 100",
            "lagging: x < 100, y < 100   improving: x < 100, y ≥ 100",
        ),
        "name; weeks", "As the Rotation Map.",
        ("dashboard", "rotation-map", "sector", "breadth", "watchlist", "alerts"),
        "Ours.",
        "Near the centre a small move changes the name. Alerts wait until a change has held for two weeks.",
    ),
    Formula(
        "clenow", "Clenow momentum", "C_{90}",
        "Annualised slope of the log price over 90 sessions, times how straight the line was.",
        ("(e^{250 b} − 1) · r^2   with b the least-squares slope of ln P",),
        "%", "90 sessions.", ("evidence",),
        "A. Clenow, Stocks on the Move. 250 sessions a year, as there.",
        "The benchmark plays no part: in a falling market every value can be negative.",
        {"clenow90_pct": 90},
    ),
    Formula(
        "faber", "Faber mean", "F",
        "Mean growth over 1, 3, 6, 9 and 12 months of 21 sessions.",
        ("[[g_{21} + g_{63} + g_{126} + g_{189} + g_{252}|5]] − 1",),
        "%", "252 sessions.", ("evidence",),
        "M. Faber's sector rotation.",
        "His filter on the market's own average is not part of this figure.",
        {"faber_pct": 253},
    ),
    Formula(
        "momentum-12-1", "12-1 momentum", "12−1",
        "Growth over twelve months without the last one.",
        ("[[P_{t−21}|P_{t−252}]] − 1",),
        "%", "252 sessions, the last 21 left out.", ("evidence",),
        "The academic convention.",
        "It knows nothing of the last month, by design.",
        {"momentum_12_1_pct": 253},
    ),
    Formula(
        "dual", "Dual momentum", "DM",
        "Twelve-month growth of the sectors that beat the riskless return; the others have none.",
        ("g_{252} − 1 where it is above the riskless return of the year",),
        "%", "252 sessions.", (),
        "G. Antonacci. The riskless return is zero unless given.",
        "A missing value means: below the riskless return, or too little history.",
        {"dual_momentum_pct": 253},
    ),
    Formula(
        "rsmk", "RSMK", "RSMK",
        "Smoothed log change of the relative-strength line over 90 sessions.",
        ("100 · EMA_3(ln R_t − ln R_{t−90})",),
        "log × 100", "90 sessions, smoothed over 3.", (),
        "M. Katsanos, Technical Analysis of Stocks & Commodities, March 2020.",
        "Log points, not per cent: for large moves the two differ.",
        {"rsmk": 91},
    ),
    Formula(
        "returns", "Growth over a span", "1D … 3Y",
        "Close over the close of the same day in an earlier week, month or year. Relative: over the benchmark's.",
        ("[[P_t|P_{begin}]] − 1   relative: [[P_t / P_{begin}|B_t / B_{begin}]] − 1",),
        "%", "By the calendar, to the last session by then; 1D is one session. 3Y is the whole growth, not a year's.",
        ("returns",), "Convention.",
        "Total return and price give different figures: the page says which it shows, and never mixes them.",
    ),
    Formula(
        "breadth", "Breadth", "%",
        "Share of the sectors above their own 200-session average, with a line above its own, or with RS 55 above 0.",
        ("[[sectors for which it is so|sectors for which it can be told]]",),
        "% of sectors", "200 sessions, 200 sessions, 55 sessions.", ("breadth", "dashboard", "alerts"),
        "Convention.",
        "Sectors overlap: banks are part of several. A share is of the sectors shown, not of the market.",
    ),
    Formula(
        "dispersion", "Spread", "Q_3 − Q_1",
        "The RS 55 that a quarter of the sectors exceed, less the RS 55 that three quarters exceed.",
        ("Q_3(RS_{55}) − Q_1(RS_{55})",),
        "percentage points", "55 sessions.", ("breadth",), "The interquartile range.",
        "It says how far apart sectors are, not which way they go.",
    ),
    Formula(
        "drawdown", "Fall from the high", "DD",
        "Distance of the close from the highest close so far.",
        ("[[P_t|max(P_1 … P_t)]] − 1",),
        "%", "All sessions there are.", ("sector", "evidence"), "Convention.",
        "Closes only: within a day it was deeper.",
    ),
    Formula(
        "new-high", "New-high dot", "●",
        "A 52-week high of the relative-strength line on a day when the price has none.",
        ("R_t = max(R_{t−251} … R_t)   and   P_t < max(P_{t−251} … P_t)",),
        "yes or no", "252 sessions.", ("sector",), "The relative-strength high of the technical literature.",
        "In a falling market it only says that the benchmark fell more.",
    ),
    Formula(
        "correlation", "Moves with the benchmark", "ρ",
        "Correlation of the daily log returns of sector and benchmark over 63 sessions.",
        ("ρ = corr(Δ ln P, Δ ln B)",),
        "−1 to 1", "63 sessions.", ("sector",), "Convention.",
        "Most sectors are part of the benchmark: some of it is the sector moving with itself.",
    ),
    Formula(
        "fund", "Fund against index", "Δ, TE",
        "Gap: the fund's growth a year less the index's. Tracking error: yearly deviation of the daily differences.",
        ("gap = (growth a year of the fund) − (growth a year of the index)", "TE = sd(r_{fund} − r_{index}) · √252"),
        "points a year; % a year", "Up to three years; none under half a year.", ("sector",), "Convention.",
        "Much of the tracking error is noise: the fund's last trade and the index's close are not of the same minute.",
    ),
    Formula(
        "liquidity", "Trades", "₹",
        "Median turnover of the main fund over 63 sessions: thin below ₹50 lakh a session, deep from ₹5 crore.",
        ("median of 63 sessions",),
        "rupees a session", "63 sessions.", ("dashboard", "sector"), "Ours.",
        "Turnover on the exchange only: units can also be made and redeemed at the fund house.",
    ),
    Formula(
        "backtest", "Top-N rule", "N",
        "What holding the N strongest would have made: chosen at a month's last close, filled at the next, at cost.",
        ("equal parts; weights drift between signals; every side of a trade costs the same share",),
        "% a year, by calendar days", "As the signal, after a warm-up of 253 sessions.", ("evidence",),
        "Ours. The band: the same rules with sectors drawn by lot, 300 times.",
        "No tax and no liquidity; histories of indices were in part computed backwards. Filling at the signal's own "
        "close, as many tables do, cannot be had.",
    ),
    Formula(
        "rank-ic", "Rank IC and its t", "IC, t",
        "Correlation of the order at the signal with the order of the growth that followed, one a month.",
        ("IC = mean of corr(rank now, rank of the next month's growth)   t = [[IC|sd / √months]]",),
        "−1 to 1; t in standard errors", "One month ahead, all months.", ("evidence",),
        "C. Spearman's rank correlation.",
        "A t of 2 is notable once. Of eleven independent signals without any skill, one or more would pass it in four "
        "cases of ten.",
    ),
)  # fmt: skip

# Title and sentence of each rule that all figures follow.
CONVENTIONS: tuple[tuple[str, str], ...] = (
    (
        "Nothing repaints",
        "A value depends on its own session and earlier ones only, to the last bit. Only the current week of a weekly "
        "figure is provisional, until the next week begins. That is why any past close can be shown as it was known "
        "then.",
    ),
    (
        "Like with like",
        "Total return is compared with total return, price with price, never across. Between the two lie the "
        "dividends: one to two per cent a year, more than many differences between sectors.",
    ),
    (
        "Sessions are those that there were",
        "No calendar is assumed: weekends and evenings with a session count. A look-back of 55 is 55 sessions, not "
        "days.",
    ),
    (
        "A week is Saturday to Friday",
        "It is shown by its last session, whichever weekday that is. A week that is not over counts as far as it has "
        "got, and says so.",
    ),
    (
        "Nothing is filled",
        "A price that is missing, zero, negative or infinite is missing, and a window that contains it has no value. "
        "Stored prices carry one close over one missing session, never two.",
    ),
    (
        "Exponential averages",
        "Weight 2 / (n + 1), started at the first value and run forward (adjust=False). A gap is skipped.",
    ),
    (
        "The map's own size",
        "rms weighs squares with a half-life of 52 weeks and needs 52 of them; its weights are normalised, so the "
        "start is not biased.",
    ),
    ("Deviations", "Standard deviations and z-scores divide by n − 1 (ddof = 1). A year has 252 sessions."),
    (
        "Ratings are relative",
        "Places, ratings and z-scores are of the sectors shown. One without a price is not counted, and changes "
        "nothing for the others.",
    ),
    (
        "Figures describe the past",
        "No figure of this product is a forecast. What followed the rankings in the past is on the page Evidence.",
    ),
)

# Newest first. A version changes with any formula; a page that only looks different changes nothing here.
CHANGES: tuple[Change, ...] = (
    Change(
        "1.0",
        date(2026, 11, 26),
        "First version: the measures, the Rotation Map and the evidence as they stand on this page, checked against "
        "golden values and independent implementations.",
    ),
)
METHOD_VERSION = CHANGES[0].version

_BY_KEY = {formula.key: formula for formula in FORMULAS}


def formula(key: str) -> Formula:
    """The figure of this key. Raises KeyError."""
    return _BY_KEY[key]
