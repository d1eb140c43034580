"""The routes with their middleware, in front of the test's services."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

pytest.importorskip("httpx2", reason="needs requirements-dev.txt")

from starlette.testclient import TestClient

import web.middleware
from accounts.sessions import issue_ticket, redeem_ticket
from web.middleware import SecurityHeaders
from web.routes import build_routes

WEB_MODULES = ("account", "auth", "callbacks", "checkout", "health", "receipts", "unsubscribe", "webhooks")


@pytest.fixture
def open_client(monkeypatch):
    """Make a client for some services; redirects are not followed."""

    def open_it(services, *, raises: bool = True) -> TestClient:
        for module in WEB_MODULES:
            monkeypatch.setattr(f"web.{module}.get_services", lambda: services)
        monkeypatch.setattr(web.middleware, "_settings", lambda: services.settings)
        app = Starlette(routes=build_routes(), middleware=[Middleware(SecurityHeaders)])
        return TestClient(
            app, base_url="http://localhost:8501", follow_redirects=False, raise_server_exceptions=raises
        )

    return open_it


@pytest.fixture
def services(live_services):
    """On the database's own clock: sessions must outlive it."""
    return live_services


@pytest.fixture
def client(services, open_client) -> Iterator[TestClient]:
    with open_client(services) as client:
        yield client


@pytest.fixture
def sign_in_as(services, client):
    """Give the client the session cookie of a user."""

    def sign_in(user) -> str:
        ticket = issue_ticket(services, user, browser_token="b")
        token = redeem_ticket(services, ticket, browser_token="b", user_agent="")
        client.cookies.set("session", token)
        return token

    return sign_in
