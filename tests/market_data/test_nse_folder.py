from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from market_data.nse_folder import NseFolder, recognise
from market_data.providers import Fetched, ProviderFailed
from tests.market_data.exchange_files import (
    DAY,
    OLD_HEADER,
    TODAY,
    bhavcopy,
    drop,
    index_file,
    old_row,
    the_universe,
    udiff_row,
    zipped,
)

FUND = ("AUTOBEES", "INF204KC1337")
BEFORE = DAY - timedelta(days=3)


def fetch(folder: Path, first: date = BEFORE, last: date = DAY) -> Fetched:
    return NseFolder(folder).fetch(first, last, the_universe(), today=TODAY)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("ind_close_all_09032026.csv", DAY),
        ("BhavCopy_NSE_CM_0_0_0_20260309_F_0000.csv.zip", DAY),
        ("cm09MAR2026bhav.csv.zip", DAY),
        ("CM09mar2026bhav.csv", DAY),
        ("ind_close_all_99992026.csv", None),
        ("ind_close_all_09032026.csv.part", None),
        ("BhavCopy_NSE_FO_0_0_0_20260309_F_0000.csv.zip", None),
        ("notes.txt", None),
    ],
)
def test_a_file_is_recognised_by_its_whole_name(name, day) -> None:
    found = recognise(Path("x") / name)

    assert (found and found.day) == day


def test_the_two_files_of_each_day_give_its_closes(tmp_path) -> None:
    for day, close in ((BEFORE, 10), (DAY, 11)):
        drop(tmp_path, day, {"Nifty 50": close * 1000}, udiff_row(*FUND, close, day))

    found = fetch(tmp_path)

    assert [(row.day, row.close) for row in found.rows] == [
        (BEFORE, 10_000), (BEFORE, 10), (DAY, 11_000), (DAY, 11)
    ]  # fmt: skip
    assert found.days == (BEFORE, DAY)
    assert found.broken == ()
    assert NseFolder(tmp_path).days() == [BEFORE, DAY]


def test_days_outside_those_that_are_asked_for_are_not_read(tmp_path) -> None:
    drop(tmp_path, DAY, {"Nifty 50": 10})

    assert fetch(tmp_path, BEFORE, DAY - timedelta(days=1)) == Fetched()


def test_one_file_of_two_is_read_and_the_other_told_as_missing(tmp_path) -> None:
    (tmp_path / "ind_close_all_09032026.csv").write_bytes(index_file({"Nifty 50": 10}))

    found = fetch(tmp_path)

    assert len(found.rows) == 1
    assert found.days == ()
    assert "There is no bhavcopy of 09.03.2026." in found.missing


def test_a_broken_file_is_told_and_takes_nothing_else_with_it(tmp_path) -> None:
    drop(tmp_path, DAY, {"Nifty 50": 10}, udiff_row(*FUND, 21))
    (tmp_path / "ind_close_all_09032026.csv").write_bytes(b"half")

    found = fetch(tmp_path)

    assert [row.close for row in found.rows] == [21]
    assert found.days == ()
    assert found.broken[0].startswith("ind_close_all_09032026.csv: Its first row lacks the columns")


def test_the_new_layout_counts_and_the_old_one_stands_in_for_it(tmp_path) -> None:
    drop(tmp_path, DAY, {"Nifty 50": 10}, udiff_row(*FUND, 21))
    (tmp_path / "cm09MAR2026bhav.csv.zip").write_bytes(
        zipped(bhavcopy(old_row(*FUND, 22), header=OLD_HEADER))
    )

    both = fetch(tmp_path)
    (tmp_path / "BhavCopy_NSE_CM_0_0_0_20260309_F_0000.csv.zip").write_bytes(b"PK\x03\x04")
    one = fetch(tmp_path)

    assert [row.close for row in both.rows] == [10, 21]
    assert [row.close for row in one.rows] == [10, 22]
    assert one.days == (DAY,)
    assert "cannot be opened" in one.broken[0]


def test_names_that_are_missing_are_told_once_for_many_days(tmp_path) -> None:
    for day in (BEFORE, DAY):
        drop(tmp_path, day, {"Nifty 50": 10}, udiff_row(*FUND, 21, day))

    indices, funds = fetch(tmp_path).gaps

    assert indices.startswith("Indices that files of 2 days do not have: NIFTY 500 (2, last on 09.03.2026), ")
    assert funds.startswith("Funds that files of 2 days do not have: ")
    assert funds.endswith(" more.")


def test_names_that_one_file_does_not_have_are_told_with_its_day(tmp_path) -> None:
    drop(tmp_path, DAY, {"Nifty 50": 10}, udiff_row(*FUND, 21))

    indices, _ = fetch(tmp_path).gaps

    assert indices.startswith("Indices that the file of 09.03.2026 does not have: ")
    assert "NIFTY BANK" in indices
    assert "NIFTY 50" not in indices


def test_what_is_no_file_is_refused_and_nothing_waits_for_it(tmp_path) -> None:
    (tmp_path / "secret").write_bytes(index_file({"Nifty 50": 10}))
    (tmp_path / "ind_close_all_09032026.csv").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "cm09MAR2026bhav.csv")
    (tmp_path / "cm06MAR2026bhav.csv").mkdir()

    found = fetch(tmp_path)

    assert found.rows == ()
    assert len(found.broken) == 3


def test_a_folder_that_is_not_there_says_what_to_do(tmp_path) -> None:
    with pytest.raises(ProviderFailed, match="MARKET_DATA_FOLDER cannot be read"):
        fetch(tmp_path / "none")
