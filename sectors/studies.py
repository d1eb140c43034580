"""What was found once, on real indices, by the product's own programs: fixed text, never computed from a page's prices.

Pages show a study as one, with what it was made on and when. The figures behind it stand in docs/analyzer.md; those
of the signals are held by tests/analyzer/test_evidence.py, where the prices may be read.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Study:
    """`on` says on which series, `when` over which time, `finding` what came out."""

    on: str
    when: str
    finding: str


SIGNALS_STUDY = Study(
    on="22 Nifty sector total-return indices",
    when="August 2017 to 3 July 2026",
    finding="Top 3 at each month's last close, filled at the next close, 0.15 % a side: no signal of this list reached "
    "a t of 2, and none left the band of portfolios drawn by lot.",
)
MAP_STUDY = Study(
    on="22 Nifty sector total-return indices",
    when="July 2018 to July 2026",
    finding="5.6 changes of quadrant per sector and year, 70 % of them clockwise; popular definitions change 14 to 28 "
    "times. No reliable difference followed between leading and lagging sectors.",
)
