"""Closes from a CSV file that a person sends: date, symbol or isin, close, and turnover where it is known.

The file is not trusted: it may be too large, no text, half a table, or full of what spreadsheets make of numbers.
Every row that cannot be read is named by its line in the file, with what is wrong and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from market_data.cells import cells_of, day_of, number_of
from market_data.gates import Rule, row_problem

# .streamlit/config.toml lets the browser send no more than this either.
MAX_MEGABYTES = 4
MAX_BYTES = MAX_MEGABYTES * 1024 * 1024
MAX_ROWS = 150_000
# A file with more wrong rows is a wrong file: nobody reads such a report to its end.
MAX_PROBLEMS = 2_000
# What an index file calls the series with the dividends put back.
TOTAL_RETURN_SUFFIX = " TRI"

_NEEDED = ("date", "close")
_KNOWN_COLUMNS = {*_NEEDED, "symbol", "isin", "turnover"}
_FORMATS = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d-%b-%Y", "%d %b %Y")
_FIRST_DAY = date(1990, 1, 1)
# Plain digits, or with commas as in 1,23,456.70 and 123,456.70.
_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{2,3})+)(\.\d+)?([eE][+-]?\d{1,2})?")
_KEPT_CHARACTERS = 200


class FileRefused(ValueError):
    """Nothing of the file can be used. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class UploadedRow:
    """A row that can be read. `number` is its line in the file."""

    number: int
    raw: str
    instrument_id: int
    day: date
    close: float
    turnover: float | None


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that cannot be used: what is wrong and what to do, as sentences. What could be read of it is kept."""

    number: int
    raw: str
    rule: str
    wrong: str
    remedy: str
    instrument_id: int | None = None
    day: date | None = None
    close: float | None = None
    turnover: float | None = None


@dataclass(frozen=True, slots=True)
class UploadedFile:
    rows: tuple[UploadedRow, ...]
    problems: tuple[RowProblem, ...]
    notes: tuple[str, ...]


def read_closes(
    content: bytes, instruments: Mapping[str, int], *, today: date, max_bytes: int = MAX_BYTES
) -> UploadedFile:
    """What the file holds. `instruments` maps symbols and ISINs, in capitals, to instruments.

    Raises FileRefused when the file as a whole cannot be used.
    """
    if len(content) > max_bytes:
        raise FileRefused(
            f"The file has {len(content) / 1024**2:.1f} MB, and at most {max_bytes // 1024**2} MB can be read. "
            "Nothing was stored. Split it, for example by year, and send the parts one after the other."
        )
    lines = _decoded(content).splitlines()
    if not any(line.strip() for line in lines):
        raise FileRefused(
            "The file is empty. It needs a line with the columns' names, and a row for each close."
        )
    # Line by line: a quotation mark that is never closed must not swallow the rest of the file.
    separator = max(",;\t", key=lines[0].count)
    header = cells_of(lines[0], separator) or []
    columns, notes = _columns(header)
    if len(lines) - 1 > MAX_ROWS:
        raise FileRefused(
            f"The file has {len(lines) - 1:,} rows, and at most {MAX_ROWS:,} can be read. Nothing was stored. Split it."
        )
    rows: list[UploadedRow] = []
    problems: list[RowProblem] = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        read = _read_row(number, line, cells_of(line, separator), len(header), columns, instruments, today)
        (rows if isinstance(read, UploadedRow) else problems).append(read)  # type: ignore[arg-type]
    rows, twice = without_duplicates(rows)
    problems = sorted([*problems, *twice], key=lambda problem: problem.number)
    if len(problems) > MAX_PROBLEMS:
        first = problems[0]
        raise FileRefused(
            f"{len(problems):,} rows are wrong, more than the {MAX_PROBLEMS:,} that a report can hold. Nothing was "
            f"stored. The first is row {first.number}: {first.wrong} {first.remedy}"
        )
    return UploadedFile(tuple(rows), tuple(problems), tuple(notes))


def _decoded(content: bytes) -> str:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise FileRefused("This is a workbook, not a CSV file. Save the sheet as “CSV UTF-8” and send that.")
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content[: exc.start].count(b"\n") + 1
        raise FileRefused(
            f"Row {line} holds characters that are no UTF-8. Save the file as “CSV UTF-8” and send it again."
        ) from exc
    if "\x00" in text:
        raise FileRefused("This is no text file. Save the table as “CSV UTF-8” and send that.")
    return text


def _columns(header: list[str]) -> tuple[dict[str, int], list[str]]:
    names = [cell.casefold() for cell in header]
    missing = [f"“{name}”" for name in _NEEDED if name not in names]
    if "symbol" not in names and "isin" not in names:
        missing.insert(1 if "“date”" in missing else 0, "“symbol” or “isin”")
    if missing:
        found = ", ".join(f"“{cell[:30]}”" for cell in header[:10]) or "nothing"
        raise FileRefused(
            f"The first row has no column {' and no '.join(missing)}; it has {found}. Name the columns date, symbol "
            "(or isin), close, and turnover if you have it."
        )
    twice = sorted({name for name in names if name in _KNOWN_COLUMNS and names.count(name) > 1})
    if twice:
        raise FileRefused(f"The column “{twice[0]}” is there twice. Keep one of them.")
    others = [cell[:30] for cell, name in zip(header, names, strict=True) if name not in _KNOWN_COLUMNS]
    notes = [f"Columns that are not used: {', '.join(others[:10])}."] if others else []
    return {name: names.index(name) for name in names if name in _KNOWN_COLUMNS}, notes


def _read_row(
    number: int,
    line: str,
    cells: list[str] | None,
    width: int,
    columns: Mapping[str, int],
    instruments: Mapping[str, int],
    today: date,
) -> UploadedRow | RowProblem:
    raw = line[:_KEPT_CHARACTERS]
    if cells is None or len(cells) != width:
        held = "quotation marks that do not end" if cells is None else f"{len(cells)} values"
        remedy = f"The first row names {width} columns: give one value for each."
        return RowProblem(number, raw, "shape", f"It has {held}.", remedy)
    value = {name: cells[place] for name, place in columns.items()}
    name = value.get("isin") or value.get("symbol", "")
    instrument_id = instruments.get(name.upper()) or instruments.get(value.get("symbol", "").upper())
    day = day_of(value["date"], _FORMATS)
    close = number_of(value["close"], _NUMBER)
    turnover = number_of(value.get("turnover", ""), _NUMBER)
    kept = (instrument_id, day, close, turnover)
    if instrument_id is None:
        wrong = f"“{name[:40]}” is no symbol or ISIN of the universe." if name else "It names no symbol."
        remedy = "Write a fund's symbol or ISIN, or an index name, with TRI behind it for total returns."
        return RowProblem(number, raw, "unknown symbol", wrong, remedy, *kept)
    if day is None or day < _FIRST_DAY:
        wrong = f"“{value['date'][:20]}” is no date of a session."
        return RowProblem(
            number, raw, "date", wrong, "Write 2026-07-03 or 03-07-2026, day before month.", *kept
        )
    if close is None:
        wrong = f"“{value['close'][:20]}” is no number."
        return RowProblem(
            number, raw, "close", wrong, "Write it like 1234.50; leave out rows without a price.", *kept
        )
    problem = row_problem(day, close, today=today)
    if problem is not None:
        rule, wrong = problem
        remedy = "Correct the date." if rule is Rule.FUTURE else "Correct the close, or leave the row out."
        if rule is Rule.NOT_POSITIVE:
            wrong = f"The close is {close:g}. {wrong}"
        return RowProblem(number, raw, str(rule), wrong, remedy, *kept)
    if value.get("turnover") and (turnover is None or turnover < 0):
        wrong = f"The turnover “{value['turnover'][:20]}” is no number from zero up."
        return RowProblem(number, raw, "turnover", wrong, "Correct it, or leave it empty.",
                          instrument_id, day, close, None)  # fmt: skip
    return UploadedRow(number, raw, instrument_id, day, close, turnover)


def without_duplicates(rows: list[UploadedRow]) -> tuple[list[UploadedRow], list[RowProblem]]:
    """One row for each instrument and day: of equal ones the first, of different ones none."""
    groups: dict[tuple[int, date], list[UploadedRow]] = {}
    for row in rows:
        groups.setdefault((row.instrument_id, row.day), []).append(row)
    kept: list[UploadedRow] = []
    problems: list[RowProblem] = []
    for group in groups.values():
        first, *others = group
        are_equal = all(row.close == first.close for row in others)
        if are_equal:
            kept.append(first)
        for row in others if are_equal else group:
            other = next(one for one in group if one is not row)
            if are_equal:
                wrong, remedy = f"It repeats row {first.number}.", "Nothing: the first one counts."
            else:
                wrong = (
                    f"Row {other.number} gives this day another close: {other.close:g}, not {row.close:g}."
                )
                remedy = "Keep the right one of them."
            problems.append(
                RowProblem(
                    row.number,
                    row.raw,
                    str(Rule.DUPLICATE),
                    wrong,
                    remedy,
                    row.instrument_id,
                    row.day,
                    row.close,
                    row.turnover,
                )
            )
    return kept, problems
