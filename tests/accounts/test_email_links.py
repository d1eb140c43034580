"""Links by mail work once, in time, for what they were made for, and the database alone makes none."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from accounts.email_links import is_usable, request_link, send_link, spend_link
from accounts.link_tokens import make_token, read_token
from billing.outbox import send_mail
from domain.errors import LinkRefused
from domain.links import Purpose
from tests.accounts.mailbox import received


@pytest.fixture
def token(services, user) -> str:
    """The link that registering sent."""
    (mail,) = received(services, "verify_email")
    return mail.token


def test_a_link_works_once(services, user, token) -> None:
    assert is_usable(services, token, Purpose.VERIFY_EMAIL)

    with services.engine.begin() as conn:
        spent = spend_link(services, conn, token, Purpose.VERIFY_EMAIL)

    assert (spent.user_id, spent.email) == (user.id, "asha@example.com")
    assert not is_usable(services, token, Purpose.VERIFY_EMAIL)
    with services.engine.begin() as conn, pytest.raises(LinkRefused):
        spend_link(services, conn, token, Purpose.VERIFY_EMAIL)


def test_looking_at_a_link_uses_nothing_up(services, token) -> None:
    for _ in range(3):
        assert is_usable(services, token, Purpose.VERIFY_EMAIL)


def test_s23_of_two_uses_at_once_one_succeeds(services, token) -> None:
    barrier = threading.Barrier(2)
    ends: list[str] = []

    def work() -> None:
        try:
            with services.engine.begin() as conn:
                barrier.wait(10)
                spend_link(services, conn, token, Purpose.VERIFY_EMAIL)
            ends.append("used")
        except LinkRefused:
            ends.append("refused")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ends) == ["refused", "used"]


@pytest.mark.parametrize(
    ("purpose", "minutes"),
    [(Purpose.RESET_PASSWORD, 30), (Purpose.CHANGE_EMAIL, 60), (Purpose.VERIFY_EMAIL, 24 * 60)],
)
def test_s23_a_link_is_too_old_after_its_time(services, user, clock, purpose, minutes) -> None:
    token = _link(services, user, purpose)

    clock.advance(timedelta(minutes=minutes) - timedelta(seconds=1))
    assert is_usable(services, token, purpose)
    clock.advance(timedelta(seconds=1))

    assert not is_usable(services, token, purpose)
    with services.engine.begin() as conn, pytest.raises(LinkRefused):
        spend_link(services, conn, token, purpose)


def test_s23_a_new_link_replaces_the_one_before(services, user, token) -> None:
    second = _link(services, user, Purpose.VERIFY_EMAIL)

    assert not is_usable(services, token, Purpose.VERIFY_EMAIL)
    assert is_usable(services, second, Purpose.VERIFY_EMAIL)


def test_s23_a_link_for_one_purpose_serves_no_other(services, token) -> None:
    for purpose in (Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL):
        assert not is_usable(services, token, purpose)
        with services.engine.begin() as conn, pytest.raises(LinkRefused):
            spend_link(services, conn, token, purpose)


@pytest.mark.parametrize("change", ["status = 'disabled'", "deleted_at = now()"])
def test_s23_a_link_of_a_closed_account_opens_nothing(services, user, token, change) -> None:
    with services.engine.begin() as conn:
        conn.execute(text(f"UPDATE users SET {change}"))

    with services.engine.begin() as conn, pytest.raises(LinkRefused):
        spend_link(services, conn, token, Purpose.VERIFY_EMAIL)


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token[: len(token) // 2],
        lambda token: token.upper(),
        lambda token: f" {token}",
        lambda token: f"{token}\n",
        lambda token: uuid4().hex + token[32:],
        lambda token: token.partition(".")[0],
        lambda token: token.replace(".", ".é", 1),
        lambda token: "\x00" * 76,
        lambda token: "\ud800",
        lambda token: "x" * 100_000,
        lambda token: "",
    ],
)
def test_a_link_that_we_did_not_make_is_refused(services, token, change) -> None:
    forged = change(token)

    assert not is_usable(services, forged, Purpose.VERIFY_EMAIL)
    with services.engine.begin() as conn, pytest.raises(LinkRefused):
        spend_link(services, conn, forged, Purpose.VERIFY_EMAIL)


def test_s17_the_database_holds_nothing_that_opens(services, token) -> None:
    with services.engine.connect() as conn:
        rows = conn.execute(text("SELECT * FROM email_tokens")).all()
        mails = conn.execute(text("SELECT text_body, html_body FROM emails")).all()
        jobs = conn.execute(text("SELECT args FROM procrastinate_jobs")).all()

    secret = token.partition(".")[2]
    assert secret not in f"{rows}{mails}{jobs}"


def test_another_key_makes_other_links(services, token) -> None:
    other = services.settings.model_copy(update={"secret_key": SecretStr("k" * 40)})
    token_id = read_token(services.settings, token, Purpose.VERIFY_EMAIL)
    assert token_id is not None

    assert read_token(other, token, Purpose.VERIFY_EMAIL) is None
    assert make_token(other, token_id, Purpose.VERIFY_EMAIL) != token


def test_the_mail_server_gets_the_link_in_both_parts(services, user, token) -> None:
    sent: list[object] = []

    class Sender:
        def send(self, mail) -> None:
            sent.append(mail)

    from dataclasses import replace

    with services.engine.connect() as conn:
        email_id = conn.execute(text("SELECT id FROM emails")).scalar_one()
    send_mail(replace(services, mail_sender=Sender()), email_id)

    (mail,) = sent
    for body in (mail.text, mail.html):
        assert f"http://localhost:8501/verify?token={token}" in body
        assert "made-when-sent" not in body


def test_a_link_is_composed_once_and_not_for_nobody(services, user, token) -> None:
    with services.engine.begin() as conn:
        request_link(services, conn, Purpose.RESET_PASSWORD, user_id=None, to="nobody@example.com")
        ids = conn.execute(text("SELECT id FROM email_tokens")).scalars().all()
    for token_id in [*ids, *ids, uuid4()]:
        send_link(services, str(token_id))

    assert [mail.to for mail in received(services)] == ["asha@example.com"]


def test_an_address_that_nobody_has_is_not_stored(services) -> None:
    with services.engine.begin() as conn:
        request_link(services, conn, Purpose.RESET_PASSWORD, user_id=None, to="nobody@example.com")
        rows = conn.execute(text("SELECT * FROM email_tokens")).all()
        jobs = conn.execute(text("SELECT args FROM procrastinate_jobs")).all()

    assert "nobody@" not in f"{rows}{jobs}"


def _link(services, user, purpose: Purpose) -> str:
    with services.engine.begin() as conn:
        request_link(services, conn, purpose, user_id=user.id, to=user.email)
    return received(services, str(purpose))[-1].token
