"""Row S10: hostile texts through every field into every page of the running application, in Chromium.

Nothing of them runs, nothing asks a foreign host, and our own pages give the policy nothing to refuse:
they are escaped, and the policy is a second line that is not needed here.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

import admin_panel
import landing_page
from domain.views import CHOICES, VIEWS
from tests.e2e import journey
from tests.security import hostile_rows
from tests.security.conftest import Scale
from tests.security.payloads import Payload, corpus
from tests.security.walk import Walk
from tests.security.walk import walk as walk

ROOT = Path(__file__).resolve().parents[2]
# A text is in two rows of some lists, and all must stand on a list's first page.
BATCH = admin_panel.PAGE_ROWS // 2
PAGES = tuple(landing_page._pages())
# They show the same to everybody; what stands in their address is tried apart.
SAME_FOR_ALL = {"login", "register", "contact", "refunds", "terms", "privacy"}
# Every parameter of an address that some page reads.
PARAMETERS = sorted({
    name
    for path in (*sorted((ROOT / "ui").glob("*.py")), ROOT / "landing_page.py", ROOT / "admin_panel.py")
    for line in path.read_text(encoding="utf-8").splitlines()
    if "query" in line
    for name in re.findall(r'"([a-z_]+)"', line)
} | set(CHOICES))  # fmt: skip


@pytest.fixture(scope="module")
def batches(walk: Walk, scale: Scale) -> Callable[[], Iterator[list[Payload]]]:
    """The texts, so many at a time as a list shows on one page, each batch planted for as long as it is looked at."""
    payloads = corpus(scale.pick(10, 200))

    def each() -> Iterator[list[Payload]]:
        for start in range(0, len(payloads), BATCH):
            batch = payloads[start : start + BATCH]
            hostile_rows.plant(walk.site, walk.planted, walk.admin, batch)
            try:
                yield batch
            finally:
                hostile_rows.uproot(walk.site, walk.planted)

    return each


def test_s10_hostile_texts_in_every_field_are_text_on_every_page(
    walk: Walk, batches: Callable[[], Iterator[list[Payload]]], scale: Scale, measured: Callable[..., None]
) -> None:
    tried = 0
    for batch in batches():
        singles = scale.pick(batch[:1], batch)
        look_as_admin(walk, batch, singles)
        look_as_member(walk, batch, singles, views=list(VIEWS)[:: scale.pick(4, 1)])
        look_at_the_gateway(walk, batch)
        tried += len(batch)

    walk.check("at the end")
    measured("texts through every field", tried)
    measured("fields that took a text in the form", walk.planted.accepted)
    measured("pages looked at", walk.visited)


def look_as_admin(walk: Walk, batch: list[Payload], singles: list[Payload]) -> None:
    member, planted = walk.planted.member, walk.planted
    walk.become(walk.admin)
    for section in admin_panel._SECTIONS:
        walk.open(f"/admin?section={section}")
        # Three accounts were made for a text: the list's first page does not hold them all.
        if section not in ("overview", "users"):
            walk.expect_shown(batch, section)
        walk.check(section)
    walk.open("/admin?section=checks")
    walk.page.get_by_text("Show resolved").click()
    walk.expect_shown(batch, "resolved alarms")
    for address in (f"user={member.user.id}", f"order={member.order.id}"):
        walk.open(f"/admin?{address}")
        walk.expect_shown(batch, address)
        walk.check(address)
    for number, payload in enumerate(singles):
        for address in (
            f"user={planted.named[number].id}",
            f"order={planted.order_ids[number]}",
            f"event={planted.event_ids[2 * number]}",
            f"mail={planted.mail_ids[number]}",
        ):
            walk.open(f"/admin?{address}")
            walk.expect_shown([payload], address)
            walk.check(address)


def look_as_member(walk: Walk, batch: list[Payload], singles: list[Payload], *, views: list[str]) -> None:
    member, buyer = walk.planted.member, walk.planted.buyer
    walk.become(member.user)
    for path in PAGES:
        if path in SAME_FOR_ALL or (path in VIEWS and path not in views):
            continue
        walk.open(f"/{path}")
        if path == "billing":
            walk.expect_shown(batch, path)
        walk.check(path)
    walk.become(buyer.user)
    for payload in singles:
        hostile_rows.fail_payment(walk.site, walk.planted, payload)
        walk.open(f"/?order_id={buyer.order.id}")
        expect(walk.page.get_by_role("heading", name="Payment failed")).to_be_visible()
        walk.expect_shown([payload], "the return page")
        walk.check("the return page")


def look_at_the_gateway(walk: Walk, batch: list[Payload]) -> None:
    """The checkout document and the simulator's own pages: they are ours, too."""
    named = walk.planted.named[0]
    order_id = hostile_rows.open_order(walk.site, named)
    walk.become(named)
    walk.page.goto(f"/checkout/{order_id}")
    journey.expect_gateway(walk.page)
    walk.page.goto(f"{walk.site.simulator_url}/dashboard/orders/{order_id}")
    expect(walk.page.get_by_text(order_id).first).to_be_visible()
    walk.visited += 2
    walk.check("the gateway's pages")


