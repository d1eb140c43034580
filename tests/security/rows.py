"""The words of the authorisation matrix: of what kind a use-case is, and what its row says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from domain.accounts import User
from tests.security.people import Things
from wiring import Services

Call = Callable[[Callable[..., Any], Services, User, Things], object]


class Kind(Enum):
    OWN = "checks nothing but who acts: it reads and changes the actor's own data alone"
    OWNER_ONLY = "takes an id: for all but its owner the thing does not exist, for an admin neither"
    ADMIN_ONLY = "refuses everybody who is no admin in the database at this moment"
    OPEN = "for everybody, also before they have an account; gives nobody's data"
    BY_PROOF = "the caller proves who they are: a password, a token, a ticket, a link, a signature"
    WITHIN = "a step inside the transaction of another use-case, which has checked"
    SYSTEM = "called by jobs, the command line and other use-cases; takes no actor"


@dataclass(frozen=True, slots=True)
class Row:
    """`call` performs the use-case for somebody; `refusal` is the error, or the answer, of those who may not.

    `shows` names the thing that must be in the answer to those who may. Kinds that are not tried say why.
    """

    kind: Kind
    why: str = ""
    call: Call | None = None
    refusal: object = None
    shows: str = ""


def own(call: Call, *, shows: str = "") -> Row:
    return Row(Kind.OWN, call=call, shows=shows)


def owner_only(call: Call, *, refusal: object, shows: str = "") -> Row:
    return Row(Kind.OWNER_ONLY, call=call, refusal=refusal, shows=shows)


def admin_only(call: Call, *, shows: str = "") -> Row:
    return Row(Kind.ADMIN_ONLY, call=call, shows=shows)


def system(why: str) -> Row:
    return Row(Kind.SYSTEM, why)


def within(why: str) -> Row:
    return Row(Kind.WITHIN, why)


def by_proof(why: str) -> Row:
    return Row(Kind.BY_PROOF, why)


def open_to_all(why: str) -> Row:
    return Row(Kind.OPEN, why)
