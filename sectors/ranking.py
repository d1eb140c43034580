"""The ranking of the sectors at one close, and the sentences that it supports: what the page, its download and the
mail say.

Order and moves are those of the relative strength over 55 sessions. Every figure comes from `analyzer`, so that the
three agree to the digit. Weeks are counted in days back from the close, to the last session by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

import analyzer
from analyzer.market import Market, Sector

# The relative strength that orders the sectors, in sessions.
WINDOW = 55
LINE_WEEKS = 26
# A week, and the two distances that the sentences look back.
_WEEK, _MONTH, _QUARTER = timedelta(weeks=1), timedelta(weeks=4), timedelta(weeks=13)
# A quarter of sessions: long enough that one block deal does not make a fund look liquid.
TURNOVER_SESSIONS = 63
# Median rupees a session. Below 50 lakh an order of a few lakh moves a fund's price; from 5 crore on it does not.
THIN_BELOW = 50_00_000.0
DEEP_FROM = 5_00_00_000.0


@dataclass(frozen=True, slots=True)
class Ranking:
    """The sectors at the close of `as_of` against `benchmark`.

    `table` is sorted by rank, then name; sectors without a rank come last. Its columns: rank, change_1w and change_4w
    (places gained), sector, etf (the main fund's symbol, empty where no fund tracks the index), rs21_pct, rs55_pct,
    rs123_pct, rs252_pct, rating (1 to 99) and rating_place ("3/31"), mansfield200d, nse_nms, quadrant (empty where
    there is none), weeks_in_quadrant, line (the relative-strength line of 26 weeks, 100 at its start), turnover
    (median rupees a session of the main fund) and liquidity (thin, ok, deep, or empty), no_data_since (the last
    session with a price, of a sector that has none at this close). A missing number is NaN or NA.
    """

    as_of: date
    benchmark: str
    source: str
    is_demo: bool
    table: pd.DataFrame
    sentences: tuple[str, ...]

    @property
    def ranked(self) -> pd.DataFrame:
        """The rows that have a rank."""
        return self.table[self.table["rank"].notna()]


def rank_sectors(market: Market, benchmark: str) -> Ranking:
    """The ranking at the market's last close. Raises KeyError for a benchmark that it does not have."""
    closes, against = market.closes(), market.benchmark(benchmark)
    now = analyzer.snapshot(closes, against)
    strength = analyzer.history(closes, against, ["rs55_pct"])["rs55_pct"]
    places = analyzer.ranks(strength)
    then = {distance: _places_before(places, distance) for distance in (_WEEK, _MONTH, _QUARTER)}
    map_ = analyzer.rotation(closes, against)
    weekly = analyzer.price_relative(closes, against).loc[map_.x.index].tail(LINE_WEEKS)
    names = market.sector_names
    turnover = {sector.name: _turnover(market, sector) for sector in market.sectors}
    of_rating = now["ibd_raw"].rank(ascending=False, method="min")
    table = pd.DataFrame(
        {
            "rank": places.iloc[-1].astype("Int64"),
            "change_1w": (then[_WEEK] - places.iloc[-1]).astype("Int64"),
            "change_4w": (then[_MONTH] - places.iloc[-1]).astype("Int64"),
            "sector": names,
            "etf": ["" if sector.fund is None else sector.fund.symbol for sector in market.sectors],
            "rs21_pct": now["rs21_pct"],
            "rs55_pct": now["rs55_pct"],
            "rs123_pct": now["rs123_pct"],
            "rs252_pct": now["rs252_pct"],
            "rating": now["rs_rating_1_99"].astype("Int64"),
            "rating_place": [
                f"{int(place)}/{int(of_rating.count())}" if pd.notna(place) else "" for place in of_rating
            ],
            "mansfield200d": now["mansfield200d"],
            "nse_nms": now["nse_nms"],
            "quadrant": analyzer.quadrants(map_).iloc[-1].astype(object).where(now["rot_x"].notna(), ""),
            "weeks_in_quadrant": analyzer.weeks_in_quadrant(map_).iloc[-1].astype("Int64"),
            "line": [_rebased(weekly[name]) for name in names],
            "turnover": pd.Series(turnover, dtype="float64"),
            "liquidity": [liquidity(turnover[name]) for name in names],
            "no_data_since": [_no_data_since(closes[name]) for name in names],
        },
        index=names,
    )
    table = table.sort_values(["rank", "sector"], na_position="last").reset_index(drop=True)
    return Ranking(
        as_of=market.as_of,
        benchmark=benchmark,
        source=market.source,
        is_demo=market.is_demo,
        table=table,
        sentences=_sentences(table, benchmark, then),
    )


def liquidity(turnover: float) -> str:
    """`thin`, `ok` or `deep` for a median turnover in rupees a session; empty when it is not known."""
    if pd.isna(turnover):
        return ""
    if turnover < THIN_BELOW:
        return "thin"
    return "deep" if turnover >= DEEP_FROM else "ok"


def median_turnover(market: Market, symbol: str) -> float:
    """Median rupees a session of a fund over the last quarter. NaN for a fund without figures."""
    if symbol not in market.fund_turnover:
        return float("nan")
    return float(market.fund_turnover[symbol].tail(TURNOVER_SESSIONS).median())


def ordinal(place: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def _turnover(market: Market, sector: Sector) -> float:
    return float("nan") if sector.fund is None else median_turnover(market, sector.fund.symbol)


def _places_before(places: pd.DataFrame, distance: timedelta) -> pd.Series:
    """The places at the last session that was `distance` before the newest, NaN where there was none."""
    earlier = places[places.index <= places.index[-1] - distance]
    return earlier.iloc[-1] if len(earlier) else pd.Series(float("nan"), index=places.columns)


def _rebased(line: pd.Series) -> list[float]:
    known = line.dropna()
    return [] if known.empty else (100 * known / known.iloc[0]).round(2).tolist()


def _no_data_since(closes: pd.Series) -> date | None:
    last = closes.last_valid_index()
    if last is None or last == closes.index[-1]:
        return None
    return pd.Timestamp(str(last)).date()


def _sentences(table: pd.DataFrame, benchmark: str, then: dict[timedelta, pd.Series]) -> tuple[str, ...]:
    ranked = table[table["rank"].notna()]
    if ranked.empty:
        return ("No sector has a rank at this close: a rank needs the prices of 56 sessions.",)
    if len(ranked) == 1:
        only = ranked.iloc[0]
        return (f"{only['sector']} alone has a rank: {_distance(only['rs55_pct'], benchmark)}.",)
    return (
        _who_leads(ranked, then[_QUARTER], then[_MONTH]),
        _who_is_last(ranked, benchmark),
        _who_moved(ranked, then[_MONTH]),
    )


def _who_leads(ranked: pd.DataFrame, quarter: pd.Series, month: pd.Series) -> str:
    leaders = ranked.loc[ranked["rank"] == 1, "sector"].tolist()
    count = len(ranked)
    if len(leaders) > 1:
        return f"{_listed(leaders)} share the 1st place of {count} on RS 55."
    name = leaders[0]
    before, lately = quarter[name], month[name]
    if pd.isna(lately):
        return f"{name} is 1st of {count} on RS 55."
    if pd.isna(before):
        return f"{name} is 1st of {count} on RS 55; {_was(lately, 'four weeks ago')}."
    if before == 1:
        also = (
            "as four and 13 weeks ago"
            if lately == 1
            else f"as 13 weeks ago; {_was(lately, 'four weeks ago')}"
        )
        return f"{name} is 1st of {count} on RS 55, {also}."
    rose = f"{name} rose from {ordinal(int(before))} to 1st of {count} on RS 55 in 13 weeks"
    return f"{rose}; {_was(lately, 'four weeks ago')}."


def _was(place: float, when: str) -> str:
    return f"it was {'already 1st' if place == 1 else ordinal(int(place))} {when}"


def _who_is_last(ranked: pd.DataFrame, benchmark: str) -> str:
    last = ranked[ranked["rank"] == ranked["rank"].max()]
    distance = _distance(last["rs55_pct"].iloc[0], benchmark)
    if len(last) == len(ranked):
        return f"All {len(ranked)} are equal: {distance}."
    if len(last) > 1:
        return f"{_listed(last['sector'].tolist())} share the last place: {distance}."
    return f"{last['sector'].iloc[0]} is last: {distance}."


def _distance(strength: float, benchmark: str) -> str:
    size = f"{abs(strength):.1f}"
    if size == "0.0":
        return f"level with {benchmark} over 55 sessions"
    return f"{size} % {'ahead of' if strength > 0 else 'behind'} {benchmark} over 55 sessions"


def _who_moved(ranked: pd.DataFrame, month: pd.Series) -> str:
    moved = ranked.dropna(subset=["change_4w"])
    if moved.empty:
        return "Where the sectors stood four weeks ago is not known: the prices do not go back so far."
    fell, rose = moved["change_4w"].min(), moved["change_4w"].max()
    parts = []
    if fell < 0:
        parts.append(_move(moved[moved["change_4w"] == fell], "fell", month))
    if rose > 0:
        parts.append(_move(moved[moved["change_4w"] == rose], "rose", month))
    if not parts:
        return "No sector changed its place in four weeks."
    return f"In four weeks, {', and '.join(parts)}."


def _move(rows: pd.DataFrame, verb: str, month: pd.Series) -> str:
    """`Metal fell furthest, from 1st to 15th`. Several that moved equally far are named by the distance."""
    if len(rows) == 1:
        row = rows.iloc[0]
        return (
            f"{row['sector']} {verb} furthest, from {ordinal(int(month[row['sector']]))} "
            f"to {ordinal(int(row['rank']))}"
        )
    distance = abs(int(rows["change_4w"].iloc[0]))
    return f"{_listed(rows['sector'].tolist())} {verb} furthest, by {distance} place{'s' if distance > 1 else ''}"


def _listed(names: list[str]) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
