"""What Razorpay's payers pay with in test mode, and what each test card or UPI address leads to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from simulator.methods import GOOD_OTPS
from simulator.razorpay_ids import new_id

METHODS = ("card", "upi", "netbanking", "wallet")
BANKS = {
    "HDFC": "HDFC Bank",
    "ICIC": "ICICI Bank",
    "SBIN": "State Bank of India",
    "UTIB": "Axis Bank",
    "KKBK": "Kotak Mahindra Bank",
    "PUNB_R": "Punjab National Bank",
}
WALLETS = {
    "paytm": "Paytm",
    "phonepe": "PhonePe",
    "amazonpay": "Amazon Pay",
    "mobikwik": "MobiKwik",
    "payzapp": "PayZapp",
}
TEST_CARD = "4111 1111 1111 1111"
TEST_VPA = "success@razorpay"
VPA = re.compile(r"[A-Za-z0-9.\-_]{2,256}@[A-Za-z][A-Za-z0-9]{1,63}")


def failure(reason: str, description: str, source: str, step: str, code: str = "BAD_REQUEST_ERROR") -> Any:
    """The error members of a failed attempt."""
    return {"code": code, "description": description, "source": source, "step": step, "reason": reason}


BANK_REFUSED = failure(
    "payment_failed",
    "Payment was unsuccessful due to a temporary issue. If amount got deducted, it will be refunded"
    " within 5-7 working days.",
    "gateway",
    "payment_response",
)
CANCELLED = failure(
    "payment_cancelled",
    "Your payment has been cancelled. Try again or complete the payment later.",
    "customer",
    "payment_authentication",
)
TIMED_OUT = failure(
    "payment_timed_out",
    "Payment was not completed on time.",
    "customer",
    "payment_authentication",
)
WRONG_OTP = failure(
    "incorrect_otp",
    "Payment failed because the one-time password was not correct.",
    "customer",
    "payment_authentication",
)
CARD_DECLINED = failure(
    "card_declined",
    "The card was declined by its bank. Try another card or another method.",
    "issuer_bank",
    "payment_authorization",
)
INVALID_VPA = failure(
    "invalid_vpa", "The UPI ID is not valid. Enter one like name@bank.", "customer", "payment_initiation"
)
INSUFFICIENT_FUNDS = failure(
    "insufficient_funds",
    "The account has insufficient balance. Try another account or method.",
    "customer",
    "payment_authorization",
)
ONLINE_DISABLED = failure(
    "card_disabled_for_online_payments",
    "The card is not enabled for online payments.",
    "customer",
    "payment_authorization",
)
NUMBER_INVALID = failure(
    "card_number_invalid", "The card number is not valid.", "customer", "payment_authorization"
)
TECHNICAL_ERROR = failure(
    "gateway_technical_error",
    "Payment failed because of a technical error at the gateway.",
    "gateway",
    "payment_authorization",
    "GATEWAY_ERROR",
)
AUTHENTICATION_FAILED = failure(
    "authentication_failed",
    "Payment failed because the card holder could not be authenticated.",
    "customer",
    "payment_authentication",
)

# The integration guide's card that never pays.
ALWAYS_DECLINED = frozenset({"4000000000000002"})
# Test mode's cards that fail for a reason of their own once the bank page says no.
REASON_OF_CARD = {
    "4000000000000002": CARD_DECLINED,
    "4100280000090000": TIMED_OUT,
    "5305620000060000": TIMED_OUT,
    "4100280000080001": INSUFFICIENT_FUNDS,
    "5305620000050001": INSUFFICIENT_FUNDS,
    "4100280000070002": CANCELLED,
    "5305620000040002": CANCELLED,
    "4100280000060003": CARD_DECLINED,
    "5305620000030003": CARD_DECLINED,
    "4100280000030006": ONLINE_DISABLED,
    "5305620000000006": ONLINE_DISABLED,
    "4100280000010008": NUMBER_INVALID,
    "5305620000080008": NUMBER_INVALID,
    "4100280000020007": TECHNICAL_ERROR,
    "5305620000090007": TECHNICAL_ERROR,
    "4100280000000009": AUTHENTICATION_FAILED,
    "5305620000070009": AUTHENTICATION_FAILED,
}
INTERNATIONAL = frozenset({"5555555555554444", "5105105105105100", "5104060000000008", "4012888888881881"})


@dataclass(frozen=True, slots=True)
class RazorpayInstrument:
    """What one attempt is paid with. ``details`` become members of the payment."""

    method: str
    details: dict[str, Any]
    refusal: dict[str, Any] | None = None
    always_refused: bool = False


def card(number: str, holder: str = "") -> RazorpayInstrument:
    """A card; only its last four digits are kept. No check digit is asked for."""
    digits = re.sub(r"\D", "", number)
    block = {
        "id": new_id("card"),
        "entity": "card",
        "name": holder,
        "last4": digits[-4:],
        "network": _network(digits),
        "type": "debit" if _network(digits) == "RuPay" else "credit",
        "issuer": None if digits in INTERNATIONAL else "UTIB",
        "international": digits in INTERNATIONAL,
        "emi": False,
        "sub_type": "consumer",
        "token_iin": None,
    }
    return RazorpayInstrument(
        "card",
        {"card_id": block["id"], "card": block},
        refusal=REASON_OF_CARD.get(digits, BANK_REFUSED),
        always_refused=digits in ALWAYS_DECLINED,
    )


def upi(vpa: str | None, flow: str = "collect") -> RazorpayInstrument:
    """A UPI address, or (flow intent) whichever app the payer opens."""
    upi_block = {"payer_account_type": "bank_account", "vpa": vpa, "flow": flow}
    return RazorpayInstrument(
        "upi",
        {"vpa": vpa, "upi": upi_block},
        refusal=BANK_REFUSED,
        always_refused=vpa is not None and vpa.partition("@")[0].lower() == "failure",
    )


def netbanking(bank: str) -> RazorpayInstrument:
    """A bank's own pages."""
    return RazorpayInstrument("netbanking", {"bank": bank if bank in BANKS else "HDFC"}, refusal=BANK_REFUSED)


def wallet(name: str) -> RazorpayInstrument:
    """A wallet's own pages."""
    return RazorpayInstrument(
        "wallet", {"wallet": name if name in WALLETS else "paytm"}, refusal=BANK_REFUSED
    )


def instrument(method: str) -> RazorpayInstrument:
    """A method with its test data, for payments made without a browser."""
    return {
        "card": card(TEST_CARD, "Test"),
        "upi": upi(TEST_VPA),
        "netbanking": netbanking("HDFC"),
        "wallet": wallet("paytm"),
    }[method]


def is_card_number(number: str) -> bool:
    """True for 12 to 19 digits."""
    return 12 <= len(re.sub(r"[\s-]", "", number)) <= 19 and re.sub(r"[\s-]", "", number).isdecimal()


def is_vpa(address: str) -> bool:
    """True for ``name@handle``."""
    return VPA.fullmatch(address.strip()) is not None


def is_good_otp(otp: str) -> bool:
    """True for the one-time passwords that both gateways' checkouts of this simulator take."""
    return otp.strip() in GOOD_OTPS


def _network(digits: str) -> str:
    if digits.startswith(("60", "6521", "6522", "6527", "81", "82", "508")):
        return "RuPay"
    if digits.startswith(("34", "37")):
        return "American Express"
    if digits.startswith(("30", "36", "38", "39")):
        return "Diners Club"
    return {"4": "Visa", "5": "MasterCard", "2": "MasterCard"}.get(digits[:1], "Unknown")
