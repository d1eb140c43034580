from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

import admin_panel
from database.queue import Job
from domain.accounts import User
from tests.reports.rows import (
    insert_alarm,
    insert_event,
    insert_mail,
    insert_order,
    insert_payment,
    insert_period,
    insert_refund,
    insert_user,
)
from wiring import Services

Open = Callable[..., AppTest]


def draw(services, user):  # type: ignore[no-untyped-def]  # run as a script of its own, without our imports
    import admin_panel

    admin_panel.render(services, user)


@pytest.fixture
def admin(services: Services) -> User:
    with services.engine.begin() as conn:
        return insert_user(conn, "boss", created_at=services.now(conn), role="admin")


@pytest.fixture
def open_panel(services: Services) -> Open:
    def open_(user: User | None, /, **query: str) -> AppTest:
        page = AppTest.from_function(draw, default_timeout=20, args=(services, user))
        for name, value in query.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return open_


def a_subscriber(services: Services, username: str = "asha", **changes: Any) -> tuple[User, str]:
    """Somebody who paid ₹499 an hour ago and was mailed a receipt."""
    with services.engine.begin() as conn:
        at = services.now(conn) - timedelta(hours=1)
        user = insert_user(conn, username, created_at=at, **changes)
        order_id = insert_order(conn, user, at=at)
        payment = insert_payment(conn, order_id, at=at, gateway_payment_id=f"51149-{username}")
        insert_period(conn, user, payment_id=payment, starts_at=at, ends_at=at + timedelta(days=30))
        insert_mail(conn, user.id, at=at, to_address=user.email)
        insert_event(conn, b'{"type": "PAYMENT_SUCCESS_WEBHOOK"}', at=at, order_id=order_id)
    return user, order_id


def seen(page: AppTest) -> str:
    """All that is drawn as HTML or text."""
    blocks = [element.proto.body for element in page.get("html")]
    return "\n".join([*blocks, *(element.value for element in (*page.text, *page.code, *page.markdown))])


def tile(page: AppTest, name: str) -> str:
    return seen(page).split(f'<p class="name">{name}</p><p class="value">')[1].split("<")[0]


def test_a_visitor_is_led_to_the_login(monkeypatch: pytest.MonkeyPatch, open_panel: Open) -> None:
    led: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(admin_panel, "go", lambda path, **query: led.append((path, query)))

    page = open_panel(None)

    assert led == [("login", {"next": "admin"})]
    assert seen(page) == ""


def test_a_subscriber_sees_nothing_of_the_panel(services: Services, open_panel: Open) -> None:
    user, _ = a_subscriber(services)

    for query in (
        {},
        {"section": "orders"},
        {"user": str(user.id)},
        {"mail": "1"},
        {"event": "1"},
        {"order": "1"},
    ):
        page = open_panel(user, **query)

        assert [element.value for element in page.text] == ["This page is not available to your account."]
        assert seen(page) == page.text[0].value
        assert not page.text_input and not page.button and not page.title


def test_a_fresh_business_is_honest_about_having_nothing(admin: User, open_panel: Open) -> None:
    page = open_panel(admin)

    assert tile(page, "Active subscribers") == "0"
    assert tile(page, "Revenue in all") == "₹0"
    assert "No revenue in the last 30 days" in seen(page)
    assert "No payments yet" in seen(page)


@pytest.mark.parametrize("section", ["orders", "payments", "refunds", "events", "mails"])
def test_an_empty_list_says_what_will_be_there(admin: User, open_panel: Open, section: str) -> None:
    page = open_panel(admin, section=section)

    assert f"No {section} yet" in seen(page)
    assert not page.button


