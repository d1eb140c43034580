"""Quality gates: which closes cannot be believed, which series have stopped, and which days were sessions.

Pure: what happens to a suspect is decided by whoever asks. Each rule was met in real files: splits that were not put
right for two sessions, funds whose units were divided, an index that was no longer computed.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import median_low

import numpy as np
import pandas as pd

from analyzer.market import STALE_AFTER_SESSIONS
from domain.wording import format_date

# A day's log return beyond this is looked at. The largest true one of ten years of 106 indices is 0.26: PSU banks
# on 25 October 2017, when the government paid capital in. It stayed up, and so it is kept.
SPIKE_LOG_RETURN = 0.25
# A spike is back at the level before it, within this share, after so many sessions.
BACK_WITHIN = 0.10
BACK_IN_SESSIONS = 5
# A level that a fund leaves for good while its index does not: its units were divided, or put together.
FUND_JUMP = 0.35
# Indices are not divided. A larger move than this, up or down, is a wrong row until a person says otherwise.
INDEX_JUMP = 0.50
# The first closes are judged by the middle of so many.
_START = 11


class Rule(StrEnum):
    """Why a row is held back. The values are stored."""

    SPIKE = "spike"
    JUMP = "jump"
    NOT_POSITIVE = "not positive"
    FUTURE = "future date"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A close that cannot be believed, and why, as a sentence."""

    day: date
    close: float
    rule: Rule
    sentence: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """A series without a price for more sessions than a holiday explains."""

    name: str
    last_day: date
    sessions: int


def row_problem(day: date, close: float, *, today: date) -> tuple[Rule, str] | None:
    """What is wrong with one row by itself."""
    if not close > 0 or math.isinf(close):
        return Rule.NOT_POSITIVE, "A close is a number above zero."
    if day > today:
        return Rule.FUTURE, f"{format_date(day)} has not come yet."
    return None


def find_suspects(
    closes: pd.Series,
    *,
    is_fund: bool,
    index: pd.Series | None = None,
    accepted: Collection[date] = (),
) -> list[Suspect]:
    """Spikes and jumps of one series (sessions rising, no gaps), in order.

    `index` is what a fund follows: a move that its index made too is believed. A close of an `accepted` day is
    believed, whatever it is. Until somebody accepts a jump, what follows at its level is held back with it.
    """
    values = closes.to_numpy(dtype=np.float64)
    if len(values) < 2 or not np.any(np.abs(np.diff(np.log(values))) > SPIKE_LOG_RETURN):
        return []
    days: list[date] = [session.date() for session in closes.index]
    followed = None if index is None else index.reindex(closes.index, method="ffill").to_numpy(np.float64)
    suspects: list[Suspect] = []
    good, good_at, at = float(median_low(values[:_START])), 0, 0
    while at < len(values):
        value = float(values[at])
        if days[at] in accepted or abs(math.log(value / good)) <= SPIKE_LOG_RETURN:
            good, good_at, at = value, at, at + 1
            continue
        ahead = values[at + 1 : at + 1 + BACK_IN_SESSIONS]
        back = np.flatnonzero(np.abs(ahead / good - 1) <= BACK_WITHIN)
        if len(back):
            end = at + 1 + int(back[0])
            suspects += [
                _suspect(days[k], values[k], good, Rule.SPIKE)
                for k in range(at, end)
                if days[k] not in accepted
            ]
            at = end
        elif _is_jump(value / good, is_fund=is_fund, moved=_move(followed, good_at, at)):
            suspects.append(_suspect(days[at], value, good, Rule.JUMP))
            at += 1
        else:
            good, good_at, at = value, at, at + 1
    return suspects


def find_stopped(closes: pd.DataFrame) -> list[Stopped]:
    """Series whose last price is more than five sessions old. `closes` has every session; columns without any price are
    left out."""
    stopped = []
    for name in closes:
        valid = np.flatnonzero(closes[name].notna().to_numpy())
        missing = len(closes) - 1 - int(valid[-1]) if len(valid) else 0
        if missing > STALE_AFTER_SESSIONS:
            last: pd.Timestamp = closes.index[valid[-1]]
            stopped.append(Stopped(str(name), last.date(), missing))
    return stopped


def sessions_of(closes: pd.DataFrame) -> pd.DatetimeIndex:
    """The days on which there was a session: at least half of the series that were alive have a price.

    No weekday is assumed: there are sessions on Saturdays and Sundays. A stray row of one series makes none.
    """
    there = closes.notna()
    alive = there.cummax() & there[::-1].cummax()[::-1]
    enough = there.sum(axis="columns") * 2 >= alive.sum(axis="columns").clip(lower=1)
    return pd.DatetimeIndex(closes.index[enough.to_numpy()])


def _is_jump(ratio: float, *, is_fund: bool, moved: float) -> bool:
    limit = math.log(1 + (FUND_JUMP if is_fund else INDEX_JUMP))
    step = math.log(ratio)
    if abs(step) <= limit:
        return False
    # Half of the move is enough: the index may have moved while the fund did not trade.
    return not (is_fund and step * moved > 0 and abs(moved) >= abs(step) / 2)


def _move(followed: np.ndarray[tuple[int], np.dtype[np.float64]] | None, before: int, at: int) -> float:
    if followed is None or not followed[before] > 0 or not followed[at] > 0:
        return 0.0
    return math.log(followed[at] / followed[before])


def _suspect(day: date, close: float, before: float, rule: Rule) -> Suspect:
    close = float(close)
    times = close / before if close > before else before / close
    way = "above" if close > before else "below"
    how = f"{times:.1f} times" if times >= 2 else f"{abs(close / before - 1) * 100:.0f} %"
    level = f"{close:g} is {how} {way} the {before:g} before it"
    if rule is Rule.SPIKE:
        return Suspect(day, close, rule, f"{level}, and the next closes are back there.")
    return Suspect(day, close, rule, f"{level}, and nothing else moved so far.")