def test_s10_hostile_texts_in_an_address_do_nothing(
    walk: Walk, scale: Scale, measured: Callable[..., None]
) -> None:
    payloads = corpus(scale.pick(10, 200))
    assert {"order_id", "section", "next", "plan"} <= set(PARAMETERS)
    member, buyer = walk.planted.member.user, walk.planted.buyer.user
    pages = [(member if path in VIEWS else None, path) for path in PAGES if path != "admin"]
    pages += [(None, "dashboard"), (buyer, ""), (walk.admin, "admin")]

    # Two texts share an address in the small run; in the large one each text has its own, on a third of the pages.
    together = scale.pick(2, 1)
    for number, start in enumerate(range(0, len(payloads), together)):
        texts = cycle(payload.text for payload in payloads[start : start + together])
        query = urlencode(dict(zip(PARAMETERS, texts, strict=False)))
        for user, path in pages[2 * number % len(pages) :: scale.pick(len(pages), 3)]:
            walk.become(user)
            walk.open(f"/{path}?{query}")
            walk.check(f"/{path}?{query}")

    measured("texts in the parameters of an address", len(payloads))


def test_s11_a_downloaded_list_holds_no_cell_that_a_spreadsheet_would_calculate(
    walk: Walk, measured: Callable[..., None]
) -> None:
    formulas = [payload for payload in corpus(200) if payload.family == "formula"]
    hostile_rows.plant(walk.site, walk.planted, walk.admin, formulas)
    walk.become(walk.admin)
    walk.open("/admin?section=orders")

    with walk.page.expect_download() as started:
        walk.page.get_by_role("button", name="Download CSV").click()
    lines = list(
        csv.reader(io.StringIO(Path(started.value.path()).read_bytes().decode("utf-8-sig"), newline=""))
    )

    hostile_rows.uproot(walk.site, walk.planted)
    cells = [cell for line in lines for cell in line]
    assert [cell for cell in cells if is_calculated(cell)] == []
    assert {payload.number for payload in formulas if f"'{payload.text}" in cells} == {
        p.number for p in formulas
    }
    measured("formulas through an export", len(formulas))


def is_calculated(cell: str) -> bool:
    """What a spreadsheet takes for a formula, also behind white space, a quote or in wide letters."""
    return cell.lstrip(' \t\r\n"')[:1] in {"=", "+", "-", "@", "＝", "＋", "－", "＠"} or cell[:1] in {
        "\t",
        "\r",
    }


def test_s11_the_test_of_a_cell_knows_formulas() -> None:
    assert all(is_calculated(text) for text in ("=1", "+1", "-1", "@a", "\t=1", "\r=1", "＝1", ' "=1'))
    assert not any(is_calculated(text) for text in ("'=1", "", "499.00", "a=1", "'\t=1"))
