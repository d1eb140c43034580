"""The one tree of errors that a person may meet.

Each error carries the sentence its reader sees (what happened to *their money*, what to do next), the
HTTP status of a route that meets it, and whether trying again later can help. Secrets, card data and
raw bodies never enter a message.

    ProductError
    ├── InvalidInput                 a form or a request is wrong; `fields` says where
    │   ├── EmailTaken
    │   ├── UsernameTaken
    │   └── UnknownPlan
    ├── NotSignedIn
    ├── WrongCredentials
    │   ├── WrongPassword            asked again by a page that is open already
    │   └── WrongCode                of the second factor
    ├── Forbidden                    signed in, but not allowed
    │   └── SetupOver                a second factor that was begun too long ago, or anew elsewhere
    ├── NoActiveSubscription         signed in, and nothing paid for is running
    ├── TicketRefused                a sign-in link used twice, too late, or in another browser
    ├── LinkRefused                  a link of a mail used twice, too late, or forged
    ├── OrderNotFound                also the answer for somebody else's order
    ├── CheckoutClosed               money for this purchase arrived, or a person is looking at it
    ├── RefundRefused                more than is left, or not now
    ├── GrantRefused                 access that cannot be given or ended by hand, or not as it was shown
    ├── DeletionRefused              money of this person is under way
    ├── TooManyRequests
    ├── WebhookRefused               the signature does not prove who sent it
    │   └── WebhookUnreadable        proved, but not a message that can be read
    └── GatewayError
        ├── GatewayUnavailable       no answer, or "try later": the outcome is unknown
        │   ├── GatewayTimeout       the call may have had its effect
        │   ├── GatewayRateLimited
        │   └── CircuitOpen          not called at all: it failed too often just now
        ├── GatewayReplyInvalid      an answer that cannot be read or contradicts the question
        ├── GatewayCredentialsRejected
        ├── GatewayFeatureDisabled
        ├── GatewayRequestRejected   the gateway refuses what we asked
        ├── GatewayConflict          the id exists already
        │   └── IdempotencyMismatch  same key, other content
        └── GatewayObjectNotFound
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self


class ProductError(Exception):
    """Base of all errors that are shown to a person."""

    user_message = "Something went wrong on our side. Nothing was charged by this step. Please try again."
    http_status = 500
    retryable = False

    def __init__(self, user_message: str | None = None, *, detail: str = "") -> None:
        """`detail` is for the log only; it must hold no secret and no personal data."""
        if user_message is not None:
            self.user_message = user_message
        self.detail = detail
        super().__init__(detail or self.user_message)


class InvalidInput(ProductError):
    user_message = "Please correct the marked fields."
    http_status = 422

    def __init__(self, fields: Mapping[str, str], user_message: str | None = None) -> None:
        """`fields` maps a field's name to the sentence shown under it."""
        super().__init__(user_message, detail=", ".join(sorted(fields)))
        self.fields = dict(fields)


class EmailTaken(InvalidInput):
    http_status = 409

    def __init__(self) -> None:
        super().__init__({"email": "This email is already in use. Log in instead, or use another one."})


class UsernameTaken(InvalidInput):
    http_status = 409

    def __init__(self) -> None:
        super().__init__({"username": "This username is taken. Please choose another one."})


class UnknownPlan(InvalidInput):
    def __init__(self) -> None:
        super().__init__({"plan": "Choose the Monthly or the Annual plan."})


class NotSignedIn(ProductError):
    user_message = "Please log in to continue."
    http_status = 401


class WrongCredentials(ProductError):
    user_message = "The email, username or password is not right. Check them and try again."
    http_status = 401


class WrongPassword(WrongCredentials):
    user_message = "Your current password is not right. Nothing was changed."


class WrongCode(WrongCredentials):
    user_message = "This code is not right, or it was used already. Wait for the next one and try again."


class Forbidden(ProductError):
    user_message = "This page is not available to your account."
    http_status = 403


