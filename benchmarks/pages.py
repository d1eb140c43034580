"""`make bench`: for each page of the analyzer the time from the click on its link to the drawn figure, and its bytes.

Times are printed only: they are a machine's. What can fail is a page that gets more than 500 kB over the websocket.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, WebSocket, sync_playwright

import payment_handler
from domain.views import VIEWS
from tests.chromium import FLAGS, find_chromium
from tests.e2e.conftest import start_site
from tests.e2e.site import Site

_MOST_BYTES = 500_000
_AIM_MS = 300
# The last pieces of a page may come after its figure.
_SETTLED_MS = 400

# Presses the link and looks at each frame whether the page is the new one, at rest, and its figure is there: a chart,
# a table, a form, the watch-list, or the map, which lives in a shadow tree.
_CLICK = """async (name) => {
  const figure = ".stVegaLiteChart :is(canvas, svg), table.heat, table.figures, .stDataFrame canvas, .stForm, "
    + ".st-key-watch-add";
  const links = () => [...document.querySelectorAll('[class*="st-key-view-tab-"] a')];
  const isInShadow = () => [...document.querySelectorAll("*")].some((e) => e.shadowRoot?.querySelector(".head"));
  const isThere = () => document.querySelector('.st-key-view-tab-here')?.textContent.trim() === name
    && document.querySelector('[data-testid="stApp"]').dataset.testScriptState === "notRunning"
    && (document.querySelector(figure) || isInShadow());
  const link = links().find((a) => a.textContent.trim() === name);
  const began = performance.now();
  link.click();
  while (!isThere()) {
    if (performance.now() - began > 20000) throw new Error(`${name} draws no figure`);
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - began;
}"""


@dataclass
class Received:
    """Bytes that came over the websockets of a page since the last look."""

    count: int = 0

    def listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._add)

    def _add(self, payload: str | bytes) -> None:
        self.count += len(payload.encode() if isinstance(payload, str) else payload)


def main() -> int:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        site = start_site(Path(name))
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        try:
            context = browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 900})
            _let_subscriber_in(site, context)
            largest = _walk(context.new_page())
        finally:
            browser.close()
            site.stop()
    if largest > _MOST_BYTES:
        print(f"FAILED: a page gets {largest / 1000:.0f} kB over the websocket")
        return 1
    return 0


def _let_subscriber_in(site: Site, context: object) -> None:
    member = site.join()
    site.simulator("POST", f"/control/orders/{member.order.id}/pay", method="card", outcome="SUCCESS")
    payment_handler.sync_order(site.services, member.order.id)
    site.let_in(context, member.user)  # type: ignore[arg-type]


def _walk(page: Page) -> int:
    """Every page twice, the first time and again, and print both. Returns the most bytes of a visit."""
    received = Received()
    page.on("websocket", received.listen)
    page.goto("/account")
    page.goto(f"/{list(VIEWS)[-1]}")
    page.locator(
        '[data-testid="stApp"][data-test-script-state="notRunning"] .st-key-view-tab-here'
    ).wait_for()
    visits: dict[str, list[tuple[float, int]]] = {name: [] for name in VIEWS.values()}
    for _ in range(2):
        for name, seen in visits.items():
            page.wait_for_timeout(_SETTLED_MS)
            received.count = 0
            taken = page.evaluate(_CLICK, name)
            page.wait_for_timeout(_SETTLED_MS)
            seen.append((taken, received.count))
    print(f"from a click to the figure (aim {_AIM_MS} ms), and bytes over the websocket (at most 500 kB)")
    for name, seen in visits.items():
        said = [f"{taken:5.0f} ms {count / 1000:6.1f} kB" for taken, count in seen]
        print(f"{name:<20} first {said[0]}   again {said[1]}")
    print(f"{'a sector pressed on the map':<49} {_press(page, received) / 1000:6.1f} kB")
    return max(count for seen in visits.values() for _, count in seen)


def _press(page: Page, received: Received) -> int:
    """Bytes that a pick on the Rotation Map costs: its line, and not the positions again."""
    page.evaluate(_CLICK, VIEWS["rotation-map"])
    page.wait_for_timeout(_SETTLED_MS)
    received.count = 0
    page.get_by_role("button", name="Pharma").click()
    page.get_by_text("Pharma ÷").wait_for()
    page.wait_for_timeout(_SETTLED_MS)
    return received.count


if __name__ == "__main__":
    sys.exit(main())
