"""Row S20, the other side of a strict policy: whatever our pages use still draws under it, to the pixel."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.security.bench import Bench
from tests.security.elements import COLUMN_TYPES, INSIDE, PASSING, SAMPLES, used_elements

# Antialiasing of a moved subpixel, not a missing style: of all pixels, and by how much of 255.
MOST_CHANGED = 0.002
VISIBLE_CHANGE = 24
# Drawn at the top of the page, wherever it is called.
AT_THE_TOP = {"logo": '[data-testid="stHeaderLogo"]'}
# High enough that nothing has to be scrolled to.
TALL = 4600
BOXES = """places => Object.fromEntries(Object.entries(places).map(([name, selector]) => {
    const box = document.querySelector(selector).getBoundingClientRect();
    return [name, [box.left, box.top, box.width, box.height].map(Math.round)];
}))"""

Picture = np.ndarray
Pictures = dict[str, Picture]


@dataclass(frozen=True)
class Drawn:
    """The samples as they were drawn, and what the browser had refused meanwhile."""

    pictures: Pictures
    refused: list[str]


@pytest.fixture(scope="module")
def draw(browser: Browser, bench: Bench) -> Iterator[Callable[[str], Drawn]]:
    """Draw the samples under the product's policy, or under another that the bench knows by name."""
    contexts: list[BrowserContext] = []

    def drawn(policy: str) -> Drawn:
        context = browser.new_context(viewport={"width": 900, "height": TALL}, reduced_motion="reduce")
        contexts.append(context)
        context.set_default_timeout(20_000)
        refused: list[str] = []
        context.expose_binding("refused", lambda _source, what: refused.append(what))
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation', e => "
            "refused(`${e.effectiveDirective} ${e.blockedURI}`))"
        )
        page = context.new_page()
        answer = page.goto(f"{bench.url}/?show=elements&policy={policy}")
        assert answer is not None
        assert ("content-security-policy" in answer.headers) is (policy != "off")
        settle(page, is_styled=policy != "unstyled")
        return Drawn(pictures_of(page, may_be_blank=policy == "unstyled"), refused)

    yield drawn
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def with_policy(draw: Callable[[str], Drawn]) -> Drawn:
    return draw("ours")


@pytest.fixture(scope="module")
def without_policy(draw: Callable[[str], Drawn]) -> Drawn:
    return draw("off")


def settle(page: Page, *, is_styled: bool) -> None:
    """Until the script has ended, charts and tables are there, and what a page loads late has come."""
    expect(page.get_by_text("everything is drawn")).to_be_attached()
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_attached()
    if is_styled:
        expect(page.locator(".st-key-element-altair_chart :is(canvas, svg.marks)").first).to_be_attached()
        expect(page.locator(".st-key-element-dataframe canvas").first).to_be_attached()
        expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0)
    page.evaluate("() => document.fonts.ready.then(() => true)")


def pictures_of(page: Page, *, may_be_blank: bool) -> Pictures:
    """Each element's region of the page, when two looks in a row agree and nothing is blank any more."""
    before, pictures = b"", dict[str, Picture]()
    for _ in range(30):
        now = page.screenshot(animations="disabled", caret="hide")
        pictures = cut_out(page, now)
        if now == before and (may_be_blank or not blank(pictures)):
            break
        before = now
    return pictures


def cut_out(page: Page, screenshot: bytes) -> Pictures:
    whole = np.asarray(Image.open(io.BytesIO(screenshot)).convert("RGB"), dtype=np.int16)
    places = {name: AT_THE_TOP.get(name, f".st-key-element-{name}") for name in SAMPLES}
    boxes = page.evaluate(BOXES, places)
    return {
        name: whole[top : top + height, left : left + width]
        for name, (left, top, width, height) in boxes.items()
    }


def blank(pictures: Pictures) -> list[str]:
    """The elements of which nothing is to be seen."""
    return [name for name, picture in pictures.items() if picture.size == 0 or picture.min() == picture.max()]


def changed(one: Picture, other: Picture) -> float:
    """The share of pixels that differ visibly; all of them when the regions differ in size."""
    if one.shape != other.shape:
        return 1.0
    return float((np.abs(one - other).max(axis=2) > VISIBLE_CHANGE).mean())


def test_s20_every_element_type_that_a_page_uses_has_a_sample() -> None:
    drawn = set(SAMPLES) | set(INSIDE) | PASSING | {f"column:{name}" for name in COLUMN_TYPES}

    assert used_elements() - drawn == set()
    assert {"altair_chart", "dataframe", "column:LineChart", "component", "form"} <= used_elements()


def test_s20_every_element_draws_the_same_under_the_policy_as_without_it(
    with_policy: Drawn, without_policy: Drawn, measured: Callable[..., None]
) -> None:
    differ = {
        name: share
        for name in SAMPLES
        if (share := changed(with_policy.pictures[name], without_policy.pictures[name])) > MOST_CHANGED
    }

    assert differ == {}
    measured("element types compared pixel by pixel", len(SAMPLES))


def test_s20_every_sample_draws_something_that_the_picture_holds(without_policy: Drawn) -> None:
    assert blank(without_policy.pictures) == []


def test_s20_drawing_them_is_refused_nothing_but_compiling_for_charts(with_policy: Drawn) -> None:
    assert [what for what in with_policy.refused if "wasm-eval" not in what] == []


def test_s20_a_policy_that_blocks_styles_is_seen_in_the_pixels(
    draw: Callable[[str], Drawn], without_policy: Drawn
) -> None:
    unstyled = draw("unstyled")

    differing = [
        name
        for name in SAMPLES
        if changed(unstyled.pictures[name], without_policy.pictures[name]) > MOST_CHANGED
    ]
    assert len(differing) > len(SAMPLES) / 2