def test_the_overview_counts_what_the_database_holds(
    services: Services, admin: User, open_panel: Open
) -> None:
    a_subscriber(services)
    a_subscriber(services, "ravi")
    with services.engine.begin() as conn:
        refunded = conn.execute(text("SELECT min(id) FROM payments")).scalar_one()
        insert_refund(conn, refunded, 9900, at=services.now(conn), status="processed")
        insert_alarm(conn, "quarantine:7", "Look at this order", at=services.now(conn))

    page = open_panel(admin)

    assert tile(page, "Active subscribers") == "2"
    assert tile(page, "Revenue today") == "₹899"
    assert tile(page, "New accounts today") == "2"
    assert tile(page, "Open alarms") == "1"
    assert "Look at this order" in seen(page)


def test_an_admin_finds_the_subscriber_the_payment_and_the_mail(
    services: Services, admin: User, open_panel: Open
) -> None:
    user, order_id = a_subscriber(services)

    assert "asha@example.com" in seen(open_panel(admin, section="users"))
    assert order_id in seen(open_panel(admin, section="orders"))
    assert "51149-asha" in seen(open_panel(admin, section="payments"))
    assert "PAYMENT_SUCCESS_WEBHOOK" in seen(open_panel(admin, section="events"))
    assert "Receipt for ₹499" in seen(open_panel(admin, section="mails"))
    everything = seen(open_panel(admin, user=str(user.id)))
    for words in (user.customer_id, "51149-asha", order_id, "Receipt for ₹499", "Karnataka", "Monthly"):
        assert words in everything


def test_a_mail_and_an_event_open_as_text(services: Services, admin: User, open_panel: Open) -> None:
    a_subscriber(services)
    with services.engine.connect() as conn:
        mail_id, event_id = conn.execute(
            text("SELECT (SELECT max(id) FROM emails), (SELECT max(id) FROM gateway_events)")
        ).one()

    assert open_panel(admin, mail=str(mail_id)).text[0].value == "You paid ₹499."
    assert open_panel(admin, event=str(event_id)).code[0].value == '{\n  "type": "PAYMENT_SUCCESS_WEBHOOK"\n}'


@pytest.mark.parametrize("words", ["ASHA", "asha@exa", "51149-asha"])
def test_one_box_finds_people_and_orders(
    services: Services, admin: User, open_panel: Open, words: str
) -> None:
    a_subscriber(services)
    a_subscriber(services, "ravi")
    page = open_panel(admin, section="events")

    page.text_input(key="admin-search").input(words).run()

    told = f"What matches “<bdi>{words}</bdi>” among all users and orders"
    assert told in seen(page)
    assert "asha" in seen(page).replace(told, "")
    assert "ravi" not in seen(page)
    assert "PAYMENT_SUCCESS_WEBHOOK" not in seen(page)


def test_what_is_searched_for_is_repeated_as_text(services: Services, admin: User, open_panel: Open) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET username = '<b>x' WHERE id = :id"), {"id": admin.id})
    page = open_panel(admin)

    page.text_input(key="admin-search").input("<b>x").run()

    assert "“<bdi>&lt;b&gt;x</bdi>”" in seen(page)
    assert "<b>x" not in seen(page)


def test_a_search_without_a_result_says_what_can_be_searched_for(admin: User, open_panel: Open) -> None:
    page = open_panel(admin)

    page.text_input(key="admin-search").input("nobody").run()

    assert "Nothing found" in seen(page)


def test_leaving_a_search_shows_the_section_again(services: Services, admin: User, open_panel: Open) -> None:
    a_subscriber(services)
    page = open_panel(admin, section="events")
    page.text_input(key="admin-search").input("nobody").run()

    page.button(key="admin-back").click().run()

    assert "PAYMENT_SUCCESS_WEBHOOK" in seen(page)
    assert page.text_input(key="admin-search").value == ""


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><iframe srcdoc="<script>alert(1)</script>">',
    "![x](https://evil.example/x.png) [y](javascript:alert(1))",
    "$\\href{javascript:alert(1)}{x}$ :material/home: **bold**",
]


LISTS = (
    "overview",
    "users",
    "orders",
    "payments",
    "refunds",
    "events",
    "mails",
    "dead-letters",
    "checks",
    "market-data",
)