class SetupOver(Forbidden):
    user_message = "This set-up was begun too long ago, or anew in another place. Please begin again."


class NoActiveSubscription(ProductError):
    user_message = (
        "No active subscription. Choose a plan to open the analyzer; nothing was charged by this step."
    )
    http_status = 402


class TicketRefused(ProductError):
    user_message = "This sign-in link is no longer valid. Your account is safe: please log in."
    http_status = 403


class LinkRefused(ProductError):
    user_message = "This link is no longer valid. Your account is unchanged: ask for a new link."
    http_status = 403


class OrderNotFound(ProductError):
    user_message = "We could not find this order in your account. Nothing was changed."
    http_status = 404


class CheckoutClosed(ProductError):
    user_message = (
        "A payment for this purchase has arrived. Please do not pay again: your billing page shows it."
    )
    http_status = 409


class RefundRefused(ProductError):
    user_message = "This refund cannot be made. Nothing was returned by this step."
    http_status = 409


class GrantRefused(ProductError):
    user_message = "This access cannot be given or ended. Nothing was changed by this step."
    http_status = 409


class DeletionRefused(ProductError):
    user_message = "Your account cannot be deleted just now. Nothing was changed."
    http_status = 409


class TooManyRequests(ProductError):
    user_message = "Too many tries in a short time. Please wait a minute and try again."
    http_status = 429
    retryable = True


class WebhookRefused(ProductError):
    user_message = "The signature of this message is not valid."
    http_status = 401


class WebhookUnreadable(WebhookRefused):
    user_message = "This message cannot be read."
    http_status = 400


class GatewayError(ProductError):
    """Anything the payment gateway did not do as asked."""

    user_message = "The payment service could not be reached as expected. You were not charged by this step."
    http_status = 502

    def __init__(
        self,
        user_message: str | None = None,
        *,
        detail: str = "",
        code: str = "",
        gateway_status: int | None = None,
    ) -> None:
        """`code` and `gateway_status` are the gateway's own words, for the log and for tests."""
        super().__init__(user_message, detail=detail)
        self.code = code
        self.gateway_status = gateway_status


class GatewayUnavailable(GatewayError):
    user_message = (
        "Cashfree temporarily unavailable. Your account is safe and nothing was charged by this step. "
        "Please try again in a minute."
    )
    http_status = 503
    retryable = True

    def naming(self, service: str) -> Self:
        """The same error with the name of the payment service that is meant, as people know it."""
        self.user_message = self.user_message.replace("Cashfree", service)
        return self


class GatewayTimeout(GatewayUnavailable):
    user_message = (
        "Cashfree temporarily unavailable: it did not answer in time. If you have paid already, your access "
        "opens by itself as soon as it confirms. Please do not pay twice."
    )


class GatewayRateLimited(GatewayUnavailable):
    http_status = 503

    def __init__(self, *, retry_after_seconds: int = 0, detail: str = "", code: str = "") -> None:
        super().__init__(detail=detail, code=code, gateway_status=429)
        self.retry_after_seconds = retry_after_seconds


class CircuitOpen(GatewayUnavailable):
    pass


class GatewayReplyInvalid(GatewayError):
    """The effect of the call is unknown: the answer could not be trusted."""

    retryable = True


class GatewayCredentialsRejected(GatewayError):
    user_message = "Payments are not available right now. You were not charged. Our team has been told."


class GatewayFeatureDisabled(GatewayError):
    user_message = (
        "This way of paying is not available right now. You were not charged. Please choose another one."
    )


class GatewayRequestRejected(GatewayError):
    user_message = (
        "The payment service did not accept this order. You were not charged. "
        "Please check your details or contact support."
    )


class GatewayConflict(GatewayError):
    user_message = "This order exists already. Nothing was charged twice."
    http_status = 409


class IdempotencyMismatch(GatewayConflict):
    pass


class GatewayObjectNotFound(GatewayError):
    user_message = "The payment service does not know this order."
    http_status = 404
