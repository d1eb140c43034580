"""What happens once at start: the admin, the server's flags, the simulator."""

from __future__ import annotations

import http.server
import threading
from dataclasses import replace

import pytest
import structlog
from pydantic import SecretStr
from sqlalchemy import text
from streamlit import config as streamlit_config

from config import AppEnv, ConfigError
from operations import start_up
from operations.simulator_process import start_simulator
from operations.start_up import ensure_admin, refuse_weak_server, tell_warnings
from user_management import sign_in


def test_the_named_admin_is_made_on_the_first_start_only(services) -> None:
    settings = services.settings.model_copy(
        update={"admin_email": "boss@example.com", "admin_password": SecretStr("BossPass123")}
    )
    named = replace(services, settings=settings)

    assert (ensure_admin(named), ensure_admin(named)) == (True, False)
    assert sign_in(named, login="boss@example.com", password="BossPass123").is_admin


def test_an_account_that_has_the_admins_address_is_not_promoted(services, user) -> None:
    settings = services.settings.model_copy(
        update={"admin_email": "asha@example.com", "admin_password": SecretStr("BossPass123")}
    )

    assert ensure_admin(replace(services, settings=settings)) is False
    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT role FROM users")).scalars().all() == ["subscriber"]


def test_without_a_name_no_admin_is_made(services) -> None:
    assert ensure_admin(services) is False


FLAGS = {
    "client.showErrorDetails": "none",
    "server.enableXsrfProtection": True,
    "browser.gatherUsageStats": False,
    "server.fileWatcherType": "none",
}


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("client.showErrorDetails", "full"),
        ("server.enableXsrfProtection", False),
        ("browser.gatherUsageStats", True),
        ("server.fileWatcherType", "auto"),
    ],
)
def test_s19_production_refuses_each_flag_that_was_weakened_and_development_starts(
    settings, monkeypatch, flag, value
) -> None:
    monkeypatch.setattr(streamlit_config, "get_option", {**FLAGS, flag: value}.get)
    production = settings.model_copy(update={"app_env": AppEnv.PRODUCTION})

    with pytest.raises(ConfigError, match=flag.rpartition(".")[2]):
        refuse_weak_server(production)
    refuse_weak_server(settings)


def test_production_starts_with_the_flags_of_the_repository(settings, monkeypatch) -> None:
    monkeypatch.setattr(streamlit_config, "get_option", FLAGS.get)

    refuse_weak_server(settings.model_copy(update={"app_env": AppEnv.PRODUCTION}))


def test_the_warnings_of_a_configuration_are_one_line_each(settings, monkeypatch) -> None:
    monkeypatch.setattr(start_up, "find_warnings", lambda _: ("one", "two"))

    with structlog.testing.capture_logs() as written:
        tell_warnings(settings)

    assert [(line["log_level"], line["sentence"]) for line in written] == [
        ("warning", "one"),
        ("warning", "two"),
    ]


class _Answer(http.server.BaseHTTPRequestHandler):
    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def neighbour():
    """Something that listens on a port, and answers every request with one body."""
    servers = []

    def listen(body: bytes) -> int:
        server = http.server.HTTPServer(("127.0.0.1", 0), type("Handler", (_Answer,), {"body": body}))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server.server_address[1]

    yield listen
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_simulator_that_runs_already_is_used(settings, neighbour) -> None:
    port = neighbour(b'{"service": "simulator"}')

    assert start_simulator(settings.model_copy(update={"simulator_port": port})) is None


@pytest.mark.parametrize("body", [b"[]", b"<html>", b'{"service": "other"}'])
def test_a_stranger_on_the_simulators_port_is_not_taken_for_it(settings, neighbour, body) -> None:
    port = neighbour(body)

    with pytest.raises(RuntimeError, match="port taken"):
        start_simulator(settings.model_copy(update={"simulator_port": port}))
