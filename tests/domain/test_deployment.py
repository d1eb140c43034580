"""Addresses, proxies and accounts that a configuration may name, and those that it may not."""

from __future__ import annotations

import pytest

from domain.deployment import (
    MarketDataProvider,
    account_problems,
    address_problems,
    is_local,
    market_data_problems,
    production_problems,
)

URL = "https://rs.example"


def named(problems) -> list[str]:
    """The variables that problems begin with."""
    return [problem.partition(" ")[0].rstrip(":") for problem in problems]


@pytest.mark.parametrize("url", [URL, "http://localhost:8501", "https://rs.example:8443/"])
def test_an_address_is_a_scheme_and_a_host(url) -> None:
    assert named(address_problems(url, ())) == []


@pytest.mark.parametrize("url", ["rs.example", "ftp://rs.example", "https://", f"{URL}/app", f"{URL}/?a=1"])
def test_what_is_no_address_of_a_site_is_refused(url) -> None:
    assert named(address_problems(url, ())) == ["APP_BASE_URL"]


@pytest.mark.parametrize(
    ("proxy", "is_refused"),
    [
        ("10.0.0.5", False),
        ("10.0.0.0/24", False),
        ("::1", False),
        ("0.0.0.0/0", True),
        ("proxy", True),
        ("", True),
    ],
)
def test_a_proxy_is_an_address_or_a_network_and_never_everybody(proxy, is_refused) -> None:
    assert named(address_problems(URL, ("10.0.0.9", proxy))) == ["TRUSTED_PROXIES"] * is_refused


@pytest.mark.parametrize(
    ("email", "password", "problems"),
    [
        ("", "", []),
        ("boss@example.com", "TestPass123", []),
        ("boss@example.com", "", ["ADMIN_EMAIL"]),
        ("", "TestPass123", ["ADMIN_EMAIL"]),
        ("boss", "TestPass123", ["ADMIN_EMAIL"]),
        ("boss@example.com", "short", ["ADMIN_PASSWORD"]),
        ("boss", "short", ["ADMIN_EMAIL", "ADMIN_PASSWORD"]),
    ],
)
def test_the_first_admin_has_an_address_and_a_password_or_is_not_made(email, password, problems) -> None:
    assert named(account_problems(email, password)) == problems


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [("http://localhost:8501", True), ("http://127.0.0.1", True), (URL, False), ("", False)],
)
def test_a_practice_site_is_known_by_its_host(url, is_ours) -> None:
    assert is_local(url) is is_ours


@pytest.mark.parametrize(
    ("url", "has_database", "problems"),
    [
        (URL, True, []),
        (URL, False, ["DATABASE_URL"]),
        ("http://rs.example", True, ["APP_BASE_URL"]),
        ("https://localhost", True, ["APP_BASE_URL"]),
        ("https://shop.localhost", True, ["APP_BASE_URL"]),
        ("https://127.0.0.2", True, ["APP_BASE_URL"]),
        ("https://0.0.0.0", True, ["APP_BASE_URL"]),
        ("https://[::1]", True, ["APP_BASE_URL"]),
        ("http://localhost", False, ["APP_BASE_URL", "APP_BASE_URL", "DATABASE_URL"]),
    ],
)
def test_production_has_an_address_for_buyers_and_a_database_of_its_own(url, has_database, problems) -> None:
    assert named(production_problems(url, has_database=has_database)) == problems


@pytest.mark.parametrize(
    ("provider", "folder", "problems"),
    [
        ("none", "", []),
        ("yfinance", "", []),
        ("nse-folder", "/data/nse", []),
        ("nse-folder", "", ["MARKET_DATA_PROVIDER=nse-folder"]),
        ("nse-folder", "data/nse", ["MARKET_DATA_FOLDER"]),
        ("none", "data/nse", ["MARKET_DATA_FOLDER"]),
    ],
)
def test_a_folder_of_prices_is_named_from_the_root(provider, folder, problems) -> None:
    assert named(market_data_problems(MarketDataProvider(provider), folder)) == problems
