"""Accounts: one per address, passwords that only their owner knows, and what an account may use."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from database import subscriptions
from domain.accounts import Role
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
def test_after_ten_failures_even_the_right_password_waits_a_quarter_of_an_hour(
    live_services, user, login
) -> None:
    for _ in range(10):
        with pytest.raises(WrongCredentials):
            sign_in(live_services, login=login, password="wrong-password")

    with pytest.raises(TooManyRequests):
        sign_in(live_services, login=f" {login.upper()}", password="TestPass123")

    with live_services.engine.begin() as conn:
        conn.execute(text("UPDATE login_attempts SET attempted_at = attempted_at - interval '16 minutes'"))
    if login == "asha":
        assert sign_in(live_services, login=login, password="TestPass123") == user


def test_failures_of_one_account_do_not_lock_another(live_services, user) -> None:
    for _ in range(10):
        with pytest.raises(WrongCredentials):
            sign_in(live_services, login="nobody", password="wrong-password")

    assert sign_in(live_services, login="asha", password="TestPass123") == user


def test_the_brake_stores_no_name(services, user) -> None:
    with pytest.raises(WrongCredentials):
        sign_in(services, login="asha@example.com", password="wrong-password")

    with services.engine.connect() as conn:
        assert b"asha" not in bytes(conn.execute(text("SELECT account_key FROM login_attempts")).scalar_one())


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
