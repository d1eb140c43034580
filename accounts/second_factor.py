"""The second factor: set up with an authenticator app, asked for at each log-in, replaced by recovery codes when lost.

Everybody may have one; an admin in production must. A code works once: the database decides between two tries
at the same moment. What is right here opens nothing by itself: the caller starts a new session with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import segno
from sqlalchemy import Connection

from accounts import brakes
from accounts.credentials import confirm_password, lock_with_password
from accounts.notices import Notice, send_notice
from accounts.sessions import HalfSession
from config import Settings
from database import books, second_factors, sessions, users
from domain.accounts import User, normal_email
from domain.errors import Forbidden, InvalidInput, SetupOver, WrongCode
from domain.second_factor import (
    NONCE_BYTES,
    RECOVERY_BYTES,
    RECOVERY_CODES,
    FactorState,
    matching_step,
    recovery_code,
    recovery_hash,
    secret_of,
    setup_uri,
)
from wiring import Services

_REQUIRED = (
    "Admins need a second factor here. To move to another phone, ask whoever runs the server to reset it."
)
_IS_ON = "Your second factor is on already."
# Time to find an app, to install it and to scan. A page left open on a desk ends with it.
SETUP_LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Setup:
    """What an authenticator app has to know, as text and as a picture. Shown to its owner only, never logged.

    The picture is an address that holds it whole: no request asks for it. The nonce tells this set-up from one that
    was begun elsewhere.
    """

    nonce: bytes = field(repr=False)
    secret: str = field(repr=False)
    uri: str = field(repr=False)
    qr_image: str = field(repr=False)


def state(services: Services, actor: User) -> FactorState:
    """Whether the actor has a second factor, how many recovery codes are left, and whether they must have it."""
    with services.engine.connect() as conn:
        factor = second_factors.find(conn, actor.id)
        is_on = factor is not None and factor.is_confirmed
        left = len(second_factors.list_codes(conn, actor.id)) if is_on else 0
    return FactorState(is_on, left, is_required(services.settings, actor))


def is_required(settings: Settings, user: User) -> bool:
    """True for admins in production."""
    return settings.is_production and user.is_admin


def begin_setup(services: Services, actor: User, password: str) -> Setup:
    """A new secret for the actor's app, in place of one that was never confirmed.

    A stolen session must not lock its owner out with a phone of the thief's (ASVS 7.5.1), so the password is asked
    for. Raises WrongPassword, TooManyRequests, and Forbidden when a second factor is on already.
    """
    matched = confirm_password(services, actor, password)
    with services.engine.begin() as conn:
        lock_with_password(conn, actor, matched)
        return _begin(services, conn, actor)


def begin_required_setup(services: Services, half: HalfSession) -> Setup:
    """The same for somebody whose password was just right and who gets in no other way. Raises Forbidden."""
    if not half.has_to_set_up:
        raise Forbidden(_IS_ON)
    with services.engine.begin() as conn:
        _require_account(conn, half.user)
        return _begin(services, conn, half.user)


def confirm_setup(services: Services, actor: User, setup: Setup, code: str) -> tuple[str, ...]:
    """Switch the second factor on and return the recovery codes, which nobody can read again.

    From now on each session of the actor that did not show a code is half a session. Wrong codes are not counted:
    who sets up has been shown the secret, so there is nothing to guess. Raises WrongCode, and SetupOver when it was
    begun anew elsewhere or too long ago.
    """
    with services.engine.begin() as conn:
        _require_account(conn, actor)
        factor = second_factors.find(conn, actor.id)
        now = services.now(conn)
        if factor is None or factor.is_confirmed or factor.nonce != setup.nonce:
            raise SetupOver()
        if now - factor.created_at > SETUP_LIFETIME:
            raise SetupOver()
        step = matching_step(_secret(services.settings, factor.nonce), code, now)
        if step is None or not second_factors.confirm(conn, actor.id, nonce=factor.nonce, step=step, now=now):
            raise WrongCode()
        codes = _replace_codes(conn, actor)
        _audit(conn, "second_factor_set_up", actor)
        send_notice(services, conn, actor, Notice.SECOND_FACTOR_ON)
    return codes


def verify_code(services: Services, half_user: User, code: str) -> None:
    """Use up a code of the app or a recovery code. Raises WrongCode or TooManyRequests.

    Nothing is open yet when this returns: the caller starts a session that has shown its second factor, with a
    new token. Only wrong codes stay counted.
    """
    _verify(services, half_user, code, _use)


def holds_all_codes(services: Services, actor: User, codes: Sequence[str]) -> bool:
    """True when these are all the recovery codes of the actor's second factor and none was used.

    Only the page that has just made them holds them all: it has shown the second factor, and need not ask again.
    """
    hashes = {recovery_hash(code) for code in codes}
    with services.engine.connect() as conn:
        usable = second_factors.list_codes(conn, actor.id)
    return len(usable) == RECOVERY_CODES and usable == hashes


def new_recovery_codes(services: Services, actor: User, code: str) -> tuple[str, ...]:
    """Recovery codes in place of all earlier ones, for a code of the app. Raises WrongCode or TooManyRequests.

    A recovery code is not enough: one that was found on paper would make ten for its finder.
    """
    _verify(services, actor, code, _use_app_code)
    brakes.spend(services, (brakes.CHANGES_BY_ACCOUNT, str(actor.id)))
    with services.engine.begin() as conn:
        _require_account(conn, actor)
        codes = _replace_codes(conn, actor)
        _audit(conn, "recovery_codes_replaced", actor)
        send_notice(services, conn, actor, Notice.RECOVERY_CODES_REPLACED)
    return codes


def remove(services: Services, actor: User, *, password: str, code: str) -> None:
    """Do without a second factor from now on. Raises Forbidden where it is required.

    Raises WrongPassword, WrongCode or TooManyRequests; a code is used up only after the password was right.
    """
    if is_required(services.settings, actor):
        raise Forbidden(_REQUIRED)
    matched = confirm_password(services, actor, password)
    verify_code(services, actor, code)
    brakes.spend(services, (brakes.CHANGES_BY_ACCOUNT, str(actor.id)))
    with services.engine.begin() as conn:
        lock_with_password(conn, actor, matched)
        if second_factors.delete(conn, actor.id):
            # Half sessions would be whole ones from here on: whoever holds one knows the password alone.
            sessions.revoke_half(conn, actor.id, now=services.now(conn))
            _audit(conn, "second_factor_removed", actor)
            send_notice(services, conn, actor, Notice.SECOND_FACTOR_OFF)


def reset(services: Services, *, email: str) -> bool:
    """Take the second factor from an account whose owner lost phone and codes, and end all its sessions.

    For the command line: whoever may run it holds the server. False when there was none. Raises InvalidInput
    when no account has this address.
    """
    with services.engine.begin() as conn:
        found = users.find_credentials(conn, _address(email))
        if found is None:
            raise InvalidInput({"email": "There is no account with this email."}, "Nothing was changed.")
        users.lock(conn, found.user.id)
        if not second_factors.delete(conn, found.user.id):
            return False
        ended = sessions.revoke_all(conn, found.user.id, now=services.now(conn))
        books.audit(
            conn, "second_factor_reset", f"user:{found.user.id}", actor_id=None, detail={"sessions": ended}
        )
        send_notice(services, conn, found.user, Notice.SECOND_FACTOR_OFF)
    return True


def _require_account(conn: Connection, actor: User) -> None:
    """Hold the actor's account. Raises Forbidden when it cannot sign in any more."""
    users.lock(conn, actor.id)
    if users.find_role(conn, actor.id) is None:
        raise Forbidden()


