"""Prices from the command line: a CSV file, one of the exchange's files, or a folder of them with years of days.

Each file, or each part of a folder, is one transaction: a run that was ended goes on where it is started again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from domain.errors import InvalidInput
from domain.subscriptions import INDIA
from market_data.csv_upload import MAX_BYTES
from market_data.nse_folder import NAME, NseFolder, read_files, recognise
from market_data.providers import Fetched, ProviderFailed
from sectors.ingest import Report, store_content, store_rows
from sectors.market_update import wanted_instruments
from wiring import Services

# Days of a folder that are read and stored at once: seconds of work, and a tenth of a year.
_DAYS_AT_ONCE = 60


@dataclass(slots=True)
class Imported:
    """What an import did. `packed` is the version that pages can show; `not_packed` is why they cannot."""

    new: int = 0
    unchanged: int = 0
    corrected: int = 0
    held: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    # Of the newest days alone: that a fund had no row years ago is no news.
    gaps: tuple[str, ...] = ()
    broken: list[str] = field(default_factory=list)
    packed: str | None = None
    not_packed: str | None = None

    def add(self, report: Report, fetched: Fetched | None = None) -> None:
        self.new += report.new
        self.unchanged += report.unchanged
        self.corrected += len(report.replacements)
        for problem in (*report.problems, *report.withdrawn):
            where = f"row {problem.number}: " if problem.number else ""
            self.held.append(f"{where}{problem.raw[:60]}: {problem.wrong}")
        self.told += report.notes if fetched is None else fetched.missing
        if fetched is not None:
            self.broken += fetched.broken
            self.gaps = fetched.gaps
        self.packed, self.not_packed = report.packed, report.not_packed


def import_path(services: Services, path: Path, *, progress: Callable[[str], None]) -> Imported:
    """Store what is at this path. Raises InvalidInput when nothing there can be used."""
    imported = Imported()
    if path.is_dir():
        _import_folder(services, NseFolder(path), imported, progress)
    elif (file := recognise(path)) is not None:
        _store(
            services,
            lambda wanted, today: read_files({(file.day, file.kind): [file]}, wanted, today=today),
            imported,
        )
    else:
        imported.add(store_content(services, _content(path)))
    return imported


def _import_folder(
    services: Services, folder: NseFolder, imported: Imported, progress: Callable[[str], None]
) -> None:
    try:
        days = folder.days()
    except ProviderFailed as exc:
        raise InvalidInput({"path": str(exc)}, "The folder cannot be read.") from exc
    if not days:
        why = (
            "It holds no file of the exchange: they are called ind_close_all_…, BhavCopy_NSE_CM_… or cm…bhav."
        )
        raise InvalidInput({"path": why}, "Nothing was stored.")
    done = 0
    for part in _parts(days):
        _store(
            services,
            lambda wanted, today, part=part: folder.fetch(part[0], part[-1], wanted, today=today),
            imported,
        )
        done += len(part)
        progress(f"{done:,} of {len(days):,} days, through {part[-1]:%d.%m.%Y}: {imported.new:,} new closes")


def _store(services: Services, fetch: Callable[..., Fetched], imported: Imported) -> None:
    with services.engine.begin() as conn:
        wanted = wanted_instruments(conn)
        today = services.now(conn).astimezone(INDIA).date()
    fetched = fetch(wanted, today)
    with services.engine.begin() as conn:
        report = store_rows(services, conn, fetched.rows, source=NAME, problems=fetched.problems)
    imported.add(report, fetched)


def _parts(days: Sequence[date]) -> Iterator[Sequence[date]]:
    for start in range(0, len(days), _DAYS_AT_ONCE):
        yield days[start : start + _DAYS_AT_ONCE]


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as exc:
        raise InvalidInput({"path": f"{path}: {exc.strerror}."}, "Nothing was stored.") from exc
