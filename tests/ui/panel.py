"""The admin panel as Streamlit's own test runs it, and what can be read on it."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from domain.accounts import User
from wiring import Services


def open_panel(services: Services, user: User, /, **query: str) -> AppTest:
    """The panel for this user at this address."""
    page = AppTest.from_function(_draw, default_timeout=20, args=(services, user))
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def click(page: AppTest, label: str) -> None:
    """Press the button with this label; the page is drawn anew."""
    (button,) = [button for button in page.button if button.label == label]
    button.click().run()
    assert not page.exception


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def seen(page: AppTest) -> str:
    """All that is drawn as HTML or text."""
    blocks = [element.proto.body for element in page.get("html")]
    return "\n".join([*blocks, *(element.value for element in (*page.text, *page.code, *page.markdown))])


def _draw(services, user):  # type: ignore[no-untyped-def]  # run as a script of its own, without our imports
    import admin_panel

    admin_panel.render(services, user)
