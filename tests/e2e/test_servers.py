"""`streamlit run landing_page.py` and `uvicorn landing_page:app` serve the same application."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

import landing_page
from tests.e2e import journey
from tests.e2e.conftest import new_context, start_site
from tests.e2e.site import Site
from tests.e2e.tills import TILLS
from tests.e2e.ways import SCREENS, Way

PATHS = ["/webhooks/cashfree", "/webhooks/cashfree/"]
OTHER_METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]


@pytest.fixture(scope="module")
def under_uvicorn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    running = start_site(tmp_path_factory.mktemp("uvicorn"), server="uvicorn")
    yield running
    running.stop()


@pytest.fixture(params=["streamlit", "uvicorn"])
def either(request: pytest.FixtureRequest) -> Site:
    """The application under each of the two servers."""
    site: Site = request.getfixturevalue("site" if request.param == "streamlit" else "under_uvicorn")
    return site


def signed(body: bytes) -> dict[str, str]:
    """The headers of Cashfree's documentation: base64 of HMAC-SHA256 over timestamp and raw body."""
    timestamp = str(int(time.time() * 1000))
    digest = hmac.new(b"cfsk_ma_test_simulator", timestamp.encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "x-webhook-signature": base64.b64encode(digest).decode(),
        "x-webhook-timestamp": timestamp,
        "x-webhook-version": "2025-01-01",
    }


def count_events(site: Site) -> int:
    return int(site.rows("SELECT count(*) AS n FROM gateway_events")[0]["n"])


def test_healthz_says_ok(either: Site) -> None:
    reply = either.get("/healthz")

    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})


def test_readyz_names_its_parts(either: Site) -> None:
    reply = either.get("/readyz")

    assert reply.json() == {"status": "ready", "database": True, "migrations": True, "worker": True}


def test_the_first_page_is_html_with_a_policy(either: Site) -> None:
    reply = either.get("/")

    assert reply.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in reply.headers["content-security-policy"]


def test_no_reply_allows_another_origin(either: Site) -> None:
    reply = either.get("/healthz", headers={"Origin": "https://elsewhere.example"})

    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", OTHER_METHODS)
def test_the_webhook_answers_405_to(either: Site, method: str, path: str) -> None:
    reply = either.request(method, path)

    assert (reply.status_code, reply.headers["content-type"]) == (405, "application/json")


@pytest.mark.parametrize("path", PATHS)
def test_an_unsigned_webhook_is_refused_and_not_kept(either: Site, path: str) -> None:
    before = count_events(either)

    reply = either.request("POST", path, data=b'{"type":"PAYMENT_SUCCESS_WEBHOOK"}')

    assert reply.status_code == 401
    assert count_events(either) == before


def test_a_webhook_signed_with_another_secret_is_refused_and_not_kept(either: Site) -> None:
    before = count_events(either)
    body = b'{"type":"PAYMENT_SUCCESS_WEBHOOK","data":{}}'
    headers = {**signed(body), "x-webhook-signature": base64.b64encode(b"x" * 32).decode()}

    reply = either.request("POST", "/webhooks/cashfree", data=body, headers=headers)

    assert reply.status_code == 401
    assert count_events(either) == before


@pytest.mark.parametrize("path", PATHS)
def test_a_signed_webhook_is_kept_once(either: Site, path: str) -> None:
    body = json.dumps(
        {"type": "EVENT_OF_TOMORROW", "data": {}, "event_time": f"{path} {time.time_ns()}"}
    ).encode()
    headers, before = signed(body), count_events(either)

    replies = [either.request("POST", path, data=body, headers=headers) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [200, 200]
    assert count_events(either) == before + 1


@pytest.mark.parametrize("path", PATHS)
def test_a_webhook_of_the_simulator_is_answered_200(either: Site, path: str) -> None:
    endpoint = either.simulator("POST", "/control/endpoints", url=f"{either.url}{path}", version="2025-01-01")
    event = either.simulator("POST", "/control/events/test")

    either.simulator("POST", "/control/webhooks/flush")

    (shown,) = [e for e in either.simulator("GET", "/control/events")["events"] if e["id"] == event["id"]]
    either.simulator("DELETE", f"/control/endpoints/{endpoint['id']}")
    assert [entry["answer"] for delivery in shown["deliveries"] for entry in delivery["log"]] == ["200"]


def test_a_body_larger_than_any_event_is_refused(either: Site) -> None:
    assert either.request("POST", "/webhooks/cashfree", data=b"x" * 300_000).status_code == 413


def test_streamlits_own_metrics_are_closed(either: Site) -> None:
    assert either.get("/_stcore/metrics").status_code == 404


@pytest.mark.journey
def test_somebody_registers_and_pays_under_uvicorn(browser: Browser, under_uvicorn: Site, way: Way) -> None:
    context, person = new_context(browser, under_uvicorn, **SCREENS[way.screen]), journey.new_person()
    page = context.new_page()

    with under_uvicorn.selling_at(way.gateway):
        journey.register(page, person)
    TILLS[way.gateway].pay_by_card(page)

    journey.expect_paid(page)
    assert under_uvicorn.subscription(person.username)["status"] == "active"
    context.close()


def test_another_sites_form_changes_nothing(either: Site) -> None:
    reply = either.request("POST", "/auth/sign-out", headers={"Origin": "https://elsewhere.example"})

    assert (reply.status_code, list(reply.json())) == (403, ["error"])


def test_a_report_of_the_browser_is_taken(either: Site) -> None:
    report = {"csp-report": {"effective-directive": "img-src", "blocked-uri": "https://elsewhere.example/x"}}

    assert either.request("POST", "/csp-report", json=report).status_code == 204
    assert '"blocked": "elsewhere.example"' in either.log()


def test_every_page_is_answered_200_and_its_slash_leads_to_it(either: Site) -> None:
    pages = landing_page._pages()

    assert {path: either.get(f"/{path}").status_code for path in pages} == dict.fromkeys(pages, 200)
    slashes = [either.get(f"/{path}/?a=1") for path in pages if path]
    assert [reply.headers["location"] for reply in slashes] == [f"/{path}?a=1" for path in pages if path]


@pytest.mark.parametrize("path", ["/nosuch", "/dashboard/nosuch", "/static/nosuch.js", "/%3Cscript%3E"])
def test_an_address_of_nothing_is_answered_404_with_our_own_page(either: Site, path: str) -> None:
    reply = either.get(path)

    assert reply.status_code == 404
    assert "There is no page at this address" in reply.text
    assert "script-src" not in reply.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["//evil.test", "/%00", "/..%2f..%2fetc%2fpasswd", "/" + "x" * 10_000])
def test_a_hostile_address_is_refused_and_not_repeated(either: Site, path: str) -> None:
    # A client of its own: `requests` would make another address of it.
    connection = HTTPConnection(urlsplit(either.url).netloc, timeout=10)
    connection.request("GET", path)
    reply = connection.getresponse()
    words = reply.read().decode()
    connection.close()

    assert 400 <= reply.status < 500
    assert path.strip("/") not in words


@pytest.mark.parametrize("path", ["/_stcore/health", "/favicon.png", "/app/static/logo.svg"])
def test_what_streamlit_serves_beside_the_pages_is_still_there(either: Site, path: str) -> None:
    assert either.get(path).status_code == 200
