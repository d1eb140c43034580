from __future__ import annotations

from datetime import date

import pytest

from market_data.csv_upload import MAX_BYTES, MAX_ROWS, FileRefused, RowProblem, UploadedFile, read_closes

TODAY = date(2026, 7, 6)
KNOWN = {"ITBEES": 1, "INF204KB15V2": 1, "NIFTY IT": 2, "NIFTY IT TRI": 3}


def read(text: str | bytes) -> UploadedFile:
    return read_closes(text if isinstance(text, bytes) else text.encode(), KNOWN, today=TODAY)


def problem_of(row: str) -> RowProblem:
    file = read(f"date,symbol,close,turnover\n2026-07-03,NIFTY IT,30000,\n{row}\n")
    assert [(row.number, row.instrument_id) for row in file.rows] == [(2, 2)]
    [problem] = file.problems
    assert problem.number == 3
    assert problem.raw == row
    return problem


@pytest.mark.parametrize(
    "text",
    [
        "date,symbol,close\n2026-07-03,itbees,40.5\n",
        "Date;ISIN;Close\r\n03-07-2026;INF204KB15V2;40.5\r\n",
        "\ufeffDATE\tSymbol\tCLOSE\n03/07/2026\tITBEES\t40.5\n",
        'symbol,close,date\nITBEES,"40.50",3 Jul 2026\n\n\n',
    ],
)
def test_the_usual_forms_of_a_table_are_read(text: str) -> None:
    file = read(text)

    assert [(row.instrument_id, row.day, row.close) for row in file.rows] == [(1, date(2026, 7, 3), 40.5)]
    assert file.problems == ()


def test_a_spreadsheets_wide_text_and_commas_in_numbers_are_read() -> None:
    file = read(
        'date,symbol,close,turnover\n2026-07-03,NIFTY IT TRI,"39,350.28","1,23,456"\n'.encode("utf-16")
    )

    assert [(row.instrument_id, row.close, row.turnover) for row in file.rows] == [(3, 39350.28, 123456.0)]


@pytest.mark.parametrize(
    ("row", "rule", "words"),
    [
        ("2026-07-03,NIFTY CHEESE,40,", "unknown symbol", "“NIFTY CHEESE” is no symbol or ISIN"),
        ("2026-07-03,,40,", "unknown symbol", "names no symbol"),
        ("2026-13-03,ITBEES,40,", "date", "“2026-13-03” is no date"),
        ("46206,ITBEES,40,", "date", "“46206” is no date"),
        ("1980-01-03,ITBEES,40,", "date", "is no date of a session"),
        ("2026-07-07,ITBEES,40,", "future date", "7 Jul 2026 has not come yet"),
        ("2026-07-03,ITBEES,-40,", "not positive", "The close is -40"),
        ("2026-07-03,ITBEES,0,", "not positive", "The close is 0"),
        ("2026-07-03,ITBEES,NaN,", "close", "“NaN” is no number"),
        ("2026-07-03,ITBEES,inf,", "close", "“inf” is no number"),
        ("2026-07-03,ITBEES,1e99,", "close", "“1e99” is no number"),
        ("2026-07-03,ITBEES,,", "close", "“” is no number"),
        ("2026-07-03,ITBEES,=1+1,", "close", "“=1+1” is no number"),
        ("2026-07-03,ITBEES,40,-1", "turnover", "“-1” is no number from zero up"),
        ("2026-07-03,ITBEES", "shape", "It has 2 values"),
        ("2026-07-03,ITBEES,40,1,2", "shape", "It has 5 values"),
        ('2026-07-03,"ITBEES,40,', "shape", "quotation marks"),
        ("2026-07-03,<script>alert(1)</script>,40,", "unknown symbol", "<script>"),
    ],
)
def test_each_fault_of_a_row_is_named_with_its_number_and_a_remedy(row: str, rule: str, words: str) -> None:
    problem = problem_of(row)

    assert problem.rule == rule
    assert words in problem.wrong
    assert problem.remedy


def test_two_closes_for_one_day_are_both_held_back() -> None:
    file = read("date,symbol,close\n2026-07-03,ITBEES,40\n2026-07-03,INF204KB15V2,41\n2026-07-02,ITBEES,39\n")

    assert [row.number for row in file.rows] == [4]
    assert [(problem.number, problem.wrong) for problem in file.problems] == [
        (2, "Row 3 gives this day another close: 41, not 40."),
        (3, "Row 2 gives this day another close: 40, not 41."),
    ]


def test_a_repeated_row_counts_once() -> None:
    file = read("date,symbol,close\n2026-07-03,ITBEES,40\n2026-07-03,ITBEES,40\n")

    assert [row.number for row in file.rows] == [2]
    assert [(problem.number, problem.wrong) for problem in file.problems] == [(3, "It repeats row 2.")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  \n\n", "empty"),
        (b"date,symbol\n", "no column “close”; it has “date”, “symbol”"),
        (b"day,price\n", "no column “date” and no “symbol” or “isin” and no “close”"),
        (b"date,close\n", "no column “symbol” or “isin”"),
        (b"date,date,symbol,close\n", "“date” is there twice"),
        (b"PK\x03\x04rest", "a workbook"),
        (b"date,symbol,close\n2026-07-03,ITBEES\xff,40\n", "Row 2 holds characters"),
        (b"date,symbol,close\n\x00\n", "no text file"),
        (b"date,symbol,close\n" + b"x,y,z\n" * 2_001, "2,001 rows are wrong"),
        (b"date,symbol,close\n" + b"\n" * (MAX_ROWS + 1), f"at most {MAX_ROWS:,}"),
        (b"x" * (MAX_BYTES + 1), "at most 4 MB"),
    ],
)
def test_a_file_that_is_no_table_is_refused_whole_and_says_why(content: bytes, words: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        read(content)

    assert words in str(refusal.value)


def test_a_column_that_is_not_used_is_told() -> None:
    assert read("date,symbol,close,open\n2026-07-03,ITBEES,40,39\n").notes == (
        "Columns that are not used: open.",
    )
