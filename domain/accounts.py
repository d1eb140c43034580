"""Who a person is here, and which words they may register with. Checks are pure: nothing is looked up."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from uuid import UUID

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from domain.common_passwords import is_common_password
from domain.errors import InvalidInput

PASSWORD_MIN = 8
# Far above the 64 characters that ASVS 6.2.9 asks for, far below what could keep a processor busy.
PASSWORD_MAX = 256

# The two-digit codes are those of the GST registration number: the place of supply needs them.
INDIAN_STATES: Mapping[str, str] = MappingProxyType({
    "01": "Jammu and Kashmir", "02": "Himachal Pradesh", "03": "Punjab", "04": "Chandigarh",
    "05": "Uttarakhand", "06": "Haryana", "07": "Delhi", "08": "Rajasthan", "09": "Uttar Pradesh",
    "10": "Bihar", "11": "Sikkim", "12": "Arunachal Pradesh", "13": "Nagaland", "14": "Manipur",
    "15": "Mizoram", "16": "Tripura", "17": "Meghalaya", "18": "Assam", "19": "West Bengal",
    "20": "Jharkhand", "21": "Odisha", "22": "Chhattisgarh", "23": "Madhya Pradesh", "24": "Gujarat",
    "26": "Dadra and Nagar Haveli and Daman and Diu", "27": "Maharashtra", "29": "Karnataka",
    "30": "Goa", "31": "Lakshadweep", "32": "Kerala", "33": "Tamil Nadu", "34": "Puducherry",
    "35": "Andaman and Nicobar Islands", "36": "Telangana", "37": "Andhra Pradesh", "38": "Ladakh",
})  # fmt: skip

_USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,28})[a-z0-9]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Role(StrEnum):
    SUBSCRIBER = "subscriber"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class User:
    """A registered person. `phone` is in E.164 form; `state_code` is the GST code of their state."""

    id: UUID
    username: str
    email: str
    full_name: str
    phone: str
    state_code: str
    role: Role
    customer_id: str
    created_at: datetime
    # Of the password that let this person in: with another one since, no session may begin for it.
    password_changed_at: datetime
    email_verified_at: datetime | None = None

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN

    @property
    def is_email_verified(self) -> bool:
        return self.email_verified_at is not None

    @property
    def state(self) -> str:
        return INDIAN_STATES.get(self.state_code, "")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from: an IP address and the token of the browser, as far as they are known."""

    address: str = ""
    browser_token: str = field(default="", repr=False)

    @property
    def network(self) -> str:
        """The address, of IPv6 its /64: a household has so many that each would be a new visitor."""
        try:
            found = ip_address(self.address)
        except ValueError:
            return ""
        return str(ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


# Calls that no browser made: the command line, a test.
NOBODY = Visitor()


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration form that passed every check that needs no look-up."""

    full_name: str
    email: str
    username: str
    phone: str
    state_code: str
    password: str

    def __repr__(self) -> str:
        return "Registration(****)"


def check_registration(
    *, full_name: str, email: str, username: str, phone: str, state: str, password: str
) -> Registration:
    """Normalise a form. Raises InvalidInput with one sentence for each field that is wrong.

    `state` is a state's name or its GST code. The password is kept to the letter.
    """
    fields: dict[str, str] = {}
    values = {
        "full_name": _collect(fields, "full_name", _full_name, full_name),
        "email": _collect(fields, "email", normal_email, email),
        "username": _collect(fields, "username", normal_username, username),
        "phone": _collect(fields, "phone", normal_phone, phone),
        "state_code": _collect(fields, "state", _state_code, state),
        "password": _collect(
            fields, "password", partial(check_password, owner=(email, username, full_name)), password
        ),
    }
    if fields:
        raise InvalidInput(fields)
    return Registration(**values)


def normal_email(text: str) -> str:
    """The address in the one spelling we store. Raises ValueError with the sentence for the person."""
    if len(text) > 254 or _UNPRINTABLE.search(text):
        raise ValueError("Enter an email address such as name@example.com.")
    try:
        # The guide's own addresses end in example.com: special-use domains are allowed, delivery is not tested.
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as exc:
        raise ValueError("Enter an email address such as name@example.com.") from exc
    return found.normalized.lower()


def normal_username(text: str) -> str:
    """Case-folded username. It holds no `@`, so that no username can look like an address."""
    username = text.strip().casefold()
    if not _USERNAME.fullmatch(username):
        raise ValueError(
            "Use 3 to 30 letters, digits, dots, dashes or underscores; begin and end with a letter or digit."
        )
    return username


def normal_phone(text: str) -> str:
    """An Indian mobile or fixed number in E.164 form, from `9999999999`, `919999999999` or `+91 …`."""
    message = "Enter a 10-digit Indian phone number."
    if len(text) > 32 or _UNPRINTABLE.search(text):
        raise ValueError(message)
    try:
        number = phonenumbers.parse(text, "IN")
    except phonenumbers.NumberParseException as exc:
        raise ValueError(message) from exc
    if number.country_code != 91 or not phonenumbers.is_possible_number(number):
        raise ValueError(message)
    national = str(number.national_number)
    if len(national) != 10:
        raise ValueError(message)
    return f"+91{national}"


def check_password(text: str, *, owner: Sequence[str] = ()) -> str:
    """The password itself, unchanged. No rule of composition: those make weak passwords (ASVS 6.2.5).

    Refused are what people use most and what stands beside it in the form: `owner` holds the person's own words.
    """
    if len(text) < PASSWORD_MIN:
        raise ValueError(f"Use at least {PASSWORD_MIN} characters.")
    if len(text) > PASSWORD_MAX:
        raise ValueError(f"Use at most {PASSWORD_MAX} characters.")
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("This password holds a character that cannot be typed again. Choose another one.")
    folded = text.casefold().strip()
    own = {word.strip().casefold() for word in owner} | {
        w.partition("@")[0].strip().casefold() for w in owner
    }
    if folded in own:
        raise ValueError("Your password cannot be your name, username or email. Choose another one.")
    if is_common_password(folded):
        raise ValueError("This is one of the passwords that people guess first. Choose another one.")
    return text


def _full_name(text: str) -> str:
    name = " ".join(text.split(" ")).strip()
    if not 2 <= len(name) <= 100 or _UNPRINTABLE.search(name):
        raise ValueError("Enter your name, 2 to 100 characters.")
    return name


def _state_code(text: str) -> str:
    for code, name in INDIAN_STATES.items():
        if text in (code, name):
            return code
    raise ValueError("Choose your state or union territory.")


def _collect(fields: dict[str, str], field: str, check: Callable[[str], str], text: str) -> str:
    try:
        return check(text)
    except ValueError as exc:
        fields[field] = str(exc)
        return ""
