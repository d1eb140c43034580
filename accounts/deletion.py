"""Close an account and erase the person from it.

Erased are name, address, phone, password, sessions, browsers, links, the second factor, the watch-list, what was
wanted by mail, and the text and the address of every mail. Kept are orders, payments, refunds, the ledger, the audit
log and the payment service's messages, with the state for the place of supply: books of account stay for eight years
(Companies Act 2013, s. 128). Money that still comes for a closed account goes back by itself: see
`domain.orders.settle`.
"""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Connection

from accounts.credentials import confirm_password, lock_with_password
from accounts.notices import Notice, send_notice
from billing.settlement import sync_order
from database import books, orders, personal_data, users
from database.queue import Job
from domain.accounts import User
from domain.errors import DeletionRefused, Forbidden, InvalidInput, NotSignedIn
from domain.orders import OrderStatus
from wiring import Services

log = structlog.get_logger()

NAME_OF_NOBODY = "Deleted account"
_MONEY_MOVES = (
    "Money is on its way back to you. Your account can be deleted once it has arrived: your billing page shows "
    "how far it is."
)
_IN_DOUBT = (
    "A payment of yours is still being decided, by your bank or by our team. Your account can be deleted once it "
    "is: your billing page shows it."
)
_JUST_PAID = (
    "A payment of yours has just arrived, so nothing was deleted. Your billing page shows what it bought. If you "
    "still want to delete your account, try again."
)


def delete_account(services: Services, actor: User, *, password: str, username: str) -> None:
    """Close the actor's account for good, after the password and the typed username.

    An order that was not paid is put aside; the gateway is asked to close it. Raises Forbidden for admins,
    WrongCredentials, InvalidInput for another username, DeletionRefused while money is under way, and the
    GatewayError tree when nobody knows whether the open order was paid.
    """
    with services.engine.connect() as conn:
        user = users.find(conn, actor.id)
    if user is None:
        raise NotSignedIn()
    if user.is_admin:
        raise Forbidden("An admin's account cannot be deleted here: the audit log must name who acted.")
    if username.strip().casefold() != user.username:
        raise InvalidInput({"username": "This is not your username."})
    matched = confirm_password(services, user, password)
    _look_before_leaving(services, user)
    with services.engine.begin() as conn:
        _close(services, conn, user, matched)
    log.info("account_deleted", user_id=str(user.id))


def _look_before_leaving(services: Services, user: User) -> None:
    """The open order may have been paid without our knowing: whoever just bought something should know first."""
    with services.engine.connect() as conn:
        order = orders.find_open_of_user(conn, user.id)
    if order is None or order.payment_session_id is None:
        return
    if sync_order(services, order.id).status is OrderStatus.PAID:
        raise DeletionRefused(_JUST_PAID)


def _close(services: Services, conn: Connection, user: User, matched: str) -> None:
    lock_with_password(conn, user, matched)
    personal_data.erase_ways_in(conn, user.id)
    if personal_data.is_money_moving(conn, user.id):
        raise DeletionRefused(_MONEY_MOVES)
    if personal_data.is_order_in_doubt(conn, user.id):
        raise DeletionRefused(_IN_DOUBT)
    _put_order_aside(services, conn, user.id)
    # Read anew under the lock: the address may just have been changed.
    owner = users.find(conn, user.id) or user
    now = services.now(conn)
    personal_data.anonymise_user(
        conn,
        user.id,
        username=f"deleted-{secrets.token_hex(6)}",
        email=f"deleted-{uuid4()}@deleted.invalid",
        full_name=NAME_OF_NOBODY,
        now=now,
    )
    personal_data.erase_sessions(conn, user.id)
    personal_data.erase_choices(conn, user.id)
    personal_data.erase_mails(conn, user.id)
    books.audit(conn, "account_deleted", f"user:{user.id}", actor_id=user.id, detail={})
    # The last mail keeps its address until it has gone, or until its tries are over: `outbox.send_mail` erases it
    # then. Sending it before would tell of a closing that may still be refused, and would wait for a mail server.
    send_notice(services, conn, owner, Notice.ACCOUNT_DELETED)


def _put_order_aside(services: Services, conn: Connection, user_id: UUID) -> None:
    """Whoever has the gateway's page still open should not be able to pay for nothing. Money that comes goes back."""
    order = orders.find_open_of_user(conn, user_id)
    if order is None:
        return
    current = orders.lock(conn, order.id)
    if current.status in {OrderStatus.CREATING, OrderStatus.UNKNOWN, OrderStatus.CREATED}:
        orders.set_status(conn, order.id, OrderStatus.SUPERSEDED, now=services.now(conn))
        services.queue.defer(conn, Job.TERMINATE_ORDER, order_id=order.id)
