"""Rows of use-cases that are being built beside this. Each moves into `use_cases.py` when its module is there."""

from __future__ import annotations

from collections.abc import Mapping

from domain.accounts import NOBODY
from tests.security.people import PASSWORD
from tests.security.rows import Row, by_proof, own, system

COMING: Mapping[str, Row] = {
    "accounts.credentials.confirm_password": own(lambda f, s, me, t: f(s, me, PASSWORD)),
    "accounts.credentials.change_password": own(
        lambda f, s, me, t: f(s, me, current=PASSWORD, new="another long one of mine", visitor=NOBODY)
    ),
    "accounts.credentials.change_email": own(
        lambda f, s, me, t: f(s, me, password=PASSWORD, email="elsewhere@example.com")
    ),
    "accounts.credentials.confirm_new_email": by_proof("the link's seal"),
    "accounts.credentials.find_password_change": own(lambda f, s, me, t: f(s, me)),
    "accounts.deletion.delete_account": own(
        lambda f, s, me, t: f(s, me, password=PASSWORD, username=me.username)
    ),
    "accounts.export.export_of": own(lambda f, s, me, t: f(s, me), shows="paid_order_id"),
    "accounts.export.export_file": own(lambda f, s, me, t: f(s, me), shows="paid_order_id"),
    "accounts.sessions.has_second_factor": by_proof("the session's token"),
    "accounts.second_factor.state": own(lambda f, s, me, t: f(s, me)),
    "accounts.second_factor.begin_setup": own(lambda f, s, me, t: f(s, me)),
    "accounts.second_factor.find_setup": own(lambda f, s, me, t: f(s, me)),
    "accounts.second_factor.confirm_setup": own(lambda f, s, me, t: f(s, me, "000000")),
    "accounts.second_factor.verify_code": own(lambda f, s, me, t: f(s, me, "000000")),
    "accounts.second_factor.holds_all_codes": own(lambda f, s, me, t: f(s, me, [])),
    "accounts.second_factor.new_recovery_codes": own(lambda f, s, me, t: f(s, me, "000000")),
    "accounts.second_factor.remove": own(lambda f, s, me, t: f(s, me, password=PASSWORD, code="000000")),
    "accounts.second_factor.reset": system("the command line: whoever may run it holds the server"),
}  # fmt: skip
