from __future__ import annotations

from config import Settings
from operations.doctor import examine_market_data


def test_without_a_provider_the_doctor_says_where_prices_come_from() -> None:
    finding = examine_market_data(Settings())

    assert finding.is_good
    assert "no MARKET_DATA_PROVIDER" in finding.sentence


def test_the_doctor_says_how_far_the_folder_reaches(tmp_path) -> None:
    settings = Settings(market_data_provider="nse-folder", market_data_folder=str(tmp_path))
    empty = examine_market_data(settings)
    for name in ("ind_close_all_06032026.csv", "cm09MAR2026bhav.csv.zip", "other.csv"):
        (tmp_path / name).touch()

    filled = examine_market_data(settings)

    assert (empty.is_good, filled.is_good) == (True, True)
    assert "no file of the exchange yet" in empty.sentence
    assert "files of 2 days, the newest of 09.03.2026" in filled.sentence


def test_a_folder_that_is_not_there_is_bad(tmp_path) -> None:
    settings = Settings(market_data_provider="nse-folder", market_data_folder=str(tmp_path / "none"))

    finding = examine_market_data(settings)

    assert not finding.is_good
    assert "MARKET_DATA_FOLDER cannot be read" in finding.sentence


def test_yfinance_is_bad_while_it_is_not_installed_and_its_terms_are_named(monkeypatch) -> None:
    settings = Settings(market_data_provider="yfinance")
    missing = examine_market_data(settings)
    monkeypatch.setattr("operations.doctor.is_installed", lambda: True)

    installed = examine_market_data(settings)

    assert (missing.is_good, installed.is_good) == (False, True)
    assert "pip install yfinance" in missing.sentence
    assert "personal use only" in installed.sentence
