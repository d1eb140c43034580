"""Row S12: whatever is typed, searched or asked for is a value and never a statement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

import payment_handler
import reports.accounts
import reports.orders
from accounts import password_reset, sessions
from accounts.email_links import is_usable
from billing import history
from domain.accounts import User, Visitor
from domain.errors import ProductError
from domain.links import Purpose
from user_management import SubscriptionTracker, create_admin, register, sign_in
from wiring import Services

# What sqlmap tries, by family: always true, always false, union, error, stacked, timed, comments, encodings, LIKE.
WORDS = [
    "'", '"', "\\", "';", "')", "'))--", '" OR ""="', "' OR '1'='1", "' OR 1=1--", "' OR 1=1#", "' OR 1=1/*",
    "1 OR 1=1", "1) OR (1=1", "asha' AND '1'='1", "asha' AND '1'='2", "asha'--", "asha'/**/OR/**/1=1--",
    "' UNION SELECT NULL--", "' UNION ALL SELECT username, password_hash FROM users--", "-1 UNION SELECT 1,2,3--",
    "' AND 1=CAST((SELECT version()) AS int)--", "'||(SELECT password_hash FROM users LIMIT 1)||'", "1/0", "'||1/0||'",
    "'; DROP TABLE users;--", "'; UPDATE users SET role='admin';--", "'; COPY users TO '/tmp/x';--",
    "'; SELECT pg_sleep(9);--", "1; SELECT pg_sleep(9)", "' OR (SELECT 1 FROM pg_sleep(9))=1--",
    "$$; SELECT 1; $$", "$1", ":name", "%(name)s", "%s", "%27%20OR%201=1", "\u02bc OR 1=1", "\uff07 OR 1=1--",
    "%", "_", "%%", "a%", "!%", "\x00' OR 1=1--", "\x1a", "0x27", "E'\\047'", "{{7*7}}", "${7*7}",
]  # fmt: skip
NOWHERE = Visitor("203.0.113.9", "")
Use = Callable[[Services, User, User, str], object]

# Every use-case that takes a text of a person, with what it may find for such a text: nothing.
USES: dict[str, Use] = {
    "search": lambda s, admin, _, word: (
        (found := reports.accounts.search(s, admin, word)).users or found.orders
    ),
    "order page": lambda s, admin, _, word: reports.orders.order_page(s, admin, word),
    "own order": lambda s, _, user, word: history.find_order(s, user, word),
    "checkout": lambda s, _, user, word: payment_handler.leave_for_gateway(s, user, word),
    "script failure": lambda s, _, user, word: payment_handler.report_script_failure(s, user, word),
    "plan": lambda s, _, user, word: payment_handler.start_checkout(s, user, word),
    "last failure": lambda s, _, user, word: history.last_failure(s, user, word),
    "tracker": lambda s, _, __, word: SubscriptionTracker(s).get_subscription(word),
    "log-in name": lambda s, _, __, word: sign_in(s, login=word, password="TestPass123", visitor=NOWHERE),
    "log-in password": lambda s, _, __, word: sign_in(s, login="bela", password=word, visitor=NOWHERE),
    "session": lambda s, _, __, word: sessions.user_of_session(s, word),
    "ticket": lambda s, _, __, word: sessions.redeem_ticket(s, word, browser_token=word, user_agent=word),
    "link": lambda s, _, __, word: is_usable(s, word, Purpose.RESET_PASSWORD),
    "address of a reset": lambda s, _, __, word: password_reset.request_reset(s, email=word, visitor=NOWHERE),
}


@pytest.fixture
def admin(services: Services) -> User:
    return create_admin(services, email="boss@example.com", password="AdminPass123")


def table_sizes(services: Services) -> dict[str, int]:
    with services.engine.connect() as conn:
        return {
            table: conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in ("users", "orders", "sessions", "email_tokens", "audit_log", "alarms")
        }


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_s12_hostile_words_find_nothing_change_nothing_and_reach_no_statement(
    services: Services, admin: User, user: User, clock, use: Use
) -> None:
    before = table_sizes(services)

    for word in WORDS:
        clock.advance(timedelta(hours=1))  # No limit is in the way.
        try:
            found = use(services, admin, user, word)
        except ProductError:
            found = (
                None  # Refused in a sentence of ours. Anything else, an error of the database's too, escapes.
            )
        assert not found, word

    assert table_sizes(services) == before


def test_s12_a_form_of_hostile_words_stores_them_to_the_letter(services: Services) -> None:
    name = "Robert'); DROP TABLE users;--"

    user = register(
        services,
        full_name=name,
        email="o'brien+1=1@example.com",
        username="robert",
        phone="9999999999",
        state="Kerala",
        password="' OR '1'='1' --",
    )

    assert sign_in(services, login="o'brien+1=1@example.com", password="' OR '1'='1' --").id == user.id
    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT full_name FROM users")).scalars().all() == [name]


def test_s12_the_probe_sees_a_word_that_finds_something(services: Services, admin: User, user: User) -> None:
    assert USES["search"](services, admin, user, "asha")
    assert USES["log-in name"](services, admin, user, "asha")
