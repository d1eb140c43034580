"""What ended long ago is deleted once a night; what is in use, money and the audit log stay."""

from __future__ import annotations

from sqlalchemy import text

from accounts.deletion import delete_account
from accounts.sessions import issue_ticket, redeem_ticket, user_of_session
from operations.housekeeping import tidy

_COUNTS = text("""
    SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM sign_in_tickets),
           (SELECT count(*) FROM email_tokens), (SELECT count(*) FROM known_browsers), (SELECT count(*) FROM audit_log)
""")


def test_s33_what_ended_is_forgotten_and_what_is_in_use_stays(live_services, user) -> None:
    services = live_services
    ticket = issue_ticket(services, user, browser_token="b")
    token = redeem_ticket(services, ticket, browser_token="b", user_agent="")
    _do(services, "UPDATE email_tokens SET expires_at = now() + interval '1 hour'")
    before = _counts(services)

    tidy(services)
    unchanged = _counts(services)
    _do(services, "UPDATE sign_in_tickets SET expires_at = now() - interval '2 days'")
    _do(services, "UPDATE email_tokens SET expires_at = now() - interval '31 days'")
    _do(services, "UPDATE known_browsers SET seen_at = now() - interval '401 days'")
    tidy(services)
    after = _counts(services)
    is_in = user_of_session(services, token) == user
    _do(services, "UPDATE sessions SET created_at = created_at - interval '1 year'")
    _do(services, "UPDATE sessions SET expires_at = now() - interval '91 days'")
    tidy(services)

    assert before == unchanged == (1, 1, 1, 1, before[4])
    assert after == (1, 0, 0, 0, before[4])
    assert is_in
    assert _counts(services)[0] == 0


def test_s33_a_last_mail_that_a_dead_worker_left_behind_is_erased_after_a_day(live_services, user) -> None:
    services = live_services
    delete_account(services, user, password="TestPass123", username="asha")

    tidy(services)
    waits = _addresses(services)
    _do(services, "UPDATE users SET deleted_at = deleted_at - interval '25 hours'")
    tidy(services)

    assert waits == ["asha@example.com"]
    assert _addresses(services) == []


def _addresses(services) -> list[str]:
    with services.engine.connect() as conn:
        return list(conn.execute(text("SELECT to_address FROM emails WHERE to_address <> ''")).scalars())


def _counts(services) -> tuple[int, ...]:
    with services.engine.connect() as conn:
        return tuple(conn.execute(_COUNTS).one())


def _do(services, statement: str) -> None:
    with services.engine.begin() as conn:
        conn.execute(text(statement))
