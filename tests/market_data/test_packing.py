from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from analyzer.market import Finding, Fund, Market, Sector
from market_data.demo import load_demo_market
from market_data.packing import Unreadable, pack, unpack


def small_market() -> Market:
    """Three sessions, one of a weekend, two sectors, a fund that was listed late, and a gap."""
    index = pd.DatetimeIndex(["2026-01-30", "2026-02-01", "2026-02-02"], name="session")
    table = pd.DataFrame(
        {"IT": [1.5, 2.5, np.nan], "Bank": [3.0, 4.0, 5.0], "NIFTY 50": [7.0, 8.0, 9.1]}, index=index
    )
    funds = pd.DataFrame({"ITBEES": [np.nan, 40.1, 40.2]}, index=index)
    return Market(
        version="whatever",
        source="A file",
        is_demo=False,
        sectors=(
            Sector("IT", "NIFTY IT", (Fund("ITBEES", "INF204KB15V2", date(2026, 2, 1)),)),
            Sector("Bank", "NIFTY BANK"),
        ),
        benchmarks=("NIFTY 50",),
        total_return=table,
        price=table * 0.9,
        fund_closes=funds,
        fund_turnover=funds * 1e5,
        findings=(Finding("IT", "No price since 1 Feb 2026."),),
    )


def same(one: Market, other: Market) -> bool:
    tables = ("total_return", "price", "fund_closes", "fund_turnover")
    for name in tables:
        pd.testing.assert_frame_equal(
            getattr(one, name), getattr(other, name), check_index_type=False, check_freq=False
        )
    return replace(one, **dict.fromkeys(tables)) == replace(
        other, version=one.version, **dict.fromkeys(tables)
    )


@pytest.mark.parametrize("market", [small_market(), load_demo_market()], ids=["small", "demo"])
def test_what_was_packed_comes_back_to_the_bit(market: Market) -> None:
    packed = pack(market)

    assert same(market, unpack(packed.version, packed.meta, packed.payload))


def test_the_version_is_the_content() -> None:
    market = small_market()
    other = replace(market, total_return=market.total_return.mul(1.0000001))

    assert pack(market).version == pack(replace(market, version="another")).version
    assert pack(market).version != pack(other).version
    assert pack(market).version != pack(replace(market, source="Another file")).version


def test_nobody_can_write_into_an_unpacked_market() -> None:
    packed = pack(small_market())
    market = unpack(packed.version, packed.meta, packed.payload)

    with pytest.raises(ValueError, match="read-only"):
        market.total_return.to_numpy()[0, 0] = 1.0


@pytest.mark.parametrize("length", [0, 8, 13])
def test_a_payload_of_the_wrong_length_is_refused(length: int) -> None:
    packed = pack(small_market())

    with pytest.raises(Unreadable):
        unpack(packed.version, packed.meta, packed.payload[:length])


def test_another_layout_is_refused() -> None:
    packed = pack(small_market())

    with pytest.raises(Unreadable):
        unpack(packed.version, {**packed.meta, "layout": 99}, packed.payload)
