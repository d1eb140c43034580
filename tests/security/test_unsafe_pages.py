"""Row S10, the positive control: pages that render the texts unsafely fire, and our policy silences them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Route, expect

from tests.security.bench import Bench
from tests.security.browser_watch import Watch, rest, settle, watch
from tests.security.conftest import Scale
from tests.security.payloads import LONGEST, Act, Payload, corpus
from web.response_headers import page_policy

UNSAFE = "http://unsafe.test"
# Of Streamlit's own ways to be unsafe: a frame whose text runs in our origin, and images of a foreign host.
IN_STREAMLIT = (
    '<iframe srcdoc="<script>parent.fired(1)</script>"></iframe>',
    "![x](http://m2.evil.test/x.png)",
    "<img src='http://m3.evil.test/x.png'>",
)


@pytest.fixture(scope="module")
def unsafe(browser: Browser, bench: Bench) -> Iterator[tuple[BrowserContext, Watch]]:
    context = browser.new_context()
    context.set_default_timeout(20_000)
    yield context, watch(context, "unsafe.test", bench.url.split("/")[2])
    context.close()


def served(unsafe: tuple[BrowserContext, Watch], payloads: list[Payload], policy: str | None) -> Watch:
    """Put each text into a document of its own, unescaped. What they did, all together."""
    context, seen = unsafe
    seen.forget()
    headers = {"content-type": "text/html; charset=utf-8"}
    if policy is not None:
        headers["content-security-policy"] = policy
    texts = {str(payload.number): payload.text for payload in payloads}
    acting = {str(payload.number) for payload in payloads if payload.act is not Act.WAITS}

    def answer(route: Route) -> None:
        text = texts.get(route.request.url.removeprefix(f"{UNSAFE}/page/"))
        if text is None:
            route.fulfill(status=404, body="")
        else:
            route.fulfill(headers=headers, body=f"<!doctype html><title>unsafe</title><body>{text}</body>")

    context.route(f"{UNSAFE}/**", answer)
    page = context.new_page()
    for number in texts:
        # What leaves at once, or waits for a foreign host, is no failure here.
        with suppress(Error):
            page.goto(f"{UNSAFE}/page/{number}", wait_until="load")
            rest(page)
        if policy is None and number in acting:
            wait_for(page, lambda: int(number) in seen.fired + seen.asked)  # noqa: B023 - called in this round
    page.close()
    context.unroute(f"{UNSAFE}/**")
    return seen


def wait_for(page: Page, happened: Callable[[], bool]) -> None:
    """Let the browser go on until something has happened, but not for ever."""
    deadline = time.monotonic() + 20
    while not happened() and time.monotonic() < deadline:
        page.wait_for_timeout(20)


def numbers(payloads: list[Payload], *acts: Act) -> set[int]:
    return {payload.number for payload in payloads if payload.act in acts}


def test_s10_the_texts_differ_fit_into_a_name_and_come_from_every_family() -> None:
    payloads = corpus(200)

    assert len({payload.text for payload in payloads}) == 200
    assert max(len(payload.text) for payload in payloads) <= LONGEST
    assert all(str(payload.number) in payload.text for payload in payloads)
    assert len({payload.family for payload in corpus(10)}) == 10
    assert len({payload.family for payload in payloads}) == 16


def test_s10_rendered_unsafely_the_texts_fire_without_a_policy_and_are_silent_under_ours(
    unsafe: tuple[BrowserContext, Watch], scale: Scale, measured: Callable[..., None]
) -> None:
    payloads = corpus(scale.pick(10, 200))

    bare = served(unsafe, payloads, None)
    fired, asked = set(bare.fired), set(bare.asked)
    under_policy = served(unsafe, payloads, page_policy())
    left = numbers(payloads, Act.LEAVES)

    assert numbers(payloads, Act.RUNS) - fired == set()
    assert numbers(payloads, Act.ASKS) - asked == set()
    assert under_policy.fired == []
    # No policy forbids a document to leave: there, only escaping helps.
    assert set(under_policy.asked) - left == set()
    measured("texts that fire without a policy and are silent under it", len(fired | asked))


def test_s10_streamlits_unsafe_markdown_fires_without_a_policy_and_is_silent_under_ours(
    unsafe: tuple[BrowserContext, Watch], bench: Bench
) -> None:
    context, seen = unsafe
    done: dict[str, tuple[set[int], set[int]]] = {}

    for policy in ("off", "ours"):
        seen.forget()
        page = context.new_page()
        page.goto(
            f"{bench.url}/?{urlencode([('show', 'unsafe'), ('policy', policy), *(('text', t) for t in IN_STREAMLIT)])}"
        )
        expect(page.get_by_text("drawn unsafely")).to_be_visible()
        settle(page)
        if policy == "off":
            # How long a picture takes to fail is the machine's matter.
            wait_for(page, lambda: set(seen.fired) == {1} and set(seen.asked) == {2, 3})
        page.close()
        done[policy] = set(seen.fired), set(seen.asked)

    assert done["off"] == ({1}, {2, 3})
    assert done["ours"] == (set(), set())
