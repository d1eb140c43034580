"""The brakes on guessing and flooding: per account, per address and over all, counted in PostgreSQL for all processes.

A browser in which a person has signed in before has a brake of its own and passes the others, so that strangers
who guess, from however many addresses, lock nobody out. Keys hold keyed hashes: no name and no address is stored.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from database import limits
from domain.accounts import Visitor
from domain.errors import TooManyRequests
from domain.limits import Limit, in_words
from wiring import Services

log = structlog.get_logger()

_TOO_MANY = "Too many tries. Please wait {wait} and try again."
_QUARTER = timedelta(minutes=15)
_HOUR = timedelta(hours=1)

# ASVS 6.3.1. An account has two names, its username and its address: ten tries of strangers in all.
LOGINS_BY_NAME = Limit("login-name", 5, _QUARTER, _TOO_MANY)
LOGINS_IN_KNOWN_BROWSER = Limit("login-browser", 10, _QUARTER, _TOO_MANY)
# An office or a mobile network shares one address.
LOGINS_BY_ADDRESS = Limit("login-address", 50, _QUARTER, _TOO_MANY)
# One guess on each of ten thousand accounts is an attack too.
LOGINS_BY_ALL = Limit("login-all", 600, _QUARTER, "Many people are trying to log in. Please wait {wait}.")

REGISTRATIONS_BY_ADDRESS = Limit("register-address", 60, _HOUR, _TOO_MANY)
REGISTRATIONS_BY_ALL = Limit("register-all", 600, _HOUR, "Many people are registering. Please wait {wait}.")

# Mails to one address, whoever asks for them. Those that prove it are counted apart: three links for a password must
# be three, whether or not somebody has just registered with the address.
VERIFICATIONS_BY_RECIPIENT = Limit(
    "verify-recipient", 3, _HOUR, "We have sent three mails. Please wait {wait}."
)
LINKS_BY_RECIPIENT = Limit("link-recipient", 3, _HOUR, "We have sent three mails. Please wait {wait}.")
LINKS_BY_ADDRESS = Limit("link-address", 10, _HOUR, _TOO_MANY)
# Of one account, to whatever addresses: its owner mistypes once or twice.
EMAIL_CHANGES_BY_ACCOUNT = Limit("email-change-account", 5, _HOUR, _TOO_MANY)
LINKS_BY_ALL = Limit("link-all", 300, _HOUR, "Many people are asking for mails. Please wait {wait}.")

# Six digits: five tries a quarter of an hour reach one in two thousand within a day.
CODES_BY_ACCOUNT = Limit("code-account", 5, _QUARTER, _TOO_MANY)
# What is told by mail each time: passwords, second factors, recovery codes. Nobody needs more on one evening, and
# whoever holds an account must not fill a mailbox.
CHANGES_BY_ACCOUNT = Limit(
    "change-account", 10, _HOUR, "You have changed a lot just now. Please wait {wait}."
)
# Asked again for the password by a page that is open already.
PASSWORDS_BY_ACCOUNT = Limit("password-account", 10, _QUARTER, _TOO_MANY)

# Each reads all that is kept about a person, and leaves a row in the audit log.
EXPORTS_BY_ACCOUNT = Limit(
    "export-account", 10, _HOUR, "You have just exported your data. Please wait {wait}."
)

# Reports that somebody asks for by hand: the same figures again, to a mailbox that is not to be filled.
REPORTS_BY_ACCOUNT = Limit(
    "report-account", 3, _HOUR, "We have just sent you reports. Please wait {wait} and try again."
)


@dataclass(frozen=True, slots=True)
class Spent:
    """Uses that were counted at a moment, and can be taken back when they were no guesses."""

    keys: tuple[str, ...]
    at: datetime


def spend(services: Services, *uses: tuple[Limit, str]) -> Spent:
    """Count one use of each limit under its key, all or none. Raises TooManyRequests with the time to wait.

    An empty key is not counted: nobody knows whose it is.
    """
    keyed = [(limit, _key(services, limit, key)) for limit, key in uses if key]
    with services.engine.begin() as conn:
        now = services.now(conn)
        for limit, key in keyed:
            wait = limits.use_or_wait(conn, key, limit, now=now)
            if wait is None:
                continue
            log.warning("limit_reached", limit=limit.name)
            # Leaving with an error takes back what was counted before it.
            raise TooManyRequests(limit.refusal.format(wait=in_words(wait)))
    return Spent(tuple(key for _, key in keyed), now)


@contextmanager
def one_guess(services: Services, *uses: tuple[Limit, str]) -> Iterator[None]:
    """Count one use of each limit before what is done inside, which raises what stays counted.

    Taken back are the uses of what was no guess: one that was right, and one that the server was too busy to check.
    """
    spent = spend(services, *uses)
    try:
        yield
    except TooManyRequests:
        give_back(services, spent)
        raise
    give_back(services, spent)


def give_back(services: Services, spent: Spent) -> None:
    """Take uses back that were no guesses."""
    with services.engine.begin() as conn:
        for key in spent.keys:
            limits.give_back(conn, key, used_at=spent.at)


def of_login(name: str, visitor: Visitor, *, in_known_browser: bool) -> Sequence[tuple[Limit, str]]:
    """The limits that one try to log in counts against."""
    if in_known_browser:
        return [(LOGINS_IN_KNOWN_BROWSER, f"{name}|{visitor.browser_token}")]
    # In this order everywhere, so that two tries never wait for each other.
    return [(LOGINS_BY_NAME, name), (LOGINS_BY_ADDRESS, visitor.network), (LOGINS_BY_ALL, "all")]


def _key(services: Services, limit: Limit, key: str) -> str:
    secret = services.settings.secret_key.get_secret_value().encode()
    digest = hmac.new(secret, f"{limit.name}:{key}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"{limit.name}:{digest.hexdigest()}"
