"""The authorisation matrix of the pages: what everybody sees of each, and where they are led instead.

Found in the pages that `landing_page` registers and in the sections of the admin panel; drawn by Streamlit's own test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from streamlit.testing.v1 import AppTest

from domain.accounts import User
from domain.views import VIEWS
from tests.security.people import Things
from wiring import Services


class Sees(Enum):
    """What somebody is shown of a page."""

    PAGE = "the page as everybody sees it, with nothing of the owner's"
    OWN = "their own data; of the owner's only when they are the owner"
    OWNERS = "the owner's data, because an admin may"
    FORBIDDEN = "one sentence that the page is not for them"
    LOGIN = "nothing: they are led to the login, which leads back"
    HOME = "nothing: they are led home, being logged in"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a visitor, a subscriber and an admin see. The owner and the other subscriber differ in whose data it is."""

    anonymous: Sees
    subscriber: Sees
    admin: Sees


_PUBLIC = Seen(Sees.PAGE, Sees.PAGE, Sees.PAGE)
_MEMBERS = Seen(Sees.LOGIN, Sees.OWN, Sees.OWN)
_ANALYZER = Seen(Sees.LOGIN, Sees.PAGE, Sees.PAGE)
_VISITORS = Seen(Sees.PAGE, Sees.HOME, Sees.HOME)

PAGES: Mapping[str, Seen] = {
    "": Seen(Sees.PAGE, Sees.OWN, Sees.OWN),
    **dict.fromkeys(VIEWS, _ANALYZER),
    "billing": _MEMBERS,
    "admin": Seen(Sees.LOGIN, Sees.FORBIDDEN, Sees.OWNERS),
    "login": _VISITORS,
    "register": _VISITORS,
    "forgot": _PUBLIC,
    "reset": _PUBLIC,
    "verify": _PUBLIC,
    "contact": _PUBLIC,
    "refunds": _PUBLIC,
    "terms": _PUBLIC,
    "privacy": _PUBLIC,
    "account": Seen(Sees.LOGIN, Sees.PAGE, Sees.PAGE),
}

# What the panel shows an admin of the owner's; for everybody else each is as forbidden as the others.
SECTIONS: Mapping[str, str] = {
    "overview": "paid_order_id",
    "users": "email",
    "orders": "order_id",
    "payments": "paid_order_id",
    "refunds": "paid_order_id",
    "events": "paid_order_id",
    "mails": "email",
    "dead-letters": "order_id",
    "checks": "order_id",
    "market-data": "held_price_reason",
}
# The name in the address, what stands behind it, and what is seen then.
DETAILS: Mapping[str, tuple[str, str]] = {
    "user": ("user_id", "email"),
    "order": ("paid_order_id", "refund_key"),
    "event": ("event_id", "paid_order_id"),
    "mail": ("mail_id", "email"),
}


@dataclass
class Drawn:
    """What was drawn, and where the page led instead."""

    words: str = ""
    labels: list[str] = field(default_factory=list)
    led_to: tuple[str, object] | None = None


def panel_addresses(things: Things) -> list[dict[str, str]]:
    """Every address inside the panel, with the owner's ids."""
    sections = [{"section": section} for section in SECTIONS]
    return sections + [{name: str(getattr(things, what))} for name, (what, _) in DETAILS.items()]


def draw_pages(
    services: Services, user: User | None, paths: list[str], query: Mapping[str, str] | None = None
) -> dict[str, Drawn]:
    """Draw pages one after the other in one run, as `landing_page` would with this user and this address."""
    drawn: dict[str, Drawn] = {path: Drawn() for path in paths}
    shown = AppTest.from_function(
        _draw_pages, default_timeout=60, args=(services, user, drawn, dict(query or {}))
    ).run()
    assert not shown.exception, [element.value for element in shown.exception]
    for path, page in drawn.items():
        block = next(
            b for b in shown.main.children.values() if getattr(b.proto, "id", "").endswith(f"-of-{path}")
        )
        page.words, page.labels = words_of(block)
    return drawn


def draw_panel(services: Services, user: User | None, addresses: list[dict[str, str]]) -> AppTest:
    """Draw the admin panel at addresses, one after the other in one run; a refusal is told like `landing_page` does."""
    shown = AppTest.from_function(_draw_panel, default_timeout=60, args=(services, user, addresses)).run()
    assert not shown.exception
    return shown


def words_of(block) -> tuple[str, list[str]]:  # type: ignore[no-untyped-def]  # a tree of Streamlit's own test
    """All text below a block, and the labels of what can be pressed or filled in."""
    words, labels = [], []
    for element in _elements(block):
        proto = getattr(element, "proto", None)
        for name in ("body", "label", "value"):
            text = getattr(proto, name, None)
            if isinstance(text, str) and text:
                (labels if name == "label" else words).append(text)
    return "\n".join([*words, *labels]), labels


def _elements(block):  # type: ignore[no-untyped-def]
    for child in getattr(block, "children", {}).values():
        yield child
        yield from _elements(child)


def _draw_pages(services, user, drawn, query):  # type: ignore[no-untyped-def]  # run as a script of its own
    import inspect

    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    import landing_page
    from tests.security.leaving import Left

    more = {"is_half": False} if "is_half" in inspect.signature(landing_page._navigation).parameters else {}
    landing_page._navigation(services, user, **more)
    for path in drawn:
        # Each page has the one footer, which Streamlit wants once in a run: here it is a run for each.
        get_script_run_ctx().shared.reset()
        with st.container(key=f"page-of-{path}"):
            st.query_params.clear()
            st.query_params.update(query)
            try:
                landing_page.pages.page(path)._page()
            except Left as left:
                drawn[path].led_to = (left.path, left.query)


def _draw_panel(services, user, addresses):  # type: ignore[no-untyped-def]  # run as a script of its own
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    import admin_panel
    from domain.errors import Forbidden

    for address in addresses:
        get_script_run_ctx().shared.reset()
        st.query_params.clear()
        st.query_params.update(address)
        try:
            admin_panel.render(services, user)
        except Forbidden as refusal:
            st.text(refusal.user_message)
