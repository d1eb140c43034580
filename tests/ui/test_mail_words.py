"""What pages say of a mail that was just written: that it comes, only where a mail server takes it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.panel import click, seen
from ui.mail_words import KEPT, add_kept, tell_coming, tell_sent


@pytest.fixture
def mailing(services):
    """The same services with a mail server."""
    return replace(services, mail_sender=object())


@pytest.fixture
def forgot_page(monkeypatch):
    """What the page says after a link was asked for with this address."""
    monkeypatch.setattr("ui.forgot.footer", lambda _settings: None)
    monkeypatch.setattr("streamlit.page_link", lambda *_, **__: None)
    monkeypatch.setattr("ui.forgot.page", lambda path: path)

    def ask(services, address: str) -> str:
        page = AppTest.from_function(_draw, default_timeout=20, args=(services,)).run()
        page.text_input(key="forgot-email").set_value(address)
        click(page, "Send the link")
        return seen(page)

    return ask


def test_a_mail_is_on_its_way_only_where_a_server_takes_it(services, mailing) -> None:
    assert tell_sent(mailing, "A link", "a@example.com") == "A link is on its way to a@example.com."
    assert tell_sent(services, "A link", "a@example.com") == f"A link for a@example.com is written. {KEPT}"
    assert tell_coming(mailing, "a@example.com") == "a@example.com is told by mail."
    assert tell_coming(services, "a@example.com") == f"A mail for a@example.com is written. {KEPT}"
    assert (add_kept(mailing, "Told."), add_kept(services, "Told.")) == ("Told.", f"Told. {KEPT}")


def test_s24_the_reset_page_says_where_a_link_is_and_never_whose(
    services, mailing, user, forgot_page
) -> None:
    known, unknown = (forgot_page(services, address) for address in ("asha@example.com", "no@example.com"))

    assert known == unknown
    assert KEPT in known
    assert "on its way" not in known
    assert "a link is on its way to it" in forgot_page(mailing, "no@example.com")


def _draw(services):  # type: ignore[no-untyped-def]  # run as a script of its own, without our imports
    from ui import forgot

    forgot.render(services, None)
