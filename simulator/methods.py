"""What payers pay with: cards, UPI addresses, the test bank and the test wallet of the sandbox."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

METHODS = ("card", "upi", "netbanking", "wallet")
# 1234 is the integration guide's one-time password, 111000 the sandbox's own.
GOOD_OTPS = frozenset({"111000", "1234"})
DEBIT_NUMBERS = frozenset(
    {
        "4706131211212123",
        "4062288312345026",
        "5409162669381034",
        "5445856839524391",
        "6074825972083818",
        "6074828163369590",
    }
)
TEST_BANK_CODE, TEST_BANK_NAME = 3333, "TEST Bank"

# Sandbox UPI names that end otherwise than in success: name -> (error_reason, error_source, words).
FAILING_UPI_NAMES = {
    "testfailure": ("bank_rejected", "bank", "Transaction was declined by the bank"),
    "failure": ("bank_rejected", "bank", "Transaction was declined by the bank"),
    "testdeclineuser": ("auth_declined", "customer", "Payer declined the request"),
    "testexpired": ("auth_declined", "customer", "Collect request expired"),
    "testtimeoutbank": ("bank_rejected", "bank", "Bank did not answer in time"),
    "testremitterunavailable": ("bank_rejected", "bank", "Payer's bank is not available"),
    "testinsufficientfunds": ("insufficient_funds", "customer", "Insufficient funds"),
    "testnetworkerror": ("bank_rejected", "bank", "Network error at the bank"),
    "testinvalidpin": ("auth_declined", "customer", "Wrong UPI PIN"),
    "testremitterdispatchfailed": ("bank_rejected", "bank", "Payer's bank rejected the request"),
    "testbeneficiarytimeout": ("bank_rejected", "bank", "Beneficiary's bank timed out"),
    "testtransactionrisk": ("bank_rejected", "bank", "Transaction looks risky"),
    "testfingerprintmismatch": ("auth_declined", "customer", "Device fingerprint does not match"),
    "testbankriskrejected": ("bank_rejected", "bank", "Bank's risk check rejected the payment"),
    "testremittertimeout": ("bank_rejected", "bank", "Payer's bank timed out"),
    "testfraud": ("bank_rejected", "bank", "Suspected fraud"),
    "testvalidationerror": ("bank_rejected", "bank", "Validation failed at the bank"),
    "testdebitfailed": ("bank_rejected", "bank", "Debit failed"),
    "testpspunregistered": ("bank_rejected", "bank", "Payer's app is not registered"),
}
INVALID_UPI_NAMES = frozenset({"testinvalid", "testinvalidvpa", "invalid"})
PENDING_UPI_NAMES = frozenset({"testpending", "pending"})
DROPPING_UPI_NAMES = frozenset({"testuserdropped"})


@dataclass(frozen=True, slots=True)
class Instrument:
    """What one attempt is paid with; ``details`` is the API's payment_method block."""

    method: str
    group: str
    details: dict[str, Any]


def card(number: str) -> Instrument:
    """A card, masked at once. No check digit is asked for: the guide's 1111… must pass."""
    digits = re.sub(r"\D", "", number) or "1111111111111111"
    is_debit = digits in DEBIT_NUMBERS
    kind = "debit_card" if is_debit else "credit_card"
    block = {
        "channel": "link",
        "card_number": f"XXXXXXXXXXXX{digits[-4:]}",
        "card_network": _network(digits),
        "card_type": kind,
        "card_sub_type": "R",
        "card_country": "IN",
        "card_bank_name": TEST_BANK_NAME,
        "card_network_reference_id": None,
        "instrument_id": None,
    }
    return Instrument("card", kind, {"card": block})


def upi(address: str, channel: str = "collect") -> Instrument:
    """A UPI address."""
    block = {
        "channel": channel,
        "upi_id": address,
        "upi_payer_ifsc": "TEST0001234",
        "upi_payer_account_number": "XXXXXXXX2233",
    }
    return Instrument("upi", "upi", {"upi": block})


def netbanking() -> Instrument:
    """The test bank."""
    block = {
        "channel": "link",
        "netbanking_bank_code": TEST_BANK_CODE,
        "netbanking_bank_name": TEST_BANK_NAME,
        "netbanking_ifsc": "TEST0001234",
        "netbanking_account_number": "XXXXXXXX2233",
    }
    return Instrument("netbanking", "net_banking", {"netbanking": block})


def wallet(phone: str) -> Instrument:
    """The test wallet."""
    block = {"channel": "link", "provider": "Test Wallet", "phone": phone}
    return Instrument("wallet", "wallet", {"app": block})


def instrument(method: str, *, phone: str = "9999999999") -> Instrument:
    """A method with its test data, for payments made without a browser."""
    return {
        "card": card("1111111111111111"),
        "upi": upi("testsuccess@gocash"),
        "netbanking": netbanking(),
        "wallet": wallet(phone),
    }[method]


def is_valid_upi_address(address: str) -> bool:
    """True for ``name@handle`` unless the sandbox declares that name invalid."""
    name, at, handle = address.strip().partition("@")
    return bool(name and at and handle) and name.lower() not in INVALID_UPI_NAMES


def upi_outcome(address: str) -> tuple[str, dict[str, Any] | None]:
    """What becomes of a payment from this address: (outcome, error details of a failure)."""
    name = address.strip().partition("@")[0].lower()
    if name in PENDING_UPI_NAMES:
        return "PENDING", None
    if name in DROPPING_UPI_NAMES:
        return "USER_DROPPED", None
    if name not in FAILING_UPI_NAMES:
        return "SUCCESS", None
    reason, source, words = FAILING_UPI_NAMES[name]
    return "FAILED", {
        "error_code": "TRANSACTION_DECLINED",
        "error_description": words,
        "error_reason": reason,
        "error_source": source,
        "error_code_raw": None,
        "error_description_raw": words,
        "error_subcode_raw": "U09",
    }


def _network(digits: str) -> str:
    if digits[0] == "4":
        return "visa"
    if digits[0] == "5":
        return "mastercard"
    return "rupay"
