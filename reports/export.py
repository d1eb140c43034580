"""Rows as a CSV file that a spreadsheet opens safely."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from domain.money import rupees_from_paise
from domain.subscriptions import INDIA

# A spreadsheet runs a cell that begins like this as a formula, even behind white space or a quote.
_FORMULA = re.compile(r"""[\s"']*[=+\-@\t\r\n＝＋－＠]""")


def to_csv(rows: Sequence[Any], *, without: Iterable[str] = ()) -> bytes:
    """CSV of frozen rows, in UTF-8 with the mark that Excel asks for.

    Money is in rupees with two decimals, time in India's zone, and no text can act as a formula.
    """
    if not rows:
        return b""
    left_out = frozenset(without)
    names = [field.name for field in fields(rows[0]) if field.name not in left_out]
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow([_title(name) for name in names])
    writer.writerows([_cell(name, getattr(row, name)) for name in names] for row in rows)
    return file.getvalue().encode("utf-8-sig", errors="replace")


def safe_text(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would calculate it."""
    return f"'{text}" if _FORMULA.match(text) else text


def _title(name: str) -> str:
    if name.endswith("_paise"):
        return f"{name.removesuffix('_paise')}_rupees"
    return f"{name}_ist" if name.endswith("_at") else name


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(INDIA):%Y-%m-%d %H:%M:%S}"
    if name.endswith("_paise"):
        return str(rupees_from_paise(value))
    return safe_text(str(value))
