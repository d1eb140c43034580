"""Services are built once per process, whoever asks first and however many ask at once."""

from __future__ import annotations

import threading

import pytest
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError

import wiring
from domain.errors import GatewayUnavailable
from wiring import build_services, close_services, get_services


def test_services_are_wired_from_settings_on_a_migrated_database(settings, engine) -> None:
    address = engine.url.render_as_string(hide_password=False)

    services = build_services(settings.model_copy(update={"database_url": SecretStr(address)}))

    assert services.gateway("cashfree").name == "cashfree"
    assert services.mail_sender is None
    assert services.embedded is None
    with services.engine.connect() as conn:
        assert services.now(conn).tzinfo is not None
    services.close()


def test_a_gateway_that_is_not_there_is_unavailable(services) -> None:
    with pytest.raises(GatewayUnavailable):
        services.gateway("razorpay")


def test_many_threads_get_one_and_the_same_services(services, monkeypatch) -> None:
    built: list[int] = []

    def build(_settings):
        built.append(1)
        return services

    monkeypatch.setattr(wiring, "_services", None)
    monkeypatch.setattr(wiring, "load_settings", lambda: services.settings)
    monkeypatch.setattr(wiring, "build_services", build)
    barrier = threading.Barrier(8)
    got: list[object] = []

    def work() -> None:
        barrier.wait(10)
        got.append(get_services())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert built == [1]
    assert all(one is services for one in got)
    close_services()
    close_services()
    assert get_services() is services
    assert built == [1, 1]


def test_a_database_that_is_away_at_first_is_tried_again(settings, services, monkeypatch) -> None:
    closed = settings.model_copy(update={"database_url": SecretStr("postgresql://nobody@127.0.0.1:1/none")})
    monkeypatch.setattr(wiring, "_services", None)
    monkeypatch.setattr(wiring, "load_settings", lambda: closed)

    with pytest.raises(OperationalError):
        get_services()
    monkeypatch.setattr(wiring, "build_services", lambda _settings: services)

    assert get_services() is services


def test_printing_services_shows_no_secret(services) -> None:
    assert "cfsk_ma_test_simulator" not in repr(services)
    assert services.settings.secret_key.get_secret_value() not in repr(services)
