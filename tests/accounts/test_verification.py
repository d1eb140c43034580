"""An address is proved by the link that went to it, and by no other."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from accounts.verification import request_verification, verify_email
from database import users
from domain.errors import LinkRefused, TooManyRequests
from tests.accounts.mailbox import received


def test_registering_sends_the_link_that_proves_the_address(services, user) -> None:
    assert not user.is_email_verified
    (mail,) = received(services, "verify_email")

    verify_email(services, mail.token)

    assert mail.to == "asha@example.com"
    assert _again(services, user).is_email_verified
    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT action FROM audit_log ORDER BY id DESC LIMIT 1")).scalar() == (
            "email_verified"
        )


def test_a_link_does_not_prove_the_address_that_an_account_has_by_now(services, user) -> None:
    (mail,) = received(services, "verify_email")
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET email = 'other@example.com'"))

    with pytest.raises(LinkRefused):
        verify_email(services, mail.token)

    assert not _again(services, user).is_email_verified


def test_three_links_an_hour_go_to_an_address_the_first_by_registering(services, user) -> None:
    for _ in range(2):
        request_verification(services, user)
    with pytest.raises(TooManyRequests):
        request_verification(services, user)

    verify_email(services, received(services, "verify_email")[-1].token)
    request_verification(services, user)

    assert _again(services, user).is_email_verified


def _again(services, user):
    with services.engine.connect() as conn:
        return users.find(conn, user.id)
