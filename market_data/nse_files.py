"""The exchange's two daily files, read: all index closes, and the equity bhavcopy in its old and its new columns.

A file is not trusted, whoever dropped it: it may be half written, packed to burst, of another day, or no table at all.
It is read whole or refused with a sentence; a row of ours that cannot be used is named, rows of others are passed over.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from market_data.assembly import FUND, INDEX_PRICE
from market_data.cells import cells_of, day_of, number_of
from market_data.csv_upload import FileRefused, RowProblem, UploadedRow, without_duplicates
from market_data.demo import BENCHMARKS
from market_data.gates import Rule, row_problem
from market_data.nse_names import index_symbol
from market_data.providers import Instrument

# The largest bhavcopy has about a megabyte, unpacked.
MAX_MEGABYTES = 16
_MAX_BYTES = MAX_MEGABYTES * 1024 * 1024
# The only series in which the funds are traded: other rows of a symbol are blocks, bonds and auctions.
_SERIES = "EQ"
_CRORE = 10_000_000
_NUMBER = re.compile(r"[+-]?((\d+|\d{1,3}(,\d{2,3})+)(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")
# Each layout writes its own; none of them can be mistaken for another.
_DAYS = ("%d-%m-%Y", "%d-%b-%Y", "%Y-%m-%d")
_NOTHING = {"", "-"}
_KEPT_CHARACTERS = 200
_REMEDY = "Look at the exchange's file; send the right close as a CSV file if this one is wrong."
# As the exchange packs. Others can ask for gigabytes before the first byte, and fail with errors of their own.
_PACKINGS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# A damaged directory can name a file by nothing at all: that is an IndexError.
_UNREADABLE_ZIP = (
    zipfile.BadZipFile,
    IndexError,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class FileRead:
    """What one file holds of the universe. `missing` names what it has no close of; `notes` are sentences."""

    rows: tuple[UploadedRow, ...]
    problems: tuple[RowProblem, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the columns that are needed are called."""

    name: str
    day: str
    close: str
    turnover: str
    series: str | None = None
    isin: str | None = None
    # What one unit of turnover is, in rupees.
    unit: int = 1


_INDEX = _Columns("INDEX NAME", "INDEX DATE", "CLOSING INDEX VALUE", "TURNOVER (RS. CR.)", unit=_CRORE)
_OLD = _Columns("SYMBOL", "TIMESTAMP", "CLOSE", "TOTTRDVAL", "SERIES", "ISIN")
_UDIFF = _Columns("TCKRSYMB", "TRADDT", "CLSPRIC", "TTLTRFVAL", "SCTYSRS", "ISIN")


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    raw: str
    value: dict[str, str]


def read_index_file(content: bytes, day: date, instruments: Sequence[Instrument], *, today: date) -> FileRead:
    """The closes of `ind_close_all_….csv`. Raises FileRefused."""
    ours = {one.symbol: one for one in instruments if one.kind == INDEX_PRICE}
    lines, _ = _table(content, day, [_INDEX])
    named = [(ours.get(index_symbol(line.value[_INDEX.name])), line) for line in lines]
    read = _read(named, _INDEX, day, list(ours.values()), today=today)
    if BENCHMARKS[0] in ours and BENCHMARKS[0] in read.missing:
        raise FileRefused(f"It has no {BENCHMARKS[0]}: it is not whole. Drop it again.")
    return read


def read_bhavcopy(content: bytes, day: date, instruments: Sequence[Instrument], *, today: date) -> FileRead:
    """The closes of the funds in a bhavcopy, by ISIN; by symbol where the universe has no ISIN. Raises FileRefused."""
    funds = [one for one in instruments if one.kind == FUND]
    by_isin = {one.isin: one for one in funds if one.isin}
    by_symbol = {one.symbol: one for one in funds}
    lines, columns = _table(content, day, [_UDIFF, _OLD])
    named: list[tuple[Instrument | None, _Line]] = []
    elsewhere: dict[str, str] = {}
    notes = []
    for line in lines:
        isin, symbol = (line.value.get(key or "", "").upper() for key in (columns.isin, columns.name))
        fund = by_isin.get(isin)
        if fund is None and (same := by_symbol.get(symbol)) is not None:
            if same.isin and isin:
                notes.append(f"{symbol} is another security now ({isin[:12]}): its row was left out.")
            else:
                fund = same
        series = line.value.get(columns.series or "", "").upper()
        if series == _SERIES:
            named.append((fund, line))
        elif fund is not None:
            elsewhere[fund.symbol] = series
    read = _read(named, columns, day, funds, today=today)
    notes += [
        f"{symbol} was traded in the series {elsewhere[symbol][:4]} only: it has no close."
        for symbol in read.missing
        if symbol in elsewhere
    ]
    return FileRead(read.rows, read.problems, read.missing, tuple(notes))


