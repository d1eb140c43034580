"""The folder into which the exchange's daily files are dropped, by a person or by a machine that may reach it.

The exchange turns machines of clouds away, so nothing here fetches: files are read, and never changed or deleted.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from market_data.csv_upload import FileRefused, RowProblem, UploadedRow
from market_data.nse_files import MAX_MEGABYTES, FileRead, read_bhavcopy, read_index_file
from market_data.providers import Fetched, Instrument, ProviderFailed, listed

NAME = "nse-folder"

_INDEX, _EQUITY = "index", "equity"
# What a file is called, how its name writes the day, and what it is. Of two of one kind the first counts.
_NAMES = (
    (re.compile(r"ind_close_all_(\d{8})\.csv(\.zip)?", re.IGNORECASE), "%d%m%Y", _INDEX),
    (re.compile(r"BhavCopy_NSE_CM_0_0_0_(\d{8})_F_0000\.csv(\.zip)?", re.IGNORECASE), "%Y%m%d", _EQUITY),
    (re.compile(r"cm(\d{2}[A-Z]{3}\d{4})bhav\.csv(\.zip)?", re.IGNORECASE), "%d%b%Y", _EQUITY),
)
_READERS: Mapping[str, Callable[..., FileRead]] = {_INDEX: read_index_file, _EQUITY: read_bhavcopy}
_CALLED = {_INDEX: "index closes (ind_close_all_…)", _EQUITY: "bhavcopy"}


@dataclass(frozen=True, slots=True)
class NseFile:
    """A file that its name says is one of the two of a day."""

    path: Path
    kind: str
    day: date


@dataclass(slots=True)
class _Found:
    rows: list[UploadedRow] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    # Days of a kind without any file; days on which a name was not in its file.
    absent: dict[str, list[date]] = field(default_factory=dict)
    lacking: dict[tuple[str, str], list[date]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NseFolder:
    """The provider of a folder."""

    folder: Path

    @property
    def name(self) -> str:
        return NAME

    @property
    def terms(self) -> str | None:
        return None

    def days(self) -> list[date]:
        """The days of which the folder has any file, rising. Raises ProviderFailed."""
        return sorted({file.day for file in self._list()})

    def fetch(self, first: date, last: date, instruments: Sequence[Instrument], *, today: date) -> Fetched:
        """The closes of these days. Days without any file are passed over: nothing here knows the sessions."""
        files: dict[tuple[date, str], list[NseFile]] = {}
        for file in self._list():
            if first <= file.day <= last:
                files.setdefault((file.day, file.kind), []).append(file)
        return read_files(files, instruments, today=today)

    def _list(self) -> Iterator[NseFile]:
        try:
            paths = list(self.folder.iterdir())
        except OSError as exc:
            raise ProviderFailed(
                f"The folder of MARKET_DATA_FOLDER cannot be read ({exc.strerror}): make it, and let the application "
                "read it."
            ) from exc
        files = [file for path in paths if (file := recognise(path)) is not None]
        yield from sorted(files, key=_preference)


def recognise(path: Path) -> NseFile | None:
    """What a file is by its name alone; None when it is not one of the exchange's."""
    for pattern, form, kind in _NAMES:
        match = pattern.fullmatch(path.name)
        if match is not None:
            try:
                day = datetime.strptime(match.group(1), form).date()  # noqa: DTZ007 - a day, no moment
            except ValueError:
                return None
            return NseFile(path, kind, day)
    return None


def read_files(
    files: Mapping[tuple[date, str], Sequence[NseFile]], instruments: Sequence[Instrument], *, today: date
) -> Fetched:
    """What files hold, by day and kind; of several of one kind the first that can be read counts."""
    found = _Found()
    for day in sorted({day for day, _ in files}):
        read = [kind for kind in _READERS if _read_one(files.get((day, kind), ()), instruments, found, today)]
        if len(read) == len(_READERS):
            found.days.append(day)
        for kind in _READERS:
            if (day, kind) not in files:
                found.absent.setdefault(kind, []).append(day)
    return Fetched(
        tuple(found.rows),
        tuple(found.problems),
        (*_absences(found), *found.notes),
        tuple(_gaps(found)),
        tuple(found.broken),
        tuple(found.days),
    )


def _read_one(
    files: Sequence[NseFile], instruments: Sequence[Instrument], found: _Found, today: date
) -> bool:
    for file in files:
        try:
            read = _READERS[file.kind](_content(file.path), file.day, instruments, today=today)
        except FileRefused as exc:
            found.broken.append(f"{file.path.name}: {exc}")
            continue
        found.rows += read.rows
        found.problems += read.problems
        found.notes += [f"{file.path.name}: {note}" for note in read.notes]
        for name in read.missing:
            found.lacking.setdefault((file.kind, name), []).append(file.day)
        return True
    return False


def _content(path: Path) -> bytes:
    """A regular file, and no more of it than can be one of the exchange's: a pipe would never end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as exc:
        raise FileRefused(f"It cannot be opened ({exc.strerror}).") from exc
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileRefused("It is no file.")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_MEGABYTES * 1024 * 1024 + 1)
    except OSError as exc:
        raise FileRefused(f"It cannot be read ({exc.strerror}).") from exc
    finally:
        os.close(descriptor)


def _absences(found: _Found) -> Iterator[str]:
    for kind, days in found.absent.items():
        when = listed(f"{day:%d.%m.%Y}" for day in reversed(days))
        yield f"There is no {_CALLED[kind]} of {when}."


def _gaps(found: _Found) -> Iterator[str]:
    for kind, called in (_INDEX, "Indices"), (_EQUITY, "Funds"):
        lacking = {name: days for (of, name), days in found.lacking.items() if of == kind}
        gaps = {day for days in lacking.values() for day in days}
        if len(gaps) == 1:
            yield f"{called} that the file of {gaps.pop():%d.%m.%Y} does not have: {listed(lacking)}."
        elif gaps:
            often = sorted(lacking.items(), key=lambda item: (-len(item[1]), item[0]))
            names = (f"{name} ({len(days)}, last on {days[-1]:%d.%m.%Y})" for name, days in often)
            yield f"{called} that files of {len(gaps)} days do not have: {listed(names)}."


def _preference(file: NseFile) -> tuple[date, str, int, bool]:
    order = next(place for place, (pattern, _, _) in enumerate(_NAMES) if pattern.fullmatch(file.path.name))
    return file.day, file.kind, order, file.path.name.lower().endswith(".zip")