def _begin(services: Services, conn: Connection, actor: User) -> Setup:
    nonce = secrets.token_bytes(NONCE_BYTES)
    if not second_factors.begin(conn, actor.id, nonce=nonce, now=services.now(conn)):
        raise Forbidden(_IS_ON)
    return _setup(services.settings, actor, nonce)


def _verify(
    services: Services, user: User, code: str, use: Callable[[Services, Connection, User, str], str | None]
) -> None:
    with brakes.one_guess(services, (brakes.CODES_BY_ACCOUNT, str(user.id))):
        with services.engine.begin() as conn:
            users.lock(conn, user.id)
            used = use(services, conn, user, code)
            _audit(conn, used or "second_factor_failed", user)
        if used is None:
            raise WrongCode()


def _use(services: Services, conn: Connection, user: User, code: str) -> str | None:
    """What the audit log says of a code that was right and is used up now."""
    return _use_app_code(services, conn, user, code) or _use_recovery_code(services, conn, user, code)


def _use_app_code(services: Services, conn: Connection, user: User, code: str) -> str | None:
    factor = second_factors.find(conn, user.id)
    if factor is None or not factor.is_confirmed or users.find_role(conn, user.id) is None:
        return None
    step = matching_step(_secret(services.settings, factor.nonce), code, services.now(conn))
    is_used = step is not None and second_factors.use_step(conn, user.id, nonce=factor.nonce, step=step)
    return "second_factor_passed" if is_used else None


def _use_recovery_code(services: Services, conn: Connection, user: User, code: str) -> str | None:
    typed = recovery_hash(code)
    if typed is None or users.find_role(conn, user.id) is None:
        return None
    if not second_factors.use_code(conn, user.id, typed, now=services.now(conn)):
        return None
    left = len(second_factors.list_codes(conn, user.id))
    send_notice(services, conn, user, Notice.RECOVERY_CODE_USED, detail=_codes_left(left))
    return "recovery_code_used"


def _replace_codes(conn: Connection, actor: User) -> tuple[str, ...]:
    codes = tuple(recovery_code(secrets.token_bytes(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES))
    second_factors.replace_codes(conn, actor.id, [digest for c in codes if (digest := recovery_hash(c))])
    return codes


def _setup(settings: Settings, actor: User, nonce: bytes) -> Setup:
    secret = _secret(settings, nonce)
    uri = setup_uri(secret, account=actor.email, issuer=settings.business_name)
    # Dark on light in either scheme, with the quiet border that scanners look for.
    drawn = segno.make(uri, error="m").svg_data_uri(scale=8, border=4, dark="#000", light="#fff")
    return Setup(nonce, secret, uri, drawn)


def _secret(settings: Settings, nonce: bytes) -> str:
    return secret_of(settings.secret_key.get_secret_value(), nonce)


def _codes_left(left: int) -> str:
    return "No recovery code is left." if left == 0 else f"Recovery codes left: {left}."


def _address(email: str) -> str:
    try:
        return normal_email(email)
    except ValueError as exc:
        raise InvalidInput({"email": str(exc)}, "Nothing was changed.") from exc


def _audit(conn: Connection, action: str, user: User) -> None:
    books.audit(conn, action, f"user:{user.id}", actor_id=user.id, detail={})
