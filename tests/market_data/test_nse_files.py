from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from market_data.csv_upload import FileRefused
from market_data.nse_files import FileRead, read_bhavcopy, read_index_file, unpacked
from market_data.nse_names import SYMBOLS, index_symbol
from market_data.universe import load_benchmarks, load_sectors
from tests.market_data.exchange_files import (
    DAY,
    INDEX_HEADER,
    OLD_HEADER,
    TODAY,
    bhavcopy,
    index_file,
    index_row,
    number_of,
    old_row,
    the_universe,
    udiff_row,
    zipped,
)

AUTOBEES = "INF204KC1337"
NIFTY_50 = number_of("index_price", "NIFTY 50")


def indices(content: bytes) -> FileRead:
    return read_index_file(content, DAY, the_universe(), today=TODAY)


def funds(content: bytes, instruments=None) -> FileRead:
    return read_bhavcopy(content, DAY, instruments or the_universe(), today=TODAY)


def closes(read: FileRead) -> dict[int, float]:
    return {row.instrument_id: row.close for row in read.rows}


def test_every_spelling_of_the_table_means_an_index_of_the_universe() -> None:
    known = {sector.index_name for sector in (*load_sectors(), *load_benchmarks())}

    assert set(SYMBOLS.values()) <= known
    assert index_symbol(" Nifty  Financial Services ") == "NIFTY FIN SERVICE"
    assert index_symbol("Nifty IT") == "NIFTY IT"


def test_index_closes_are_read_by_their_official_names_and_others_are_passed_over() -> None:
    read = indices(
        index_file(
            {"Nifty 50": 22500.5, "Nifty Financial Services": 20100, "India VIX": 14.5, "Nifty Alpha 50": "x"}
        )
    )

    assert closes(read) == {NIFTY_50: 22500.5, number_of("index_price", "NIFTY FIN SERVICE"): 20100.0}
    assert read.problems == ()
    assert {row.day for row in read.rows} == {DAY}
    assert read.rows[0].turnover == 125_000_000


def test_an_index_of_ours_that_is_not_in_the_file_is_named() -> None:
    read = indices(index_file({"Nifty 50": 22500.5, "Nifty IT": "-"}))

    assert "NIFTY BANK" in read.missing
    assert "NIFTY IT" in read.missing
    assert "NIFTY 50" not in read.missing


@pytest.mark.parametrize("close", ["NaN", "inf", "abc", ".", "E-2", "1e400", "٣"])
def test_a_close_that_is_no_number_is_held_back(close) -> None:
    read = indices(index_file({"Nifty 50": 22500.5, "Nifty IT": close}))

    [problem] = read.problems
    assert problem.wrong == f"“{close}” is no number."
    assert problem.instrument_id == number_of("index_price", "NIFTY IT")


def test_a_negative_close_is_held_back() -> None:
    [problem] = indices(index_file({"Nifty 50": 22500.5, "Nifty IT": "-3"})).problems

    assert (problem.rule, problem.number) == ("not positive", 3)


def test_two_closes_of_one_index_are_both_held_back() -> None:
    content = "\n".join([INDEX_HEADER, index_row("Nifty 50", 10), index_row("NIFTY 50", 11), ""]).encode()

    read = indices(content)

    assert read.rows == ()
    assert [problem.rule for problem in read.problems] == ["duplicate", "duplicate"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "CLOSING INDEX VALUE"),
        ((INDEX_HEADER + "\n").encode(), "no rows"),
        (b"\xff\xfe\xff\x00", "no text"),
        (INDEX_HEADER.encode() + b"\n\x00\n", "no text"),
        (
            index_file({"Nifty 50": 10}, date(2026, 3, 6)),
            "is of 06.03.2026, but the file's name says 09.03.2026",
        ),
        (index_file({"Nifty 50": 10, "Nifty IT": 20})[:-30], "in the middle of row 3"),
        (index_file({"Nifty 50": 10})[:-20], "in the middle of row 2"),
        (index_file({"Nifty Bank": 10}), "It has no NIFTY 50"),
    ],
)
def test_a_file_that_is_not_the_days_is_refused_in_a_sentence(content, why) -> None:
    with pytest.raises(FileRefused, match=why):
        indices(content)