def plant(services: Services, words: str, number: int) -> list[dict[str, str]]:
    """A subscriber with these words wherever words can be, and the addresses of what is one of a kind."""
    user, order_id = a_subscriber(services, f"asha{number}", full_name=words)
    with services.engine.begin() as conn:
        at = services.now(conn)
        mail_id = insert_mail(conn, user.id, at=at, subject=words, text_body=words, to_address=words)
        insert_payment(conn, order_id, at=at, role=None, status="failed", message=words, method=words)
        paid = conn.execute(
            text("SELECT id FROM payments WHERE role = 'primary' AND order_id = :id"), {"id": order_id}
        ).scalar_one()
        insert_refund(conn, paid, 100, at=at, status="intended")
        conn.execute(
            text("UPDATE refunds SET reason = :words WHERE payment_id = :paid"),
            {"words": words, "paid": paid},
        )
        services.queue.defer(conn, Job.SEND_MAIL, email_id=mail_id)
        conn.execute(text("UPDATE procrastinate_jobs SET status = 'failed'"))
        held = insert_order(conn, user, at=at, status="quarantined", quarantine_reason=words)
        insert_alarm(conn, f"order:{held}:x", words, at=at)
        event_id = insert_event(conn, words.encode(), at=at, order_id=words)
        insert_alarm(conn, f"a{number}", words, at=at)
    ones = [{"user": str(user.id)}, {"mail": str(mail_id)}, {"event": str(event_id)}]
    return [*ones, {"order": order_id}, {"order": held}, {"order": words}]


def test_hostile_words_are_only_ever_text(services: Services, admin: User, open_panel: Open) -> None:
    views = [{"section": name} for name in LISTS]
    for number, words in enumerate(HOSTILE):
        views += plant(services, words, number)

    for view in views:
        page = open_panel(admin, **view)

        # Text and code are not interpreted; HTML must hold the words escaped, and Markdown not at all.
        html = "".join(element.proto.body for element in page.get("html")).lower()
        assert not any(tag in html for tag in ("<script", "<img", "<iframe")), view
        written = [*page.markdown, *page.title, *page.subheader, *page.caption]
        assert not any(words in element.value for words in HOSTILE for element in written), view


@pytest.mark.parametrize(
    "view",
    [
        {"user": "1"},
        {"user": "00000000-0000-0000-0000-000000000000"},
        {"mail": "99"},
        {"mail": "-1"},
        {"mail": "9" * 40},
        {"event": "²"},
        {"event": "'; DROP TABLE users"},
    ],
)
def test_links_that_lead_nowhere_say_so(admin: User, open_panel: Open, view: dict[str, str]) -> None:
    assert "No such" in seen(open_panel(admin, **view))


@pytest.mark.parametrize(
    "view", [{"section": "<script>"}, {"section": ""}, {"section": "orders", "page": "0"}]
)
def test_an_unknown_view_falls_back(admin: User, open_panel: Open, view: dict[str, str]) -> None:
    assert "yet" in seen(open_panel(admin, **view))


def test_a_long_list_is_turned_page_by_page(services: Services, admin: User, open_panel: Open) -> None:
    with services.engine.begin() as conn:
        user = insert_user(conn, "asha", created_at=services.now(conn))
        ids = [
            insert_order(conn, user, at=services.now(conn) - timedelta(minutes=number))
            for number in range(26)
        ]
    page = open_panel(admin, section="orders")
    assert ids[0] in seen(page) and ids[25] not in seen(page)
    assert page.button(key="admin-orders-newer").disabled

    page.button(key="admin-orders-older").click().run()

    assert ids[0] not in seen(page) and ids[25] in seen(page)
    assert page.button(key="admin-orders-older").disabled


def test_another_section_begins_at_its_first_page(services: Services, admin: User, open_panel: Open) -> None:
    a_subscriber(services)
    page = open_panel(admin, section="orders", page="2")

    page.segmented_control(key="admin-section").set_value("mails").run()

    assert "Receipt for ₹499" in seen(page)
    assert page.query_params["section"] == "mails"
    assert "page" not in page.query_params
