"""The phone of somebody with a second factor, and what setting one up and using it leaves behind."""

from __future__ import annotations

import pyotp
from sqlalchemy import text

from accounts.second_factor import Setup
from accounts.sessions import issue_ticket, redeem_ticket
from domain.second_factor import STEP

PASSWORD = "BossPass123"


class App:
    """Shows the code of this moment."""

    def __init__(self, setup: Setup, clock) -> None:
        self.setup, self.secret = setup, setup.secret
        self.recovery_codes: tuple[str, ...] = ()
        self._totp, self._clock = pyotp.TOTP(setup.secret), clock

    def code(self, steps_off: int = 0) -> str:
        return self._totp.at(self._clock.moment + steps_off * STEP)

    def wrong_code(self) -> str:
        shown = {self.code(step) for step in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in shown)


def session(services, user, *, has_second_factor: bool = False) -> str:
    ticket = issue_ticket(services, user, browser_token="b", has_second_factor=has_second_factor)
    return redeem_ticket(services, ticket, browser_token="b", user_agent="")


def audited(services) -> list[str]:
    with services.engine.connect() as conn:
        actions = conn.execute(text("SELECT action FROM audit_log ORDER BY id")).scalars()
        return [action for action in actions if action not in {"registered", "signed_in", "signed_out"}]


def mails(services) -> list[tuple[str, str]]:
    with services.engine.connect() as conn:
        return [tuple(row) for row in conn.execute(text("SELECT kind, to_address FROM emails ORDER BY id"))]
