"""The routes that set and clear the session cookie."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accounts.link_tokens import marked_url
from accounts.sessions import issue_ticket, user_of_session
from domain.links import Purpose
from payment_handler import start_checkout

OURS = {"origin": "http://localhost:8501", "sec-fetch-site": "same-origin"}


@pytest.mark.parametrize(
    "following",
    [
        "/",
        "/dashboard",
        "/sector?name=Oil+%26+gas&asof=2026-03-02",
        "/billing",
        "/admin",
        "/checkout/ORDER00000000000001A",
        "/?order_id=ORDER00000000000001A",
    ],
)
def test_a_ticket_sets_a_cookie_no_script_can_read_and_leads_on(services, client, user, following) -> None:
    answer = _redeem(services, client, user, following)

    assert (answer.status_code, answer.headers["location"]) == (303, following)
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=2592000"):
        assert part in cookie
    assert "Secure" not in cookie
    assert user_of_session(services, answer.cookies["session"]) == user


def test_s07_over_tls_the_cookie_is_secure_and_bound_to_the_host(services, open_client, user) -> None:
    live = replace(
        services, settings=services.settings.model_copy(update={"app_base_url": "https://rs.example"})
    )
    with open_client(live) as client:
        ticket = issue_ticket(live, user, browser_token="browser-1")
        answer = client.get(f"/auth/session?ticket={ticket}", headers={"cookie": "__Host-browser=browser-1"})

    assert answer.headers["set-cookie"].startswith("__Host-session=")
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize(
    "following",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/dashboard/../..//evil.example",
        "/dashboard?x=1",
        "/sector?name=IT&x=1",
        "/sector?name=IT\r\nset-cookie: a=b",
        "/billing?name=IT",
        "/dashboard\n",
        "/auth/sign-out",
        "/checkout/ORDER1",
        "javascript:alert(1)",
        "%2f%2fevil.example",
        "/%2fevil.example",
        "/@evil.example",
        "http:evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\u3002evil\uff0eexample",
        "//evil\u3002example",
        "/dashboard@evil.example",
        "",
    ],
)
def test_s22_any_other_next_leads_home(services, client, user, following) -> None:
    assert _redeem(services, client, user, following).headers["location"] == "/"


@pytest.mark.parametrize("cookies", [{}, {"browser": "browser-2"}])
def test_s08_a_ticket_in_a_strange_browser_leads_to_login_and_sets_no_session(
    services, client, user, cookies
) -> None:
    ticket = issue_ticket(services, user, browser_token="browser-1")
    for name, value in cookies.items():
        client.cookies.set(name, value)

    answer = client.get("/auth/session", params={"ticket": ticket, "next": "/dashboard"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/login?problem=ticket")
    assert "session" not in answer.cookies


def test_s05_a_new_sign_in_ends_the_session_this_browser_had(services, client, user, sign_in_as) -> None:
    old = sign_in_as(user)

    answer = _redeem(services, client, user, "/")

    assert user_of_session(services, old) is None
    assert user_of_session(services, answer.cookies["session"]) == user


def test_signing_out_ends_the_session_and_clears_the_cookie(services, client, user, sign_in_as) -> None:
    token = sign_in_as(user)

    answer = client.post("/auth/sign-out", headers=OURS)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert user_of_session(services, token) is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:8502"},
        {"origin": "https://localhost:8501"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://localhost:8501", "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
    ],
)
def test_s08_another_sites_page_cannot_sign_a_visitor_out(
    services, client, user, sign_in_as, headers
) -> None:
    token = sign_in_as(user)

    assert client.post("/auth/sign-out", headers=headers).status_code == 403
    assert user_of_session(services, token) == user


def test_on_one_machine_localhost_and_its_number_are_one_place(services, client, user, sign_in_as) -> None:
    token = sign_in_as(user)

    answer = client.post(
        "/auth/sign-out", headers={"origin": "http://127.0.0.1:8501"}, follow_redirects=False
    )

    assert answer.status_code == 303
    assert user_of_session(services, token) is None


def test_a_link_cannot_sign_out(services, client, user, sign_in_as) -> None:
    token = sign_in_as(user)

    assert client.get("/auth/sign-out", headers=OURS).status_code == 405
    assert user_of_session(services, token) == user


def test_s06_a_cookie_that_was_planted_before_the_log_in_opens_nothing(services, client, user) -> None:
    client.cookies.set("session", "planted-by-a-stranger")

    answer = _redeem(services, client, user, "/")

    assert answer.cookies["session"] != "planted-by-a-stranger"
    assert user_of_session(services, "planted-by-a-stranger") is None


SPOOFED = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}


def test_s22_a_name_that_a_request_claims_for_us_is_in_no_answer(client, user, sign_in_as) -> None:
    sign_in_as(user)

    for path in (
        "/auth/session?ticket=x",
        "/checkout/ORDER00000000000001A",
        "/auth/sign-out",
        "/healthz",
        "/nowhere",
    ):
        answer = client.get(path, headers={**SPOOFED, "sec-fetch-dest": "document"})

        assert "evil" not in answer.text + str(answer.headers)


def test_s22_links_by_mail_and_return_addresses_begin_with_the_configured_address(services, user) -> None:
    live = replace(
        services, settings=services.settings.model_copy(update={"app_base_url": "https://rs.example"})
    )
    start_checkout(live, user, "monthly")
    (request,) = services.gateways["cashfree"].requests.values()

    assert {url.split("?")[0] for url in (request.return_url, request.notify_url)} == {
        "https://rs.example/",
        "https://rs.example/webhooks/cashfree",
    }
    for purpose in Purpose:
        assert marked_url(live.settings, purpose).startswith("https://rs.example/")


def _redeem(services, client, user, following: str):
    ticket = issue_ticket(services, user, browser_token="browser-1")
    client.cookies.set("browser", "browser-1")
    return client.get("/auth/session", params={"ticket": ticket, "next": following})