def unpacked(content: bytes) -> bytes:
    """The one file in an archive; a file that is none is given back. Raises FileRefused."""
    if len(content) > _MAX_BYTES:
        raise FileRefused(f"It has more than the {MAX_MEGABYTES} MB that are read.")
    if not content.startswith(b"PK"):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) != 1:
                raise FileRefused(f"It is an archive of {len(members)} files, and one is expected.")
            if members[0].flag_bits & 1:
                raise FileRefused("It is an archive under a password.")
            if members[0].compress_type not in _PACKINGS:
                raise FileRefused("It is an archive of an unusual kind: pack it as the exchange does.")
            with archive.open(members[0]) as file:
                # The size that an archive states is its own word.
                plain = file.read(_MAX_BYTES + 1)
    except FileRefused:
        raise
    except _UNREADABLE_ZIP as exc:
        raise FileRefused(
            "It is an archive that cannot be opened: half written, or damaged. Drop it again."
        ) from exc
    if len(plain) > _MAX_BYTES:
        raise FileRefused(f"Unpacked it has more than the {MAX_MEGABYTES} MB that are read.")
    return plain


def _table(content: bytes, day: date, layouts: Sequence[_Columns]) -> tuple[list[_Line], _Columns]:
    """Every row, as values by column name in capitals, and the layout that the columns are of."""
    try:
        text = unpacked(content).decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise FileRefused("It is no text file.") from exc
    rows = text.splitlines()
    if "\x00" in text:
        raise FileRefused("It is no text file.")
    header = [cell.upper() for cell in cells_of(rows[0]) or []] if rows else []
    columns = next((one for one in layouts if _needed(one) <= set(header)), None)
    if columns is None:
        lacks = "; ".join(", ".join(sorted(_needed(one) - set(header))) for one in layouts)
        raise FileRefused(f"Its first row lacks the columns {lacks}." if header else "It is empty.")
    lines: list[_Line] = []
    width = wide = 0
    for number, raw in enumerate(rows[1:], start=2):
        if raw.strip():
            # A quotation mark that is never closed gives no cells: the row is nobody's, and is told as missing.
            cells = cells_of(raw) or []
            wide, width = max(wide, width), len(cells)
            empty = dict.fromkeys(_needed(columns), "")
            lines.append(
                _Line(number, raw[:_KEPT_CHARACTERS], empty | dict(zip(header, cells, strict=False)))
            )
    if not lines:
        raise FileRefused("It has no rows: it is still being written, or was cut. Drop it again.")
    if not text.endswith("\n") and width < (wide or len(header)):
        raise FileRefused(
            f"It ends in the middle of row {lines[-1].number}: half written, or cut. Drop it again."
        )
    for line in lines:
        found = day_of(line.value[columns.day], _DAYS)
        if found not in {day, None}:
            raise FileRefused(
                f"Row {line.number} is of {found:%d.%m.%Y}, but the file's name says {day:%d.%m.%Y}."
            )
    return lines, columns


def _needed(columns: _Columns) -> set[str]:
    return {columns.name, columns.day, columns.close, *filter(None, (columns.series, columns.isin))}


def _read(
    named: Sequence[tuple[Instrument | None, _Line]],
    columns: _Columns,
    day: date,
    wanted: Sequence[Instrument],
    *,
    today: date,
) -> FileRead:
    rows: list[UploadedRow] = []
    problems: list[RowProblem] = []
    for instrument, line in named:
        if instrument is None or line.value[columns.close] in _NOTHING:
            continue
        read = _row(instrument, line, columns, day, today=today)
        (rows if isinstance(read, UploadedRow) else problems).append(read)  # type: ignore[arg-type]
    rows, twice = without_duplicates(rows)
    found = {row.instrument_id for row in rows} | {row.instrument_id for row in [*problems, *twice]}
    missing = tuple(one.symbol for one in wanted if one.id not in found)
    ordered = sorted([*problems, *twice], key=lambda problem: problem.number)
    return FileRead(tuple(rows), tuple(ordered), missing, ())


def _row(
    instrument: Instrument, line: _Line, columns: _Columns, day: date, *, today: date
) -> UploadedRow | RowProblem:
    def held(rule: str, wrong: str, close: float | None = None) -> RowProblem:
        return RowProblem(line.number, line.raw, rule, wrong, _REMEDY, instrument.id, day, close)

    written = line.value[columns.day]
    if day_of(written, _DAYS) != day:
        return held("date", f"“{written[:20]}” is no date of a session.")
    close = number_of(line.value[columns.close], _NUMBER)
    if close is None:
        return held("close", f"“{line.value[columns.close][:20]}” is no number.")
    problem = row_problem(day, close, today=today)
    if problem is not None:
        rule, wrong = problem
        return held(
            str(rule), f"The close is {close:g}. {wrong}" if rule is Rule.NOT_POSITIVE else wrong, close
        )
    turnover = number_of(line.value.get(columns.turnover, ""), _NUMBER)
    rupees = round(turnover * columns.unit, 2) if turnover is not None and turnover >= 0 else None
    return UploadedRow(line.number, line.raw, instrument.id, day, close, rupees)
