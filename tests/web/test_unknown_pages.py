"""What is nobody's address gets our page and 404; what is somebody's is handed on untouched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

pytest.importorskip("httpx2", reason="needs requirements-dev.txt")

from starlette.testclient import TestClient

import web.middleware
import web.unknown_pages
from web.middleware import SecurityHeaders
from web.unknown_pages import UnknownPages

PAGES = frozenset({"", "dashboard", "rotation-map"})
HOSTILE = {
    "a script": "/%3Cscript%3Ealert(4711)%3C%2Fscript%3E",
    "a zero byte": "/nosuch%004711",
    "very long": "/4711" + "x" * 10_000,
    "another host": "/%2Fevil-4711.test/dashboard",
    "a way up": "/dashboard/..%2f..%2fetc/4711",
    "a backslash": "/%5C%5Cevil-4711.test",
    "no utf-8": "/%ff%fe4711",
    "a template": "/{{4711*1}}",
}


@pytest.fixture
def client(settings, monkeypatch) -> Iterator[TestClient]:
    """The middleware as it stands in front of Streamlit, which here says that it was asked."""
    monkeypatch.setattr(web.middleware, "_settings", lambda: settings)
    monkeypatch.setattr(web.unknown_pages, "_settings", lambda: settings)
    everything = Route("/{path:path}", lambda _: PlainTextResponse("streamlit"), methods=["GET", "POST"])
    app = Starlette(
        routes=[everything],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(UnknownPages, pages=PAGES, product="The product"),
        ],
    )
    with TestClient(app, base_url="http://localhost:8501", follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "/nosuch",
        "/nosuch/",
        "/Dashboard",
        "/dashboard/more",
        "/nosuch/dashboard",
        "/index.html",
        "/static",
        "/static/js/nosuch.js",
        "/dashboard/_stcore/nosuch",
        "/dashboard_stcore/health",
        "/checkout",
        "/receipts/",
        "/auth/sign-out",
        "/csp-report",
    ],
)
def test_an_address_of_nothing_gets_the_page_and_404(client, path) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert "There is no page at this address" in answer.text
    assert "The product" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?order_id=x",
        "/dashboard",
        "/dashboard/",
        "/rotation-map?benchmark=NIFTY+500",
        "/favicon.ico",
        "/favicon.png",
        "/manifest.json",
        "/_stcore/health",
        "/_stcore/host-config",
        "/_stcore/stream",
        "/dashboard/_stcore/health",
        "/dashboard/_stcore/host-config",
        "/media/abc.csv",
        "/component/some.part/index.html",
        "/app/static/logo.svg",
        "/healthz",
        "/readyz",
        "/webhooks/cashfree/",
        "/checkout/ord_1",
        "/receipts/ord_1",
        "/unsubscribe/token",
        "/account/export",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_address_of_somebody_is_handed_on(client, method, path) -> None:
    assert client.request(method, path).status_code == 200


def test_every_file_that_streamlits_page_names_is_handed_on(client) -> None:
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="\./([^"_][^"]*)"', page)

    assert len(named) >= 3
    assert [name for name in named if client.get(f"/{name}").text != "streamlit"] == []


@pytest.mark.parametrize("path", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_address_is_refused_and_not_repeated(client, path) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert "4711" not in answer.text + str(answer.headers)
    assert "evil" not in answer.text


def test_the_page_runs_nothing_and_loads_only_from_here(client) -> None:
    first, second = client.get("/nosuch"), client.get("/nosuch")

    policy = first.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert "<script" not in first.text
    nonce = re.search(r"'nonce-([^']+)'", policy)[1]  # type: ignore[index]
    assert first.text.count(f'<style nonce="{nonce}">') == first.text.count("<style") > 0
    assert nonce not in second.text
    assert first.headers["cache-control"] == "no-store"


def test_a_visitor_is_led_to_the_login_and_a_member_to_the_product(client) -> None:
    visitors = client.get("/nosuch").text
    client.cookies.set("session", "whatever")
    members = client.get("/nosuch").text

    assert ('href="/login"' in visitors, 'href="/dashboard"' in visitors) == (True, False)
    assert ('href="/login"' in members, 'href="/dashboard"' in members) == (False, True)
    assert 'href="/"' in visitors and 'href="/"' in members


def test_who_only_looks_at_the_head_is_answered_404_too(client) -> None:
    assert client.head("/nosuch").status_code == 404


def test_what_is_sent_to_an_address_of_nothing_is_streamlits_to_refuse(client) -> None:
    assert client.post("/nosuch", headers={"sec-fetch-site": "same-origin"}).text == "streamlit"
