"""Money: integer paise everywhere; rupees only where a person or a gateway reads them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

INR = "INR"
PAISE_PER_RUPEE = 100
_TOO_LARGE = Decimal("1e12")


class NotMoney(ValueError):
    """The value is not an exact, finite amount of rupees with at most two decimals."""


def paise_from_rupees(rupees: Decimal | int | str) -> int:
    """Exact paise of an amount in rupees. Never rounds; raises NotMoney instead.

    Floats are refused by type: `int(19.99 * 100)` is 1998.
    """
    if isinstance(rupees, bool | float):
        raise NotMoney("rupees must be Decimal, int or str")
    try:
        amount = Decimal(rupees)
    except (InvalidOperation, ValueError) as exc:
        raise NotMoney("not a decimal number") from exc
    # Size first: beyond it even exact arithmetic on decimals rounds or overflows.
    if not amount.is_finite() or abs(amount) >= _TOO_LARGE:
        raise NotMoney("not a finite amount of a plausible size")
    exact = amount.quantize(Decimal("0.01"))
    if exact != amount:
        raise NotMoney("not an exact number of paise")
    return int(exact * PAISE_PER_RUPEE)


def rupees_from_paise(paise: int) -> Decimal:
    """Rupees with two decimals, exact."""
    return (Decimal(paise) / PAISE_PER_RUPEE).quantize(Decimal("0.01"))


def format_rupees(paise: int) -> str:
    """What a person reads: ₹4,990 or ₹1,23,456.50, grouped the Indian way (3, then 2 digits)."""
    sign = "-" if paise < 0 else ""
    rupees, rest = divmod(abs(paise), PAISE_PER_RUPEE)
    decimals = f".{rest:02d}" if rest else ""
    return f"{sign}₹{group_indian(rupees)}{decimals}"


def group_indian(number: int) -> str:
    """Digits with commas after the last three and then after every two: 12,34,567."""
    digits = str(number)
    head, tail = digits[:-3], digits[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*groups, tail])
