"""A gateway's codes for methods and failures, in the words of the person who pays."""

from __future__ import annotations

from domain.gateway import RETURNED_UNTAKEN
from domain.orders import PaymentStatus

_METHODS = {
    "upi": "UPI",
    "upi_credit_card": "UPI with credit card",
    "upi_ppi": "UPI wallet",
    "card": "Card",
    "credit_card": "Credit card",
    "debit_card": "Debit card",
    "prepaid_card": "Prepaid card",
    "netbanking": "Net banking",
    "net_banking": "Net banking",
    "app": "Wallet",
    "wallet": "Wallet",
    "paylater": "Pay later",
    "pay_later": "Pay later",
    "cardless_emi": "Cardless EMI",
    "credit_card_emi": "Credit card EMI",
    "debit_card_emi": "Debit card EMI",
    "bank_transfer": "Bank transfer",
    "banktransfer": "Bank transfer",
}
_FAILURES = {
    "auth_declined": "Your bank did not accept the one-time password or the approval.",
    "bank_rejected": "Your bank declined the payment.",
    "transaction_declined": "Your bank declined the payment.",
    "insufficient_funds": "The account did not hold enough money.",
    "invalid_amount": "The bank refused the amount.",
    "gateway_error": "The bank or the payment service had a problem.",
    RETURNED_UNTAKEN: "Your bank had set the money aside and we did not take it. It gives it back by itself.",
}
_ENDED = {
    PaymentStatus.DROPPED: "The payment was left before it was finished.",
    PaymentStatus.CANCELLED: "The payment was cancelled.",
}
_UNKNOWN = "The bank or the payment service did not accept this attempt."


def describe_method(code: str) -> str:
    """`UPI` for `upi`; a code that a gateway invents later is shown in plain letters."""
    return _METHODS.get(code.lower(), code.replace("_", " ").capitalize())


def describe_failure(status: PaymentStatus, message: str) -> str:
    """Why an attempt brought no money. A sentence of the gateway about a failure is passed on; a bare code never is."""
    known = _FAILURES.get(message.strip().lower())
    if known is not None:
        return known
    if status in _ENDED:
        return _ENDED[status]
    return message.strip() if " " in message.strip() else _UNKNOWN
