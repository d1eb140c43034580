"""Accounts: one per address, passwords that only their owner knows, and what an account may use."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from accounts.passwords import PasswordCheck
from accounts.sessions import issue_ticket, redeem_ticket
from accounts.verification import request_verification
from database import subscriptions
from domain.accounts import NOBODY, Role, Visitor
from domain.errors import EmailTaken, InvalidInput, TooManyRequests, UsernameTaken, WrongCredentials
from domain.subscriptions import SubscriptionStatus
from payment_handler import start_checkout, sync_order
from user_management import SubscriptionTracker, create_admin, entitlement, register, sign_in

FORM = {
    "full_name": "Asha Rao",
    "email": "asha@example.com",
    "username": "asha",
    "phone": "9999999999",
    "state": "Karnataka",
    "password": "TestPass123",
}


def test_a_new_account_is_pending_audited_and_knows_no_password(services) -> None:
    user = register(services, **FORM)

    with services.engine.connect() as conn:
        stored = conn.execute(text("SELECT * FROM users")).mappings().one()
        subscription = subscriptions.find(conn, user.id)
        actions = conn.execute(text("SELECT action FROM audit_log")).scalars().all()
    assert (user.username, user.role, user.state) == ("asha", Role.SUBSCRIBER, "Karnataka")
    assert stored["password_hash"].startswith("hmac-sha384-bcrypt$")
    assert "TestPass123" not in str(dict(stored))
    assert subscription is not None
    assert subscription.stored_status is SubscriptionStatus.PENDING
    assert actions == ["registered"]


def test_an_address_or_a_username_in_any_case_is_taken_once(services) -> None:
    register(services, **FORM)

    with pytest.raises(EmailTaken):
        register(services, **{**FORM, "email": " ASHA@Example.com", "username": "other"})
    with pytest.raises(UsernameTaken):
        register(services, **{**FORM, "email": "other@example.com", "username": "ASHA"})
    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM users")).scalar_one() == 1


def test_a_wrong_form_stores_nothing(services) -> None:
    with pytest.raises(InvalidInput):
        register(services, **{**FORM, "password": "short"})

    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM users")).scalar_one() == 0


def test_of_two_registrations_at_once_with_one_address_one_succeeds(services) -> None:
    barrier = threading.Barrier(2)
    ends: list[str] = []

    def work(username: str) -> None:
        barrier.wait(10)
        try:
            register(services, **{**FORM, "username": username})
            ends.append("made")
        except EmailTaken:
            ends.append("taken")

    threads = [threading.Thread(target=work, args=(name,)) for name in ("asha", "asha2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ends) == ["made", "taken"]
    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM users")).scalar_one() == 1
        assert conn.execute(text("SELECT count(*) FROM subscriptions")).scalar_one() == 1


@pytest.mark.parametrize("login", ["asha", " ASHA ", "asha@example.com", "Asha@EXAMPLE.com"])
def test_an_account_is_opened_by_username_or_address_in_any_case(services, user, login) -> None:
    assert sign_in(services, login=login, password="TestPass123") == user


@pytest.mark.parametrize(
    ("registered", "typed"),
    [
        ("straße@example.com", "Straße@example.com"),
        ("asha@bücher.example", "asha@xn--bcher-kva.example"),
        ("é@a.example", "e\u0301@a.example"),
    ],
)
def test_an_address_beyond_ascii_opens_its_account_in_every_spelling_it_registers_with(
    services, registered, typed
) -> None:
    user = register(services, **{**FORM, "email": registered})

    assert sign_in(services, login=registered, password="TestPass123") == user
    assert sign_in(services, login=typed, password="TestPass123") == user


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("asha", "testpass123"),
        ("asha", "TestPass123 "),
        ("asha", ""),
        ("asha", "x" * 100_000),
        ("asha", "TestPass123\x00"),
        ("asha", "TestPass123\ud800"),
        ("nobody", "TestPass123"),
        ("nobody", "x" * 100_000),
        ("", ""),
        ("asha\ud800", "TestPass123"),
        ("asha' OR '1'='1", "x"),
        ("x" * 100_000, "TestPass123"),
        ("@", "TestPass123"),
        ("asha@exam\x00ple.com", "nonsense"),
    ],
)
def test_whatever_else_is_typed_gets_one_and_the_same_refusal(services, user, login, password) -> None:
    with pytest.raises(WrongCredentials):
        sign_in(services, login=login, password=password)


@pytest.mark.parametrize("password", ["आ" * 64, "p" * 73, "p" * 256, "🌸" * 8])
def test_a_long_password_of_any_script_opens_with_exactly_itself(services, password) -> None:
    user = register(services, **{**FORM, "password": password})

    assert sign_in(services, login="asha", password=password) == user
    with pytest.raises(WrongCredentials):
        sign_in(services, login="asha", password=password[:-1])


def test_a_disabled_or_deleted_account_does_not_open(services, user) -> None:
    for change in ("status = 'disabled'", "status = 'active', deleted_at = now()"):
        with services.engine.begin() as conn:
            conn.execute(text(f"UPDATE users SET {change}"))
        with pytest.raises(WrongCredentials):
            sign_in(services, login="asha", password="TestPass123")


@pytest.mark.parametrize("login", ["asha", "nobody"])
def test_s01_after_five_failures_even_the_right_password_waits_a_quarter_of_an_hour(
    services, user, clock, login
) -> None:
    _fail(services, login, times=5)

    with pytest.raises(TooManyRequests, match="15 minutes"):
        sign_in(services, login=f" {login.upper()}", password="TestPass123")
    clock.advance(timedelta(minutes=15))

    if login == "asha":
        assert sign_in(services, login=login, password="TestPass123") == user


def test_s01_of_ten_thousand_guesses_from_a_thousand_addresses_ten_reach_the_hash(
    services, user, monkeypatch
) -> None:
    hashed = []
    monkeypatch.setattr("user_management.check_stored", lambda *_: hashed.append(1) or PasswordCheck.WRONG)
    # 400 stand for ten thousand: what comes after the limit differs in nothing.
    for number in range(400):
        visitor = Visitor(f"203.0.{number % 250}.{number // 250}", f"browser-{number}")
        with pytest.raises((WrongCredentials, TooManyRequests)):
            sign_in(
                services,
                login=("asha", "asha@example.com")[number % 2],
                password=f"guess-{number}",
                visitor=visitor,
            )

    assert len(hashed) == 10


def test_s01_strangers_who_guess_do_not_lock_the_owner_out_of_a_known_browser(services, user) -> None:
    token = issue_ticket(services, user, browser_token="own-browser")
    redeem_ticket(services, token, browser_token="own-browser", user_agent="")
    for login in ("asha", "asha@example.com"):
        _fail(services, login, times=5)

    owner = sign_in(services, login="asha", password="TestPass123", visitor=Visitor("", "own-browser"))

    assert owner == user
    with pytest.raises(TooManyRequests):
        sign_in(services, login="asha", password="TestPass123", visitor=Visitor("", "another-browser"))


def test_s01_a_known_browser_has_a_brake_of_its_own(services, user) -> None:
    ticket = issue_ticket(services, user, browser_token="own-browser")
    redeem_ticket(services, ticket, browser_token="own-browser", user_agent="")
    _fail(services, "asha", times=10, visitor=Visitor("", "own-browser"))

    with pytest.raises(TooManyRequests):
        sign_in(services, login="asha", password="TestPass123", visitor=Visitor("", "own-browser"))


def test_s01_one_address_and_all_addresses_together_are_limited(services, user) -> None:
    same_house = [Visitor(f"2001:db8::{number:x}") for number in range(60)]

    for number, visitor in enumerate(same_house[:50]):
        _fail(services, f"name{number}", visitor=visitor)
    with pytest.raises(TooManyRequests):
        sign_in(services, login="asha", password="TestPass123", visitor=same_house[50])
    elsewhere = sign_in(services, login="asha", password="TestPass123", visitor=Visitor("2001:db8:0:1::1"))

    assert elsewhere == user


def test_right_passwords_are_not_counted(services, user) -> None:
    for _ in range(12):
        assert sign_in(services, login="asha", password="TestPass123") == user


def test_failures_of_one_account_do_not_lock_another(services, user) -> None:
    _fail(services, "nobody", times=5)

    assert sign_in(services, login="asha", password="TestPass123") == user


def test_a_server_too_busy_to_check_a_password_counts_no_guess(services, user, monkeypatch) -> None:
    def busy(*_):
        raise TooManyRequests()

    with monkeypatch.context() as patched:
        patched.setattr("user_management.check_stored", busy)
        for _ in range(20):
            with pytest.raises(TooManyRequests):
                sign_in(services, login="asha", password="TestPass123", visitor=Visitor("203.0.113.9"))

    assert sign_in(services, login="asha", password="TestPass123", visitor=Visitor("203.0.113.9")) == user


def test_already_in_use_takes_no_link_from_the_owner_of_the_address(services, user) -> None:
    for number in range(5):
        with pytest.raises(EmailTaken):
            register(services, **{**FORM, "email": user.email, "username": f"other{number}"})

    for _ in range(2):
        request_verification(services, user)


def test_whoever_has_had_three_links_registers_and_gets_no_fourth(services, clock) -> None:
    """A buyer is not stopped because a stranger has typed their address."""
    for number in range(3):
        register(services, **{**FORM, "username": f"asha{number}"})
        with services.engine.begin() as conn:
            conn.execute(text("UPDATE users SET email = username || '@gone.example', deleted_at = now()"))

    user = register(services, **FORM)

    with services.engine.connect() as conn:
        links = conn.execute(text("SELECT count(*) FROM email_tokens WHERE user_id = :id"), {"id": user.id})
    assert links.scalar_one() == 0
    clock.advance(timedelta(hours=1))
    request_verification(services, user)


def test_the_brake_stores_neither_name_nor_address(services, user) -> None:
    _fail(services, "asha@example.com", visitor=Visitor("203.0.113.9", "own-browser"))

    with services.engine.connect() as conn:
        keys = conn.execute(text("SELECT key FROM limit_uses")).scalars().all()
    assert sorted(key.split(":")[0] for key in keys) == [
        "login-address",
        "login-all",
        "login-name",
        "verify-recipient",
    ]
    assert not [key for key in keys for word in ("asha", "203.0", "own-browser") if word in key]


def test_s04_a_password_at_an_old_cost_is_hashed_anew_when_it_is_typed(services, user) -> None:
    dearer = replace(services, settings=services.settings.model_copy(update={"app_env": "development"}))

    assert sign_in(dearer, login="asha", password="TestPass123") == user

    assert _stored_hash(services).startswith("hmac-sha384-bcrypt$$2b$12$")
    assert sign_in(dearer, login="asha", password="TestPass123") == user


def test_a_password_under_the_previous_pepper_is_hashed_under_the_new_one_when_it_is_typed(
    services, user
) -> None:
    old = services.settings.password_pepper
    rotating = services.settings.model_copy(
        update={"password_pepper": SecretStr("p" * 40), "password_pepper_previous": old}
    )
    rotated = rotating.model_copy(update={"password_pepper_previous": SecretStr("")})

    assert sign_in(replace(services, settings=rotating), login="asha", password="TestPass123") == user
    assert sign_in(replace(services, settings=rotated), login="asha", password="TestPass123") == user


def test_registrations_from_one_address_are_limited_and_wrong_forms_are_not_counted(services) -> None:
    visitor = Visitor("203.0.113.9")
    for _ in range(61):
        with pytest.raises(InvalidInput):
            register(services, **{**FORM, "password": "short"}, visitor=visitor)
    register(services, **FORM, visitor=visitor)
    for _ in range(59):
        with pytest.raises(EmailTaken):
            register(services, **{**FORM, "username": "other"}, visitor=visitor)

    with pytest.raises(TooManyRequests):
        register(services, **{**FORM, "email": "b@example.com", "username": "bela"}, visitor=visitor)


def test_an_admin_is_made_once_and_never_by_promotion(services, user) -> None:
    admin = create_admin(services, email="Boss@Example.com", password="BossPass123")

    assert admin.is_admin
    assert sign_in(services, login="boss@example.com", password="BossPass123") == admin
    with pytest.raises(EmailTaken):
        create_admin(services, email="boss@example.com", password="BossPass123")
    with pytest.raises(EmailTaken):
        create_admin(services, email="asha@example.com", password="BossPass123")
    assert not sign_in(services, login="asha", password="TestPass123").is_admin


def test_an_admin_with_a_bad_address_and_password_is_told_both(services) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_admin(services, email="boss", password="short")

    assert set(refused.value.fields) == {"email", "password"}


def test_entitlement_follows_the_bought_period_to_its_last_instant(services, user, gateway, clock) -> None:
    assert entitlement(services, user).status is SubscriptionStatus.PENDING

    _buy(services, user, gateway)
    bought = entitlement(services, user)
    clock.advance(timedelta(days=30, hours=23))
    last_day = entitlement(services, user)
    clock.advance(timedelta(hours=1))
    ended = entitlement(services, user)

    assert (bought.is_active, bought.plan_id, bought.plan_name, bought.days_left) == (
        True,
        "monthly",
        "Monthly",
        31,
    )
    assert (last_day.is_active, last_day.days_left) == (True, 1)
    assert (ended.is_active, ended.status, ended.plan_id) == (False, SubscriptionStatus.EXPIRED, None)


def test_a_revoked_period_closes_the_door_at_once(services, user, gateway) -> None:
    _buy(services, user, gateway)
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE subscription_periods SET revoked_at = now()"))

    assert not entitlement(services, user).is_active


def test_the_guides_tracker_answers_by_username(services, user, gateway, clock) -> None:
    tracker = SubscriptionTracker(services)
    before = tracker.get_subscription(" ASHA ")

    _buy(services, user, gateway)

    assert before == {"status": "pending", "is_paid": False, "plan": None, "current_period_end": None}
    after = tracker.get_subscription("asha")
    assert after is not None
    assert (after["status"], after["is_paid"], after["plan"]) == ("active", True, "monthly")
    assert after["current_period_end"] == clock.moment + timedelta(days=31)


@pytest.mark.parametrize("username", ["nobody", "", "asha@example.com", "asha\x00", "x" * 10_000])
def test_the_tracker_knows_nothing_of_a_stranger(services, user, username) -> None:
    assert SubscriptionTracker(services).get_subscription(username) is None


def _buy(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)


def _fail(services, login: str, *, times: int = 1, visitor: Visitor = NOBODY) -> None:
    for _ in range(times):
        with pytest.raises(WrongCredentials):
            sign_in(services, login=login, password="wrong-password", visitor=visitor)


def _stored_hash(services) -> str:
    with services.engine.connect() as conn:
        return conn.execute(text("SELECT password_hash FROM users")).scalar_one()
