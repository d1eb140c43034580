"""The authorisation matrix of the routes: for each path and method, what everybody is answered.

Everybody sends the same request with their own cookies. An answer is a status, with the place it leads to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.security.people import Things

OURS = {"origin": "http://localhost:8501", "sec-fetch-site": "same-origin"}


@dataclass(frozen=True, slots=True)
class Answers:
    """What each is answered, and whose request may write something.

    `path` makes the address from things that the owner has, or that nobody has.
    """

    anonymous: str
    owner: str
    other: str
    admin: str
    path: Callable[[Things], str]
    headers: Mapping[str, str] = field(default_factory=dict)
    writers: frozenset[str] = frozenset()


def _alike(path: str, answer: str, **more: object) -> Answers:
    """The same for everybody: who asks is not looked at."""
    return Answers(answer, answer, answer, answer, lambda _things: path, **more)  # type: ignore[arg-type]


def _webhooks() -> dict[tuple[str, str], Answers]:
    rows = {}
    for path in ("/webhooks/cashfree", "/webhooks/cashfree/", "/webhooks/razorpay", "/webhooks/razorpay/"):
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"):
            rows[path, method] = _alike(path, "405", headers=OURS)
        # No cookie opens it, an admin's neither: the gateway's signature alone does.
        rows[path, "POST"] = _alike(path, "401")
    return rows


def _callback() -> dict[tuple[str, str], Answers]:
    path = "/checkout/razorpay/callback"
    rows = {
        (path, method): _alike(path, "405", headers=OURS)
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")
    }
    # Without a signature nothing is looked at, and nothing of the form is shown.
    rows[path, "POST"] = _alike(path, "303 /")
    return rows


def _ticket(things: Things) -> str:
    return f"/auth/session?ticket={things.ticket}&next=/billing"


_REFUSED_TICKET = "303 /login?problem=ticket"
_START_SESSION = Answers(
    anonymous=_REFUSED_TICKET,
    owner="303 /billing",
    other=_REFUSED_TICKET,
    admin=_REFUSED_TICKET,
    path=_ticket,
    writers=frozenset({"owner"}),
)
_CHECKOUT = Answers(
    anonymous="303 /login",
    owner="200",
    other="404",
    admin="404",
    path=lambda things: f"/checkout/{things.order_id}",
    # Whoever leaves for the gateway comes back with news: the last look is forgotten.
    writers=frozenset({"owner"}),
)

_EXPORT = Answers(
    anonymous="303 /login?next=account",
    owner="200",
    other="200",
    admin="200",
    path=lambda _things: "/account/export",
    # Each export is audited, in the name of whoever took it.
    writers=frozenset({"owner", "other", "admin"}),
)

_RECEIPT = Answers(
    anonymous="303 /login?next=billing",
    owner="200",
    other="404",
    admin="404",
    path=lambda things: f"/receipts/{things.paid_order_id}",
)

_UNSUBSCRIBE = f"/unsubscribe/{'0' * 32}.{'A' * 43}"

ROUTES: Mapping[tuple[str, str], Answers] = {
    **_webhooks(),
    **_callback(),
    ("/auth/session", "GET"): _START_SESSION,
    ("/auth/session", "HEAD"): _START_SESSION,
    # Each ends their own session.
    ("/auth/sign-out", "POST"): _alike(
        "/auth/sign-out", "303 /", headers=OURS, writers=frozenset({"owner", "other", "admin"})
    ),
    ("/checkout/{order_id}", "GET"): _CHECKOUT,
    ("/checkout/{order_id}", "HEAD"): _CHECKOUT,
    ("/checkout/{order_id}/script-failure", "POST"): Answers(
        anonymous="401",
        owner="200",
        other="404",
        admin="404",
        path=lambda things: f"/checkout/{things.order_id}/script-failure",
        headers=OURS,
        writers=frozenset({"owner"}),
    ),
    ("/receipts/{order_id}", "GET"): _RECEIPT,
    ("/receipts/{order_id}", "HEAD"): _RECEIPT,
    ("/favicon.ico", "GET"): _alike("/favicon.ico", "308 /app/static/icon.png"),
    ("/favicon.ico", "HEAD"): _alike("/favicon.ico", "308 /app/static/icon.png"),
    ("/healthz", "GET"): _alike("/healthz", "200"),
    ("/healthz", "HEAD"): _alike("/healthz", "200"),
    # No worker runs beside this test.
    ("/readyz", "GET"): _alike("/readyz", "503"),
    ("/readyz", "HEAD"): _alike("/readyz", "503"),
    # Behind a token that is no account's.
    ("/metrics", "GET"): _alike("/metrics", "404"),
    ("/metrics", "HEAD"): _alike("/metrics", "404"),
    # No cookie is looked at; a token that is nobody's is answered like one that is somebody's.
    ("/unsubscribe/{token}", "GET"): _alike(_UNSUBSCRIBE, "200"),
    ("/unsubscribe/{token}", "HEAD"): _alike(_UNSUBSCRIBE, "200"),
    ("/unsubscribe/{token}", "POST"): _alike(_UNSUBSCRIBE, "200"),
    ("/csp-report", "POST"): _alike("/csp-report", "204"),
    ("/account/export", "GET"): _EXPORT,
    # Nobody sends for a file in this way, and a link on another site could.
    ("/account/export", "HEAD"): _alike("/account/export", "403"),
}
