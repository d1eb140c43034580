"""What stands in a line of comma-separated values, for files of people and of the exchange alike."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import date, datetime

_LONGEST = 40
_LARGEST = 1e15


def cells_of(line: str, separator: str = ",") -> list[str] | None:
    """The values of a line. None when its quotation marks do not end."""
    try:
        return [
            cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=separator, strict=True))
        ]
    except (csv.Error, StopIteration):
        return None


def day_of(words: str, forms: Iterable[str]) -> date | None:
    """The day, in the first of the forms of `strptime` that fits."""
    for form in forms:
        try:
            return datetime.strptime(words, form).date()  # noqa: DTZ007 - a day, no moment
        except ValueError:
            continue
    return None


def number_of(words: str, pattern: re.Pattern[str]) -> float | None:
    """The number that the pattern lets through, commas left out. None for one that no price can be."""
    if len(words) > _LONGEST or not words.isascii() or not pattern.fullmatch(words):
        return None
    number = float(words.replace(",", ""))
    return number if abs(number) < _LARGEST else None
