"""What the figures of the evidence say: the sentences and the cells that the page and the monthly note both show.

A sentence is chosen by the figures, so it is right whichever way they fall.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from domain.wording import format_date, format_signed
from sectors.evidence import (
    HIGH,
    LOW,
    NEARLY_THE_SAME,
    POPULAR,
    RUNS,
    Chance,
    Evidence,
    SignalLine,
    has_left_chance,
)

NOTABLE_T = 2.0
SIGNAL_COLUMNS = ("% a year", "deepest fall", "turnover", "rank IC", "t")
WHAT_IS_NOT_IN_IT = (
    "No tax, no distance of a fund from its index, no limit of what can be traded. Histories of indices were in part "
    "computed backwards by their publishers, which flatters all of it. A description of the past, not a forecast."
)
_WHERE = {
    1: "is above that range",
    0: "lies within that, so it cannot be told from chance",
    -1: "is below that range",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One of those whose growth is compared: its name, its growth in % a year, and the rest in small."""

    name: str
    growth: str
    note: str


def sentences(
    found: Evidence, by_lot: Chance, lines: tuple[SignalLine, ...], *, is_demo: bool
) -> tuple[str, ...]:
    """What the figures say, the plainest first."""
    said = [_against_all(found), _against_chance(found, by_lot), _order(found, len(lines)), _noise(lines)]
    if is_demo:
        said.append(
            "These prices are invented, with waves of leadership put into them: nothing here is evidence about a "
            "market."
        )
    return tuple(said)


def _against_all(found: Evidence) -> str:
    made, equal, held = found.followed.found.cagr_pct, found.equal.cagr_pct, found.held.cagr_pct
    order = "less than" if made < equal else "more than"
    return (
        f"Holding the {_top(found)} by {found.question.signal} made {shown(made, 1)} % a year over "
        f"{found.years:.1f} years after costs, {order} all {found.sectors} sectors in equal parts "
        f"({shown(equal, 1)} %); {found.benchmark} made {shown(held, 1)} %."
    )


def _against_chance(found: Evidence, by_lot: Chance) -> str:
    what = "one sector" if found.question.top == 1 else f"{found.question.top} sectors"
    drawn = (
        f"Of {RUNS} portfolios of {what} drawn by lot every month nine in ten made {shown(by_lot.low_pct, 1)} to "
        f"{shown(by_lot.high_pct, 1)} % a year"
    )
    return f"{drawn}: the signal {_WHERE[has_left_chance(found, by_lot)]}."


def _order(found: Evidence, tried: int) -> str:
    ic, t = found.followed.ic, found.followed.t
    orders = f"The order of the sectors by {found.question.signal} and that of the month after it"
    if math.isnan(t):
        return f"{orders} cannot be compared: too few sectors have prices."
    said = f"{orders}: rank correlation {shown(ic, 2)}, t {shown(t, 1)}"
    if abs(t) < NOTABLE_T:
        return f"{said}; below 2 it is noise."
    way = "" if ic > 0 else ", and the order was the wrong way round"
    return f"{said}{way}. Of {tried} signals tried, some pass 2 by luck."


def _noise(lines: tuple[SignalLine, ...]) -> str:
    made = {line.signal: line.found.cagr_pct for line in lines}
    best, worst = max(made, key=made.__getitem__), min(made, key=made.__getitem__)
    near = abs(made[POPULAR] - made[NEARLY_THE_SAME])
    return (
        f"Between the best signal ({best}) and the worst ({worst}) lie {made[best] - made[worst]:.1f} points a "
        f"year, between {POPULAR} and {NEARLY_THE_SAME}, which measure nearly the same, {near:.1f}."
    )


def _top(found: Evidence) -> str:
    return "strongest sector" if found.question.top == 1 else f"{found.question.top} strongest sectors"


def compared(found: Evidence, by_lot: Chance) -> tuple[Compared, ...]:
    """The rule, all sectors in equal parts, the benchmark and chance, beside each other."""
    followed = found.followed
    return (
        Compared(
            rule_name(found),
            growth(followed.found.cagr_pct),
            f"deepest fall {shown(followed.found.max_drawdown_pct, 0)} %; "
            f"turnover {followed.turnover_a_year:.1f} a year",
        ),
        Compared(
            f"All {found.sectors} in equal parts",
            growth(found.equal.cagr_pct),
            f"deepest fall {shown(found.equal.max_drawdown_pct, 0)} %",
        ),
        Compared(
            found.benchmark,
            growth(found.held.cagr_pct),
            f"deepest fall {shown(found.held.max_drawdown_pct, 0)} %",
        ),
        Compared(
            "Drawn by lot",
            f"{shown(by_lot.low_pct, 1)} to {shown(by_lot.high_pct, 1)} %",
            f"{HIGH - LOW} % of {RUNS} draws; mean {shown(by_lot.mean_pct, 1)} %",
        ),
    )


def rule_name(found: Evidence) -> str:
    """`Top 3 by RS 55`."""
    return f"Top {found.question.top} by {found.question.signal}"


def shown(value: float, decimals: int) -> str:
    """`5.9` or `−3.1`, with a real minus sign; a dash where there is no value."""
    return "–" if math.isnan(value) else format_signed(value, decimals).removeprefix("+")


def growth(pct: float) -> str:
    """`+5.9 %`; a dash where there is no value."""
    return "–" if math.isnan(pct) else f"{format_signed(pct, 1)} %"


def signal_rows(lines: tuple[SignalLine, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each signal with its cells under `SIGNAL_COLUMNS`, the fastest growth first."""
    return tuple(
        (
            line.signal,
            (
                shown(line.found.cagr_pct, 1),
                f"{shown(line.found.max_drawdown_pct, 0)} %",
                f"{line.turnover_a_year:.1f}",
                shown(line.ic, 2),
                shown(line.t, 1),
            ),
        )
        for line in sorted(lines, key=lambda line: -line.found.cagr_pct)
    )


def period_rows(found: Evidence) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each part of the time with the growth of rule, equal parts and benchmark in it, % a year."""
    return tuple(
        (
            f"{format_date(period.first.date())} to {format_date(period.last.date())}",
            (shown(period.followed_pct, 1), shown(period.equal_pct, 1), shown(period.benchmark_pct, 1)),
        )
        for period in found.periods
    )
