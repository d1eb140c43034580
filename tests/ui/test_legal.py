"""The contact page, drawn by Streamlit itself."""

from __future__ import annotations

from dataclasses import replace

from streamlit.testing.v1 import AppTest

from tests.ui.panel import seen


def test_the_contact_page_asks_for_the_order_id_once(services, monkeypatch) -> None:
    monkeypatch.setattr("ui.legal.footer", lambda _settings: None)
    settings = services.settings.model_copy(update={"support_email": "help@example.com"})
    page = AppTest.from_function(
        _draw, default_timeout=20, args=(replace(services, settings=settings),)
    ).run()

    assert not page.exception
    assert seen(page).count("the order id") == 1


def _draw(services):  # type: ignore[no-untyped-def]  # run as a script of its own, without our imports
    from ui import legal

    legal.render_contact(services, None)
