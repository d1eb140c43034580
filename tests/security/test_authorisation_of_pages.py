"""Every page and every part of the admin panel for everybody, and pages that are forged, old or left open."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

import admin_panel
import landing_page
from domain.errors import Forbidden, OrderNotFound
from tests.security.leaving import switch_page
from tests.security.pages import (
    DETAILS,
    PAGES,
    SECTIONS,
    Drawn,
    Sees,
    draw_pages,
    draw_panel,
    panel_addresses,
)
from tests.security.people import NOTHING, Person, World, all_rows, in_one_transaction
from tests.security.world import world as world
from tests.ui.panel import seen
from ui import session

ROWS = PAGES


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Any]]:
    """The world for one test, its services behind the pages, and leaving a page made visible."""
    with in_one_transaction(world) as (here, conn):
        monkeypatch.setattr(landing_page, "get_services", lambda: here.services)
        monkeypatch.setattr(st, "switch_page", switch_page)
        yield here, conn


def be(monkeypatch: pytest.MonkeyPatch, person: Person | None) -> None:
    """The cookies of this browser are this person's."""
    tokens = {} if person is None else {"session": person.token, "browser": person.browser_token}
    monkeypatch.setattr(session, "read_cookie", tokens.get)


def find_pages(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The addresses that are registered for a visitor, a subscriber and an admin, in their order."""
    found: dict[str, list[str]] = {}
    more = {"is_half": False} if "is_half" in inspect.signature(landing_page._navigation).parameters else {}
    for name, user in {
        "visitor": None,
        "subscriber": SimpleNamespace(is_admin=False),
        "admin": SimpleNamespace(is_admin=True),
    }.items():
        registered: dict[str, object] = {}
        with monkeypatch.context() as patch:
            patch.setattr(landing_page.pages, "register", registered.update)
            patch.setattr(st, "navigation", lambda *_, **__: None)
            landing_page._navigation(None, user, **more)  # type: ignore[arg-type]
        found[name] = list(registered)
    return found


def test_s13_every_page_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = sorted(set(find_pages(monkeypatch)["admin"]) - set(ROWS))

    assert not missing, f"{missing}: add a row to tests/security/pages.py with what each role sees."


def test_s13_every_row_has_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = set(PAGES) - set(find_pages(monkeypatch)["admin"])

    assert sorted(gone) == [], "gone, so take the rows out of tests/security/pages.py"


def test_s14_a_forged_page_hash_finds_the_same_pages_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is not shown in the menu can be asked for all the same: each answers for itself, as tried below."""
    found = find_pages(monkeypatch)

    assert found["visitor"] == found["subscriber"] == found["admin"]


def test_s13_every_part_of_the_panel_has_a_row() -> None:
    assert set(admin_panel._SECTIONS) == set(SECTIONS), (
        "say in tests/security/pages.py what the section shows"
    )
    assert set(admin_panel._DETAILS) == set(DETAILS), "say in tests/security/pages.py what the page shows"


@pytest.mark.parametrize("role", ["anonymous", "owner", "other", "admin"])
def test_s13_everybody_sees_of_every_page_what_the_matrix_says(here, monkeypatch, role: str) -> None:
    world, conn = here
    person = None if role == "anonymous" else getattr(world, role)
    be(monkeypatch, person)
    before = all_rows(conn)
    paths = [path for path in find_pages(monkeypatch)["admin"] if path in ROWS]

    drawn = draw_pages(world.services, None if person is None else person.user, paths)

    for path, page in drawn.items():
        kind = getattr(ROWS[path], "subscriber" if role in {"owner", "other"} else role)
        assert_sees(world, path, page, kind, is_owner=role == "owner")
    assert all_rows(conn) == before


@pytest.mark.parametrize("role", ["anonymous", "other", "admin"])
def test_s13_a_return_with_somebody_elses_order_is_shown_like_one_with_an_unknown_order(
    here, monkeypatch, role: str
) -> None:
    world, conn = here
    person = None if role == "anonymous" else getattr(world, role)
    be(monkeypatch, person)
    before = all_rows(conn)

    theirs, nobodys = (
        draw_pages(world.services, person and person.user, [""], {"order_id": order_id})[""]
        for order_id in (world.things.paid_order_id, NOTHING.paid_order_id)
    )

    assert theirs == nobodys
    assert ("Log in to see your payment" if person is None else OrderNotFound.user_message) in theirs.words
    assert all_rows(conn) == before


@pytest.mark.parametrize("section", SECTIONS)
def test_s13_an_admin_sees_the_section(here, section: str) -> None:
    world, _conn = here

    shown = draw_panel(world.services, world.admin.user, [{"section": section}])

    assert getattr(world.things, SECTIONS[section]) in seen(shown)


@pytest.mark.parametrize("name", DETAILS)
def test_s13_an_admin_sees_the_page_of_one_thing(here, name: str) -> None:
    world, _conn = here
    what, mark = DETAILS[name]

    shown = draw_panel(world.services, world.admin.user, [{name: str(getattr(world.things, what))}])

    assert getattr(world.things, mark) in seen(shown)


@pytest.mark.parametrize("role", ["owner", "other"])
def test_s14_a_subscriber_who_forges_addresses_of_the_panel_sees_one_sentence(here, role: str) -> None:
    world, conn = here
    addresses, before = panel_addresses(world.things), all_rows(conn)

    shown = draw_panel(world.services, getattr(world, role).user, addresses)

    assert seen(shown) == "\n".join([Forbidden.user_message] * len(addresses))
    assert nothing_to_press(shown)
    assert all_rows(conn) == before


def test_s14_a_subscriber_who_forges_what_the_panel_remembers_sees_one_sentence(here) -> None:
    world, conn = here
    before = all_rows(conn)
    shown = AppTest.from_function(_panel_of, args=(world.services, world.other.user), default_timeout=20)
    for key, value in {
        "admin-section": "users",
        "admin-search": world.things.email,
        "admin-back": True,
        f"admin-alarm-resolve-{world.things.alarm_id}": True,
        f"admin-letter-again-{world.things.job_id}": True,
        f"admin-event-again-{world.things.event_id}": True,
    }.items():
        shown.session_state[key] = value

    shown.run()

    assert seen(shown) == Forbidden.user_message
    assert nothing_to_press(shown)
    assert all_rows(conn) == before


@pytest.mark.parametrize("role", ["fallen", "barred"])
def test_s14_an_admin_of_before_gets_nothing_even_when_a_page_still_believes_in_them(here, role: str) -> None:
    """The page is handed the admin that it was drawn for: the use-cases ask the database."""
    world, conn = here
    believed, before = getattr(world, role).user, all_rows(conn)
    assert believed.is_admin

    addresses = panel_addresses(world.things)
    shown = draw_panel(world.services, believed, addresses)

    assert [element.value for element in shown.text] == [Forbidden.user_message] * len(addresses)
    assert world.leaks(seen(shown)) == []
    for section in admin_panel._LISTINGS:
        with pytest.raises(Forbidden):
            admin_panel._export(world.services, believed, section)
    assert all_rows(conn) == before


@pytest.mark.parametrize(
    ("section", "label"), [("checks", "Resolve"), ("dead-letters", "Try again"), ("checks", "Run now")]
)
def test_s14_an_admin_who_is_demoted_with_an_open_tab_is_refused_on_the_next_run(
    here, monkeypatch, section: str, label: str
) -> None:
    world, conn = here
    be(monkeypatch, world.admin)
    tab = AppTest.from_function(_panel_of_the_cookie, default_timeout=20, args=(world.services,))
    tab.query_params["section"] = section
    tab.run()
    assert world.things.order_id in seen(tab)
    conn.execute(text("UPDATE users SET role = 'subscriber' WHERE id = :id"), {"id": world.admin.user.id})
    before = all_rows(conn)

    next(button for button in tab.button if button.label == label).click().run()

    assert seen(tab) == Forbidden.user_message
    assert nothing_to_press(tab)
    assert all_rows(conn) == before


@pytest.mark.parametrize("section", [name for name in SECTIONS if name in admin_panel._LISTINGS])
def test_s13_an_export_is_an_admins(here, section: str) -> None:
    world, conn = here
    before = all_rows(conn)

    for person in (world.owner, world.other):
        with pytest.raises(Forbidden):
            admin_panel._export(world.services, person.user, section)

    assert all_rows(conn) == before
    file = admin_panel._export(world.services, world.admin.user, section).decode("utf-8")
    assert getattr(world.things, SECTIONS[section]) in file


def assert_sees(world: World, path: str, page: Drawn, kind: Sees, *, is_owner: bool) -> None:
    if kind is Sees.LOGIN:
        assert page.led_to == ("login", {"next": path}), path
    elif kind is Sees.HOME:
        assert page.led_to is not None and page.led_to[0] == "", path
    else:
        assert page.led_to is None, path
    if kind in {Sees.LOGIN, Sees.HOME}:
        assert (page.words, page.labels) == ("", []), path
    elif kind is Sees.FORBIDDEN:
        assert (page.words, page.labels) == (Forbidden.user_message, []), path
    else:
        assert len(page.words) > 40, path
        may_see = kind is Sees.OWNERS or (kind is Sees.OWN and is_owner)
        # What belongs to everybody may still greet the owner by name.
        assert is_owner or may_see or world.leaks(page.words) == [], path
        assert not may_see or world.leaks(page.words), path


def nothing_to_press(shown: AppTest) -> bool:
    return not (shown.button or shown.text_input or shown.title or shown.get("segmented_control"))


def _panel_of(services, user):  # type: ignore[no-untyped-def]  # run as a script of its own, without our imports
    import admin_panel

    admin_panel.render(services, user)


def _panel_of_the_cookie(services):  # type: ignore[no-untyped-def]  # the same, asking each time who is there
    import admin_panel
    from ui import session

    admin_panel.render(services, session.current_user(services))