@pytest.mark.parametrize(("row", "header"), [(udiff_row, None), (old_row, OLD_HEADER)])
def test_both_layouts_of_the_bhavcopy_are_read_by_isin(row, header) -> None:
    content = bhavcopy(
        row("RENAMED", AUTOBEES, 21.35),
        row("AUTOIETF", "INF109KC1XY9", 22),
        row("RELIANCE", "INE002A01018", 1400),
        **({"header": header} if header else {}),
    )

    read = funds(content)

    assert closes(read) == {number_of("fund", "AUTOBEES"): 21.35, number_of("fund", "AUTOIETF"): 22.0}
    assert read.rows[0].turnover == 250000.5
    assert "BANKBEES" in read.missing
    assert "AUTOBEES" not in read.missing


def test_a_symbol_that_another_security_took_over_is_not_believed() -> None:
    read = funds(bhavcopy(udiff_row("AUTOBEES", "INE000A01001", 999)))

    assert read.rows == ()
    assert "another security" in read.notes[0]


def test_only_the_series_of_the_funds_counts() -> None:
    read = funds(
        bhavcopy(
            udiff_row("AUTOBEES", AUTOBEES, 21, series="BL"),
            udiff_row("AUTOBEES", AUTOBEES, 22),
            udiff_row("BANKBEES", "INF204KB15I9", 500, series="BE"),
        )
    )

    assert closes(read) == {number_of("fund", "AUTOBEES"): 22.0}
    assert read.notes == ("BANKBEES was traded in the series BE only: it has no close.",)


def test_a_fund_without_an_isin_in_the_file_is_known_by_its_symbol() -> None:
    assert closes(funds(bhavcopy(udiff_row("AUTOBEES", "", 21)))) == {number_of("fund", "AUTOBEES"): 21.0}


def test_an_archive_is_opened_and_a_plain_file_left_as_it_is() -> None:
    assert unpacked(zipped(b"abc")) == unpacked(b"abc") == b"abc"


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, "a")
    return buffer.getvalue()


def packed_otherwise(kind: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as file:
        file.writestr("a.csv", "abc" * 99)
    return buffer.getvalue()


def nameless() -> bytes:
    content = bytearray(archive("a"))
    directory = content.index(b"PK\x01\x02")
    content[directory + 28] = 0
    content[directory + 30] = 1
    return bytes(content)


def encrypted() -> bytes:
    content = bytearray(zipped(b"abc"))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


# Made by the test: an archive holds the time of its making, and tests are told apart by their names.
BROKEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "bursts": (lambda: zipped(b"0" * (17 * 1024 * 1024)), "more than the 16 MB"),
    "large": (lambda: b"0" * (16 * 1024 * 1024 + 1), "more than the 16 MB"),
    "no end": (lambda: zipped(b"abc" * 99)[:-40], "cannot be opened"),
    "cut short": (lambda: zipped(b"abc" * 99)[:20], "cannot be opened"),
    "a head alone": (lambda: b"PK\x03\x04", "cannot be opened"),
    "two files": (lambda: archive("a.csv", "b.csv"), "archive of 2 files"),
    "empty": (archive, "archive of 0 files"),
    "encrypted": (encrypted, "password"),
    "LZMA": (lambda: packed_otherwise(zipfile.ZIP_LZMA), "unusual kind"),
    "BZIP2": (lambda: packed_otherwise(zipfile.ZIP_BZIP2), "unusual kind"),
    "no name": (nameless, "cannot be opened"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_an_archive_that_bursts_or_is_broken_is_refused(kind: str) -> None:
    make, why = BROKEN[kind]
    content = make()

    with pytest.raises(FileRefused, match=why):
        unpacked(content)


def test_a_damaged_member_is_refused() -> None:
    content = bytearray(zipped(b"abcdefgh" * 999))
    content[50] ^= 0xFF

    with pytest.raises(FileRefused, match="cannot be opened"):
        unpacked(bytes(content))


def test_a_size_that_an_archive_only_claims_is_not_believed() -> None:
    content = bytearray(zipped(b"0" * (17 * 1024 * 1024)))
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")

    with pytest.raises(FileRefused):
        unpacked(bytes(content))


def test_a_renamed_fund_keeps_its_number() -> None:
    universe = [replace(one, symbol="NEWNAME") if one.isin == AUTOBEES else one for one in the_universe()]

    read = funds(bhavcopy(udiff_row("AUTOBEES", AUTOBEES, 21)), universe)

    assert closes(read) == {number_of("fund", "AUTOBEES"): 21.0}
