"""Readiness, metrics, and what every response carries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route

pytest.importorskip("httpx2", reason="needs requirements-dev.txt")

from starlette.testclient import TestClient

import web.middleware
from database.engine import connect_engine
from web.middleware import SecurityHeaders
from web.response_headers import page_policy


def test_the_process_is_healthy_without_any_database(services, open_client) -> None:
    away = connect_engine("postgresql://nobody@127.0.0.1:1/none")
    with open_client(replace(services, engine=away)) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        ready = client.get("/readyz")

    assert ready.status_code == 503
    assert ready.json() == {"status": "not ready", "database": False, "migrations": False, "worker": False}


def test_readiness_wants_a_database_its_migrations_and_a_worker(services, client) -> None:
    without = client.get("/readyz")
    with services.engine.begin() as conn:
        conn.execute(text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())"))
    ready = client.get("/readyz")
    with services.engine.begin() as conn:
        conn.execute(text("DELETE FROM alembic_version"))
    behind = client.get("/readyz")

    assert (without.status_code, without.json()["worker"]) == (503, False)
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert (behind.status_code, behind.json()["migrations"]) == (503, False)


@pytest.mark.parametrize(
    ("token", "authorization", "status"),
    [
        ("", "", 404),
        ("", "Bearer ", 404),
        ("s3cret", "", 404),
        ("s3cret", "Bearer wrong", 404),
        ("s3cret", "s3cret", 404),
        ("s3cret", "Bearer s3cret ₹", 404),
        ("s3cret", "Bearer s3cret", 200),
    ],
)
def test_metrics_are_for_the_holder_of_the_token(services, open_client, token, authorization, status) -> None:
    settings = services.settings.model_copy(update={"metrics_token": SecretStr(token)})
    with open_client(replace(services, settings=settings)) as client:
        answer = client.get("/metrics", headers={"authorization": authorization.encode()})

    assert answer.status_code == status
    assert ("python_info" in answer.text) is (status == 200)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/nowhere"),
        ("POST", "/webhooks/cashfree"),
        ("GET", "/webhooks/cashfree"),
        ("GET", "/auth/session"),
        ("POST", "/auth/sign-out"),
        ("GET", "/metrics"),
    ],
)
def test_every_response_carries_a_policy_and_no_cross_origin_permission(client, method, path) -> None:
    answer = client.request(method, path)

    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_pages_policy_allows_streamlits_own_inline_script_by_hash_and_no_other() -> None:
    script = next(part for part in page_policy().split("; ") if part.startswith("script-src"))

    assert "'sha256-" in script
    assert "unsafe" not in script
    assert "http" not in script


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/metrics/", "/_stcore/agent"])
def test_streamlits_public_extras_are_closed(client, path) -> None:
    assert client.get(path).status_code == 404


@pytest.fixture
def pages(services, monkeypatch) -> TestClient:
    """A site of one HTML page and one that is posted to."""
    monkeypatch.setattr(web.middleware, "_settings", lambda: services.settings)
    routes = [Route("/", lambda _: HTMLResponse("<p>page</p>"), methods=["GET", "POST"])]
    return TestClient(
        Starlette(routes=routes, middleware=[Middleware(SecurityHeaders)]), base_url="http://localhost"
    )


def test_the_first_page_names_the_browser_once(pages) -> None:
    first, second = pages.get("/"), pages.get("/")

    cookie = first.headers["set-cookie"]
    assert cookie.startswith("browser=")
    assert len(first.cookies["browser"]) >= 43
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "set-cookie" not in second.headers


def test_only_pages_that_are_read_name_the_browser(pages, client) -> None:
    assert "set-cookie" not in pages.post("/").headers
    assert "set-cookie" not in client.get("/healthz").headers


@pytest.mark.parametrize("others", ['prefs={"a": 1}; ', "a b=c; ", "=x; ", "name[]=1; "])
def test_strange_cookies_of_a_neighbour_do_not_change_a_browsers_name(pages, others) -> None:
    answer = pages.get("/", headers={"cookie": f"{others}browser=known"})

    assert "set-cookie" not in answer.headers


def test_a_page_asked_for_by_the_machines_number_is_sent_to_its_name(client) -> None:
    answer = client.get(
        "/healthz?x=1",
        headers={"host": "127.0.0.1:8501", "sec-fetch-dest": "document"},
        follow_redirects=False,
    )

    assert (answer.status_code, answer.headers["location"]) == (307, "http://localhost:8501/healthz?x=1")


@pytest.mark.parametrize(
    "host", ["localhost:8501", "evil.example:8501", "127.0.0.1:9999", "127.0.0.1", "[::", ""]
)
def test_s22_no_other_host_is_sent_anywhere(client, host) -> None:
    answer = client.get(
        "/healthz", headers={"host": host, "sec-fetch-dest": "document"}, follow_redirects=False
    )

    assert answer.status_code == 200
