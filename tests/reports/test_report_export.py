from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from reports.export import safe_text, to_csv


@dataclass(frozen=True)
class Line:
    name: str
    amount_paise: int
    paid_at: datetime | None


def test_a_file_reads_in_rupees_and_in_the_time_of_india() -> None:
    file = to_csv(
        [Line("Asha ₹", 499050, datetime(2026, 11, 22, 19, 0, tzinfo=UTC)), Line("Ravi", -100, None)]
    )

    assert list(csv.reader(file.decode("utf-8-sig").splitlines())) == [
        ["name", "amount_rupees", "paid_at_ist"],
        ["Asha ₹", "4990.50", "2026-11-23 00:30:00"],
        ["Ravi", "-1.00", ""],
    ]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+91999", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", '"=1', "'=1", "＝1", "\n=cmd|' /C calc'!A0"],
)
def test_s11_no_text_can_act_as_a_formula(text: str) -> None:
    rows = list(csv.reader(to_csv([Line(text, 1, None)]).decode("utf-8-sig").splitlines(keepends=True)))

    assert rows[1][0].startswith("'")


def test_harmless_text_is_kept_to_the_letter() -> None:
    assert safe_text("Asha = Rao") == "Asha = Rao"


def test_quotes_commas_and_line_breaks_stay_inside_their_cell() -> None:
    file = to_csv([Line('a","=1\n=2', 1, None)], without=["paid_at"]).decode("utf-8-sig")

    assert list(csv.reader(file.splitlines(keepends=True)))[1] == ['a","=1\n=2', "0.01"]


def test_no_rows_make_an_empty_file() -> None:
    assert to_csv([]) == b""
