"""A watch-list is its owner's, in their order, and survives two tabs."""

from __future__ import annotations

import threading

import pytest

from accounts.deletion import delete_account
from accounts.export import export_of
from domain.errors import NoActiveSubscription
from domain.report_rules import ReportSettings
from sectors.report_settings import save_report_settings
from sectors.watch_list import list_watched, move, unwatch, watch
from tests.books import rows
from tests.sectors.readers import a_reader


@pytest.fixture
def services(live_services):
    return live_services


@pytest.fixture
def reader(services, gateway, user):
    return a_reader(services, gateway, user)


def test_sectors_are_added_moved_and_removed(services, reader) -> None:
    for name in ("IT", "Bank", "Metal", "IT"):
        watch(services, reader, name)

    assert list_watched(services, reader) == ("IT", "Bank", "Metal")
    assert move(services, reader, "Metal", -1) == ("IT", "Metal", "Bank")
    assert move(services, reader, "IT", -1) == ("IT", "Metal", "Bank")
    assert unwatch(services, reader, "Metal") == ("IT", "Bank")


def test_a_removed_sector_comes_back_to_its_place(services, reader) -> None:
    for name in ("IT", "Bank", "Metal"):
        watch(services, reader, name)
    unwatch(services, reader, "Bank")

    assert watch(services, reader, "Bank", position=1) == ("IT", "Bank", "Metal")


def test_what_is_no_sector_is_not_watched(services, reader) -> None:
    assert watch(services, reader, "<b>Nothing</b>") == ()


def test_without_a_subscription_there_is_no_list(services, user) -> None:
    with pytest.raises(NoActiveSubscription):
        watch(services, user, "IT")
    with pytest.raises(NoActiveSubscription):
        list_watched(services, user)


def test_two_tabs_at_once_lose_nothing(services, reader) -> None:
    names = ["IT", "Bank", "Metal", "Auto"]
    start = threading.Barrier(len(names))

    def add(name: str) -> None:
        start.wait()
        watch(services, reader, name)

    threads = [threading.Thread(target=add, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(list_watched(services, reader)) == sorted(names)


def test_list_and_settings_are_in_the_export(services, reader) -> None:
    watch(services, reader, "IT")
    save_report_settings(services, reader, ReportSettings(daily=True))

    parts = export_of(services, reader)

    assert parts["watch_list"] == [{"position": 1, "sector": "IT"}]
    assert parts["report_settings"][0]["daily"] is True
    assert parts["reports_by_mail"] == []


def test_list_and_settings_go_with_the_account(services, reader) -> None:
    watch(services, reader, "IT")
    save_report_settings(services, reader, ReportSettings())

    delete_account(services, reader, password="TestPass123", username="asha")

    assert rows(services, "SELECT 1 FROM watch_lists") == []
    assert rows(services, "SELECT 1 FROM report_settings") == []
