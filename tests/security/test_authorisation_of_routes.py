"""Every route and method for everybody: a new one without a row fails, and who may not learns and changes nothing."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

pytest.importorskip("httpx2", reason="needs requirements-dev.txt")

from starlette.testclient import TestClient

import web
import web.middleware
from accounts.sessions import browser_cookie_name, session_cookie_name
from tests.security.people import NOTHING, Person, Things, World, all_rows, in_one_transaction
from tests.security.routes import OURS, ROUTES, Answers
from tests.security.world import world as world
from web.middleware import SecurityHeaders
from web.routes import build_routes
from wiring import Services

Client = Callable[[Services, Person | None], TestClient]

STRANGERS_BROWSER = "browser-of-nobody"


def find_routes() -> set[tuple[str, str]]:
    """Every path with every method. Another kind of route than a plain one has to be thought about first."""
    return {(route.path, method) for route in build_routes() for method in _methods(route)}


def _methods(route: BaseRoute) -> set[str]:
    assert isinstance(route, Route) and route.methods, f"{route}: teach find_routes what it opens"
    return route.methods


ROWS = ROUTES
HERE = sorted(find_routes() & set(ROWS))
# Where the session decides. A ticket is a proof of its own.
ASKING_WHO = [
    key for key in HERE if ROWS[key].anonymous != ROWS[key].owner and not key[0].startswith("/auth/")
]


@pytest.fixture
def open_as(monkeypatch: pytest.MonkeyPatch) -> Client:
    """Make a client with somebody's cookies in front of some services. Redirects are not followed."""

    def open_it(services: Services, person: Person | None) -> TestClient:
        for info in pkgutil.iter_modules(web.__path__, "web."):
            if hasattr(importlib.import_module(info.name), "get_services"):
                monkeypatch.setattr(f"{info.name}.get_services", lambda: services)
        monkeypatch.setattr(web.middleware, "_settings", lambda: services.settings)
        app = Starlette(routes=build_routes(), middleware=[Middleware(SecurityHeaders)])
        client = TestClient(app, base_url="http://localhost:8501", follow_redirects=False)
        browser = STRANGERS_BROWSER if person is None else person.browser_token
        client.cookies.set(browser_cookie_name(services.settings), browser)
        if person is not None:
            client.cookies.set(session_cookie_name(services.settings), person.token)
        return client

    return open_it


def test_s13_every_route_has_a_row() -> None:
    missing = sorted(find_routes() - set(ROWS))

    assert not missing, f"{missing}: add a row to tests/security/routes.py with what each role is answered."


def test_s13_every_row_has_its_route() -> None:
    assert sorted(set(ROUTES) - find_routes()) == [], "gone, so take the rows out of tests/security/routes.py"


@pytest.mark.parametrize(("path", "method"), HERE)
def test_s13_everybody_is_answered_what_the_matrix_says(
    world: World, open_as: Client, path: str, method: str
) -> None:
    row = ROWS[path, method]
    for role in ("anonymous", "other", "admin", "owner"):
        with in_one_transaction(world) as (here, conn):
            person = None if role == "anonymous" else getattr(here, role)
            before = all_rows(conn)

            answer = ask(open_as(here.services, person), method, row, here.things)

            assert told(answer) == getattr(row, role), role
            if role not in row.writers:
                assert all_rows(conn) == before, role
            if role != "owner":
                assert here.leaks(without_the_question(answer.text, row, here.things)) == [], role
                assert [line for line in all_rows(conn) - before if here.leaks(line[1])] == [], role


@pytest.mark.parametrize(("path", "method"), [key for key in HERE if ROWS[key].path(NOTHING) != key[0]])
def test_s13_somebody_elses_is_answered_like_what_does_not_exist(
    world: World, open_as: Client, path: str, method: str
) -> None:
    row = ROWS[path, method]
    for role in ("anonymous", "other", "admin"):
        with in_one_transaction(world) as (here, _conn):
            client = open_as(here.services, None if role == "anonymous" else getattr(here, role))

            theirs, nobodys = (ask(client, method, row, things) for things in (here.things, NOTHING))

            assert told(theirs) == told(nobodys), role
            assert theirs.content == nobodys.content, role


@pytest.mark.parametrize(("path", "method"), ASKING_WHO)
@pytest.mark.parametrize("why", ["barred", "half"])
def test_s13_a_session_that_opens_nothing_is_a_visitors(
    world: World, open_as: Client, path: str, method: str, why: str
) -> None:
    row = ROWS[path, method]
    with in_one_transaction(world) as (here, conn):
        person = here.barred if why == "barred" else here.owner
        if why == "half":
            conn.execute(
                text("""
                INSERT INTO second_factors (user_id, nonce, confirmed_at)
                VALUES (:id, decode(repeat('00', 32), 'hex'), now())
                """),
                {"id": person.user.id},
            )
        assert told(ask(open_as(here.services, person), method, row, here.things)) == row.anonymous


@pytest.mark.parametrize(("path", "method"), [key for key in HERE if ROWS[key].headers == OURS])
def test_s13_another_sites_page_changes_nothing_with_the_owners_cookie(
    world: World, open_as: Client, path: str, method: str
) -> None:
    row = ROWS[path, method]
    with in_one_transaction(world) as (here, conn):
        client, before = open_as(here.services, here.owner), all_rows(conn)

        answer = client.request(
            method,
            row.path(here.things),
            headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        )

        assert answer.status_code in {403, 405}
        assert all_rows(conn) == before


def test_s13_signing_out_ends_no_session_but_ones_own(world: World, open_as: Client) -> None:
    with in_one_transaction(world) as (here, conn):
        ask(open_as(here.services, here.other), "POST", ROUTES["/auth/sign-out", "POST"], here.things)

        ended = (
            conn.execute(text("SELECT user_id FROM sessions WHERE revoked_at IS NOT NULL")).scalars().all()
        )
        assert ended == [here.other.user.id]


def ask(client: TestClient, method: str, row: Answers, things: Things):  # type: ignore[no-untyped-def]
    return client.request(method, row.path(things), headers=dict(row.headers))


def told(answer) -> str:  # type: ignore[no-untyped-def]
    return " ".join([str(answer.status_code), *answer.headers.get_list("location")])


def without_the_question(words: str, row: Answers, things: Things) -> str:
    """What was asked for may be repeated; it is known already."""
    return words.replace(row.path(things), "")
