"""Row S06: whoever knows the id of a Streamlit session gets nothing of the person it belongs to.

Streamlit hands a session to anybody who presents its id: while its owner is connected, and for two minutes after.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

import payment_handler
from accounts.sessions import issue_ticket, redeem_ticket, session_cookie_name
from tests.e2e.site import Member, Site
from tests.security.bench import Bench
from tests.security.conftest import Scale
from tests.security.streamlit_client import Tab, open_tab

# Resuming waits a fifth of a second inside of Streamlit and costs no processor: some at once.
AT_ONCE = 4


@dataclass(frozen=True)
class Target:
    """Somebody who is signed in, her cookie, and what only she may see."""

    cookie: str
    secrets: tuple[str, ...]
    # What her own page shows of these at the least.
    shown: str


@pytest.fixture(scope="module")
def victim(site: Site) -> Target:
    member = site.join()
    order = payment_handler.current_checkout(site.services, member.user)
    assert order is not None
    assert order.payment_session_id is not None
    user = member.user
    return Target(
        cookie_of(site, member),
        (
            user.username,
            user.email,
            user.full_name,
            user.customer_id,
            str(user.id),
            order.id,
            order.payment_session_id,
        ),
        user.username,
    )


@pytest.fixture(scope="module")
def strangers(site: Site) -> list[str | None]:
    """The cookies an attacker may come with: none, that of an account of their own, nonsense, a broken one."""
    name = session_cookie_name(site.services.settings)
    own = cookie_of(site, site.join())
    return [None, own, f"{name}={secrets.token_urlsafe(32)}", f"{name}=; {name}", own[:-1]]


def cookie_of(site: Site, member: Member) -> str:
    """The cookie header of a browser in which this person is signed in."""
    ticket = issue_ticket(site.services, member.user, browser_token="b")
    token = redeem_ticket(site.services, ticket, browser_token="b", user_agent="test")
    return f"{session_cookie_name(site.services.settings)}={token}"


def leaked(target: Target, received: bytes) -> list[str]:
    """What of the target's is among these bytes. The account bar shows names that every member may have."""
    return [secret for secret in target.secrets if secret != "Test User" and secret.encode() in received]


def take_over(url: str, session_id: str, cookie: str | None, query: str = "") -> bytes:
    """Resume a session by its id, look at two pages, and return all that was sent."""
    with open_tab(url, cookie=cookie, session_id=session_id) as tab:
        tab.run("", query)
        return tab.run("billing", query)


def is_served(tab: Tab, target: Target, page: str = "", query: str = "") -> bool:
    """True when the person gets her own page, at the latest with the third run."""
    return any(target.shown.encode() in tab.run(page, query) for _ in range(3))


def owner_and_thief(
    url: str, target: Target, thief: str | None, query: str = ""
) -> Iterator[tuple[str, bytes, bool]]:
    """What a thief received, and whether the owner is served: while she is connected, and after she has left."""
    with open_tab(url, cookie=target.cookie) as tab:
        assert is_served(tab, target, query=query), "the owner does not see her own page"
        session_id = tab.session_id
        got = take_over(url, session_id, thief, query)
        with open_tab(url, cookie=target.cookie, session_id=session_id) as again:
            yield "connected", got, is_served(again, target, query=query)
    got = take_over(url, session_id, thief, query)
    with open_tab(url, cookie=target.cookie, session_id=session_id) as again:
        yield "gone", got, is_served(again, target, query=query)


def test_s06_a_session_resumed_by_its_id_shows_nothing_of_its_owner(
    site: Site, victim: Target, strangers: list[str | None], scale: Scale, measured: Callable[..., None]
) -> None:
    tries = scale.pick(10, 1_000)

    def probe(number: int) -> list[str]:
        thief = strangers[number % len(strangers)]
        return [
            f"with {thief!r} while the owner was {when}: leaked {leaked(victim, got)}, served {is_served_after}"
            for when, got, is_served_after in owner_and_thief(site.url, victim, thief)
            if leaked(victim, got) or not is_served_after
        ]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        # Each probe resumes twice: while the owner is connected, and when she has left.
        wrong = [sentence for found in pool.map(probe, range(tries // 2)) for sentence in found]

    assert wrong[:3] == []
    measured("sessions resumed by a stranger, nothing shown", tries)


def test_s06_a_stranger_who_is_signed_in_sees_their_own_and_no_other_page(site: Site, victim: Target) -> None:
    member = site.join()
    with open_tab(site.url, cookie=victim.cookie) as tab:
        tab.run("billing")

        with open_tab(site.url, cookie=cookie_of(site, member)) as own:
            got = own.run("billing")

    assert leaked(victim, got) == []
    assert member.user.email.encode() in got


@pytest.mark.parametrize("thief", [None, "session=another"])
def test_s06_a_page_that_trusts_its_session_is_taken_over_by_the_same_probe(
    bench: Bench, thief: str | None
) -> None:
    secret = secrets.token_hex(16)
    owner = Target(f"session={secret}", (secret,), secret)

    found = [
        (when, leaked(owner, got))
        for when, got, _ in owner_and_thief(bench.url, owner, thief, "show=trusting")
    ]

    assert found == [("connected", [secret]), ("gone", [secret])]
