"""Every route that changes something, found by itself, refuses what another site's page sends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

import web.middleware
from accounts.sessions import user_of_session
from tests.fakes import FakeRazorpay
from tests.security.people import all_rows
from web.middleware import SecurityHeaders
from web.routes import build_routes
from web.same_origin import is_foreign_socket, is_same_origin

# The path, and why no cookie of a visitor is looked at there.
EXEMPT = {
    "/webhooks/cashfree": "bound by its signature",
    "/webhooks/cashfree/": "bound by its signature",
    "/webhooks/razorpay": "bound by its signature",
    "/webhooks/razorpay/": "bound by its signature",
    "/checkout/razorpay/callback": "bound by its signature",
    "/csp-report": "changes nothing",
    "/unsubscribe/{token}": "bound by its token",
}
FORGERIES = {
    "another site": {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    "another site, old browser": {"origin": "https://evil.example"},
    "a sibling domain": {"origin": "https://evil.localhost:8501", "sec-fetch-site": "same-site"},
    "a sandboxed frame": {"origin": "null"},
    "no origin": {},
    "a typed address": {"sec-fetch-site": "none"},
    "a false start": {"origin": "http://localhost:8501.evil.example"},
    "another port": {"origin": "http://localhost:8502"},
    "an origin that is none": {"origin": "http://[::"},
    "json as text": {"origin": "https://evil.example", "content-type": "text/plain"},
    "a form": {"origin": "https://evil.example", "content-type": "application/x-www-form-urlencoded"},
    "an upload": {"origin": "https://evil.example", "content-type": "multipart/form-data; boundary=x"},
    "an overridden method": {"origin": "https://evil.example", "x-http-method-override": "GET"},
}
BODIES = {
    "text/plain": b'{"a":1}',
    "application/x-www-form-urlencoded": b"a=1",
    "multipart/form-data": b"--x--",
}


def changing_routes() -> list[tuple[str, str]]:
    """Every method of every route that may change something, and each method no route has asked for."""
    return [
        (method, route.path.replace("{order_id}", "ORDER00000000000001A"))
        for route in build_routes()
        for method in sorted({*route.methods, "POST", "PUT", "PATCH", "DELETE"} - {"GET", "HEAD", "OPTIONS"})
        if route.path not in EXEMPT
    ]


@pytest.mark.parametrize("headers", FORGERIES.values(), ids=FORGERIES)
def test_s08_no_route_does_what_another_sites_page_asks(services, client, user, sign_in_as, headers) -> None:
    token = sign_in_as(user)
    body = BODIES.get(headers.get("content-type", "").partition(";")[0], b"")

    answers = {
        (method, path): client.request(method, path, headers=headers, content=body).status_code
        for method, path in changing_routes()
    }

    assert {place: status for place, status in answers.items() if status != 403} == {}
    assert len(answers) >= 10
    assert user_of_session(services, token) == user


def test_s08_the_exempt_routes_exist_and_each_is_exempt_for_its_reason(services, open_client, clock) -> None:
    both = {**services.gateways, "razorpay": FakeRazorpay(lambda: clock.moment)}
    # A report is swallowed, and a return without a signature leads to the front page.
    expected = {"/csp-report": 204, "/checkout/razorpay/callback": 303, "/unsubscribe/{token}": 200}

    assert set(EXEMPT) <= {route.path for route in build_routes()}
    with open_client(replace(services, gateways=both)) as client:
        for path in EXEMPT:
            answer = client.post(path, headers=FORGERIES["another site"], content=b"{}")

            assert answer.status_code == expected.get(path, 401)


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_s08_a_header_or_field_does_not_change_the_method(services, client, user, sign_in_as, name) -> None:
    token = sign_in_as(user)
    ours = {"origin": "http://localhost:8501", "sec-fetch-site": "same-origin"}

    answers = [
        client.get("/auth/sign-out", headers={**ours, name: "POST"}),
        client.get("/auth/sign-out?_method=POST", headers=ours),
        client.head("/auth/sign-out", headers={**ours, name: "POST"}),
    ]

    assert [answer.status_code for answer in answers] == [405, 405, 405]
    assert user_of_session(services, token) == user


def test_s08_reading_a_route_changes_nothing(services, client, user, sign_in_as) -> None:
    sign_in_as(user)
    with services.engine.connect() as conn:
        before = all_rows(conn)

    for route in build_routes():
        for method in ("GET", "HEAD", "OPTIONS"):
            client.request(method, route.path, headers=FORGERIES["another site"])

    with services.engine.connect() as conn:
        assert all_rows(conn) == before


def test_s08_a_route_whose_author_did_not_think_of_it_is_protected(settings, monkeypatch) -> None:
    monkeypatch.setattr(web.middleware, "_settings", lambda: settings)
    done = []

    async def careless(request: Request) -> JSONResponse:
        done.append(request.method)
        return JSONResponse("done")

    routes = [Route("/new", careless, methods=["GET", "POST", "PURGE"])]
    app = Starlette(routes=routes, middleware=[Middleware(SecurityHeaders)])
    client = TestClient(app, base_url="http://localhost:8501")

    forged = [
        client.request(method, "/new", headers=FORGERIES["another site"]) for method in ("POST", "PURGE")
    ]
    own = client.post("/new", headers={"origin": "http://localhost:8501"})

    assert [(answer.status_code, list(answer.json())) for answer in forged] == [(403, ["error"])] * 2
    assert own.status_code == 200
    assert done == ["POST"]


@pytest.mark.parametrize(
    ("base", "origin", "same"),
    [
        ("https://rs.example", "https://rs.example", True),
        ("https://rs.example:443", "https://rs.example", True),
        ("https://rs.example", "http://rs.example", False),
        ("https://rs.example", "https://rs.example:8443", False),
        ("https://rs.example", "https://www.rs.example", False),
        ("https://rs.example", "https://rs.example.evil.example", False),
        ("https://rs.example", "", False),
        ("https://rs.example", "https://rs.example:x", False),
    ],
)
def test_an_origin_is_ours_by_scheme_host_and_port(settings, base, origin, same) -> None:
    scope = {"type": "http", "headers": [(b"origin", origin.encode())]}

    assert is_same_origin(Request(scope), settings.model_copy(update={"app_base_url": base})) is same


@pytest.mark.parametrize(
    ("origin", "host", "is_foreign"),
    [
        ("https://rs.example", "rs.example", False),
        # A proxy may ask us by any name of its own: the origin says where the page is.
        ("https://rs.example", "127.0.0.1:8501", False),
        ("https://rs.example:443", "rs.example", False),
        ("https://www.rs.example", "www.rs.example", True),
        ("http://rs.example", "rs.example", True),
        ("http://localhost", "rs.example", True),
        ("http://localhost:8501", "rs.example", True),
        ("https://evil.example", "evil.example", True),
        ("http://127.0.0.1:3000", "127.0.0.1:8501", True),
        ("https://10.0.0.5", "10.0.0.5", False),
        ("https://10.0.0.5.evil.example", "10.0.0.5.evil.example", True),
        ("http://[::1]:8501", "[::1]:8501", False),
        ("file://", "", True),
        ("null", "null", True),
        ("", "", True),
    ],
)
def test_s09_a_websocket_is_ours_by_origin_and_never_by_a_name_in_the_host(
    settings, origin, host, is_foreign
) -> None:
    live = settings.model_copy(update={"app_base_url": "https://rs.example"})

    assert is_foreign_socket(Headers({"origin": origin, "host": host}), live) is is_foreign
