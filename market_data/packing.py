"""A market as one JSON document and one run of doubles, so that ten years of prices are read as one row.

The version is the hash of both: equal markets have equal versions, wherever they were packed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from analyzer.market import Finding, Fund, Market, Sector

# A reader of another layout must not guess: raise this with every change of `pack`.
_LAYOUT = 1
_TABLES = ("total_return", "price", "fund_closes", "fund_turnover")
_DOUBLE = np.dtype("<f8")


class Unreadable(ValueError):
    """What was read is no packed market of this layout."""


@dataclass(frozen=True, slots=True)
class Packed:
    """`payload` holds the tables of `meta["columns"]` in order, each column's sessions in a row."""

    version: str
    as_of: date
    meta: Mapping[str, Any]
    payload: bytes


def pack(market: Market) -> Packed:
    """The packed form. `market.version` plays no part in it."""
    tables = [getattr(market, name) for name in _TABLES]
    meta = {
        "layout": _LAYOUT,
        "source": market.source,
        "is_demo": market.is_demo,
        "sectors": [
            [sector.name, sector.index_name, [_fund_words(fund) for fund in sector.funds]]
            for sector in market.sectors
        ],
        "benchmarks": list(market.benchmarks),
        "findings": [[finding.subject, finding.sentence] for finding in market.findings],
        "sessions": [f"{session:%Y-%m-%d}" for session in market.total_return.index],
        "columns": {name: list(table.columns) for name, table in zip(_TABLES, tables, strict=True)},
    }
    payload = b"".join(table.to_numpy(dtype=_DOUBLE).T.tobytes() for table in tables)
    content = json.dumps(meta, sort_keys=True, ensure_ascii=False).encode() + payload
    return Packed(hashlib.sha256(content).hexdigest()[:16], market.as_of, meta, payload)


def unpack(version: str, meta: Mapping[str, Any], payload: bytes) -> Market:
    """The market that was packed; its tables share the payload's memory and cannot be written to.

    Raises Unreadable for another layout and for a payload of the wrong length.
    """
    if meta.get("layout") != _LAYOUT:
        raise Unreadable(f"packed in layout {meta.get('layout')}, this program reads {_LAYOUT}")
    index = pd.DatetimeIndex(np.array(meta["sessions"], dtype="datetime64[us]"), name="session")
    numbers = np.frombuffer(payload, dtype=_DOUBLE) if len(payload) % 8 == 0 else np.empty(0)
    widths = [len(meta["columns"][name]) for name in _TABLES]
    if len(numbers) != sum(widths) * len(index):
        raise Unreadable("the payload does not have the length that its description gives")
    tables, start = {}, 0
    for name, width in zip(_TABLES, widths, strict=True):
        block = numbers[start : start + width * len(index)].reshape(width, len(index))
        tables[name] = pd.DataFrame(block.T, index=index, columns=meta["columns"][name], copy=False)
        start += width * len(index)
    return Market(
        version=version,
        source=meta["source"],
        is_demo=meta["is_demo"],
        sectors=tuple(
            Sector(name, index_name, tuple(_fund(*words) for words in funds))
            for name, index_name, funds in meta["sectors"]
        ),
        benchmarks=tuple(meta["benchmarks"]),
        findings=tuple(Finding(subject, sentence) for subject, sentence in meta["findings"]),
        **tables,
    )


def _fund_words(fund: Fund) -> list[str | None]:
    return [fund.symbol, fund.isin, None if fund.listed is None else fund.listed.isoformat()]


def _fund(symbol: str, isin: str | None, listed: str | None) -> Fund:
    return Fund(symbol, isin, None if listed is None else date.fromisoformat(listed))
