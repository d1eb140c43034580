"""The plans on sale, as values. Prices live in the `prices` table; what is here is their shape and names."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import UnknownPlan
from domain.money import format_rupees

MONTHLY = "monthly"
ANNUAL = "annual"


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan with the price that is valid now. `months` is the length of the period it buys.

    `gateway` is the one that the plan prefers, if it prefers one.
    """

    id: str
    name: str
    months: int
    price_id: int
    amount_paise: int
    currency: str
    gateway: str | None = None

    @property
    def label(self) -> str:
        """The label on the form: "Monthly Plan (₹499)"."""
        return f"{self.name} Plan ({format_rupees(self.amount_paise)})"

    @property
    def period_word(self) -> str:
        return "month" if self.months == 1 else "year" if self.months == 12 else f"{self.months} months"


def find_plan(plans: list[Plan], text: str) -> Plan:
    """The plan named by its id, its name or its full label, matched exactly. Raises UnknownPlan."""
    for plan in plans:
        if text in (plan.id, plan.name, f"{plan.name} Plan", plan.label):
            return plan
    raise UnknownPlan()


def annual_saving_paise(plans: list[Plan]) -> int:
    """What a year on the annual plan saves against twelve months on the monthly plan."""
    monthly = find_plan(plans, MONTHLY)
    annual = find_plan(plans, ANNUAL)
    return 12 * monthly.amount_paise - annual.amount_paise
