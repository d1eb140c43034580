"""`manage.py market`: what it prints, and an exit code that says whether somebody has to look."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

import manage
from market_data.nse_folder import NseFolder
from market_data.yahoo import Yahoo
from tests.market_data.exchange_files import drop, index_file, udiff_row
from tests.sectors.test_ingest import as_csv, table
from tests.sectors.test_market_update import CLOSES, DAY, fill
from tests.test_manage import run  # noqa: F401 - a fixture

EVENING = datetime(2026, 3, 9, 14, 0, tzinfo=UTC)


def count(services) -> int:
    with services.engine.connect() as conn:
        return conn.execute(text("SELECT count(*) FROM px")).scalar_one()


@pytest.fixture
def with_provider(live_services, monkeypatch):
    """The command line with this provider, on a Monday evening."""

    def use(provider) -> None:
        services = replace(live_services, market_provider=provider, now=lambda _conn: EVENING)
        monkeypatch.setattr(manage, "build_services", lambda _settings: services)

    return use


def test_status_without_prices_names_the_demo_and_where_prices_come_from(run) -> None:  # noqa: F811
    code, out, _ = run("market", "status")

    assert code == 0
    assert "pages show   Demo data" in out
    assert "provider     none" in out


def test_a_csv_file_is_imported_and_the_next_step_told(run, live_services, tmp_path) -> None:  # noqa: F811
    path = tmp_path / "closes.csv"
    path.write_bytes(as_csv(table(), "2026-03-09,NIFTY IT,-3"))

    code, out, _ = run("market", "import", str(path))

    assert code == 1
    assert out.startswith("1,350 new closes, 0 known, 0 corrected, 1 held back.\n")
    assert "held back: row 1352: 2026-03-09,NIFTY IT,-3: The close is -3." in out
    assert "Admin → Market data" in out
    assert count(live_services) == 1350
    assert run("market", "pack")[0] == 0


def test_a_folder_is_imported_with_progress_and_again_changes_nothing(
    run,  # noqa: F811
    live_services,
    tmp_path,
) -> None:
    fill(tmp_path, 130)

    code, out, _ = run("market", "import", str(tmp_path))
    again, repeated, _ = run("market", "import", str(tmp_path))

    assert (code, again) == (0, 0)
    lines = out.splitlines()
    assert [line.partition(",")[0] for line in lines[:3]] == [
        "60 of 130 days", "120 of 130 days", "130 of 130 days"
    ]  # fmt: skip
    assert lines[3] == "650 new closes, 0 known, 0 corrected, 0 held back."
    assert "0 new closes, 650 known" in repeated
    assert out.count("note: Funds that files of") == 1
    assert count(live_services) == 650


def test_one_file_of_the_exchange_is_imported(run, live_services, tmp_path) -> None:  # noqa: F811
    path = tmp_path / "ind_close_all_09032026.csv"
    path.write_bytes(index_file(CLOSES))

    code, out, _ = run("market", "import", str(path))

    assert (code, count(live_services)) == (0, 4)
    assert "Pages cannot show these prices yet" in out


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(), "holds no file of the exchange"),
        (lambda path: path.write_bytes(b"day,price\n"), "no column"),
        (lambda path: path.write_bytes(b"x" * (5 * 1024 * 1024)), "at most 4 MB"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_a_sentence(
    run,  # noqa: F811
    live_services,
    tmp_path,
    make,
    complaint,
) -> None:
    path = tmp_path / "given"
    make(path)

    code, _, err = run("market", "import", str(path))

    assert code == 1
    assert complaint in err
    assert count(live_services) == 0


def test_a_broken_file_of_the_exchange_is_told(run, tmp_path) -> None:  # noqa: F811
    path = tmp_path / "ind_close_all_09032026.csv"
    path.write_bytes(b"half")

    code, out, _ = run("market", "import", str(path))

    assert code == 1
    assert "cannot be read: ind_close_all_09032026.csv" in out


def test_nothing_is_packed_before_there_is_a_market(run) -> None:  # noqa: F811
    code, out, _ = run("market", "pack")

    assert code == 1
    assert out.startswith("Nothing was packed: Prices of NIFTY 50")


def test_an_update_without_a_provider_says_what_to_set(run) -> None:  # noqa: F811
    code, _, err = run("market", "update")

    assert code == 1
    assert "MARKET_DATA_PROVIDER" in err


def test_an_update_stores_what_the_folder_has(
    run,  # noqa: F811
    live_services,
    with_provider,
    tmp_path,
) -> None:
    fill(tmp_path, 3)
    with_provider(NseFolder(tmp_path))

    code, out, _ = run("market", "update")
    shown = run("market", "status")[1]

    assert code == 0
    assert "15 new closes, 0 known, 0 corrected." in out
    assert count(live_services) == 15
    assert "provider     nse-folder" in shown
    assert "last run     2026-03-09 19:30:00 IST: 15 new closes" in shown
    assert "next run     2026-03-09 20:30:00 IST" in shown


def test_one_day_alone_is_asked_for(
    run,  # noqa: F811
    live_services,
    with_provider,
    tmp_path,
) -> None:
    fill(tmp_path, 3)
    drop(tmp_path, DAY, CLOSES | {"Nifty IT": -1}, udiff_row("BANKBEES", "INF204KB15I9", 40))
    with_provider(NseFolder(tmp_path))

    code, out, _ = run("market", "update", "--day", "2026-03-09")

    assert code == 1
    assert "1 are held back" in out
    assert count(live_services) == 4
    assert "last run     none yet" in run("market", "status")[1]


def test_a_provider_that_fails_says_what_to_do(run, with_provider) -> None:  # noqa: F811
    with_provider(Yahoo())

    code, _, err = run("market", "update")
    shown = run("market", "status")[1]

    assert code == 1
    assert "pip install yfinance" in err
    assert "personal use only" in shown


def test_a_day_that_is_none_is_refused(run) -> None:  # noqa: F811
    code, _, err = run("market", "update", "--day", "09.03.2026")

    assert code == 2
    assert "write a day like 2026-11-20" in err
