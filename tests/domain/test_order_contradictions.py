"""`settle` on what cannot be true of our order, and on what only looks like it."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.gateway import GatewayPaymentStatus
from domain.orders import Known, OrderStatus, PaymentChange, PaymentStatus, Settlement, settle
from tests.builders import IN_TIME, a_payment, an_observation, an_order

NOTHING = Known({})
UNDECIDED = [
    OrderStatus.CREATING,
    OrderStatus.UNKNOWN,
    OrderStatus.CREATED,
    OrderStatus.FAILED,
    OrderStatus.SUPERSEDED,
    OrderStatus.EXPIRED,
    OrderStatus.TERMINATED,
]


@pytest.mark.parametrize(
    "contradiction",
    [
        an_observation(a_payment(), order_id="ORDER00000000000002B"),
        an_observation(a_payment(), amount_paise=49901),
        an_observation(a_payment(), amount_paise=499),
        an_observation(a_payment(), amount_paise=-49900),
        an_observation(a_payment(), currency="USD"),
        an_observation(a_payment(), tags={"user_id": str(UUID(int=9))}),
        an_observation(a_payment(order_id="ORDER00000000000002B")),
        an_observation(a_payment(amount_paise=100)),
        an_observation(a_payment(amount_paise=49901)),
        an_observation(a_payment(currency="USD")),
        an_observation(a_payment(), a_payment("PAY2", amount_paise=1)),
    ],
)
@pytest.mark.parametrize("status", UNDECIDED)
def test_a_contradiction_in_id_amount_currency_or_owner_is_quarantined_and_gives_no_access(
    status, contradiction
) -> None:
    settled = settle(an_order(status=status), NOTHING, contradiction, now=IN_TIME)

    assert settled.status is OrderStatus.QUARANTINED
    assert settled.activating is None
    assert {change.role for change in settled.changes} <= {None}
    assert {change.status for change in settled.changes} <= {PaymentStatus.HELD}
    assert settled.alarms == (settled.quarantine_reason,)


@pytest.mark.parametrize("status", [OrderStatus.PAID, OrderStatus.SURPLUS])
def test_a_contradiction_about_a_decided_order_alarms_and_takes_nothing_back(status) -> None:
    settled = settle(
        an_order(status=status), NOTHING, an_observation(a_payment(), amount_paise=1), now=IN_TIME
    )

    assert (settled.status, settled.changes, settled.quarantine_reason) == (status, (), None)
    assert len(settled.alarms) == 1


def test_a_quarantined_order_waits_for_a_person_even_if_the_gateway_corrects_itself() -> None:
    order = an_order(status=OrderStatus.QUARANTINED)
    observed = an_observation(a_payment())

    settled = settle(order, Known({}), observed, now=IN_TIME)
    again = settle(order, Known({"PAY1": PaymentStatus.HELD}), observed, now=IN_TIME)

    assert settled == Settlement(OrderStatus.QUARANTINED, (PaymentChange(a_payment(), PaymentStatus.HELD),))
    assert again == Settlement(OrderStatus.QUARANTINED)


def test_an_order_without_an_owner_tag_is_ours_by_its_id() -> None:
    settled = settle(an_order(), NOTHING, an_observation(a_payment(), tags={}), now=IN_TIME)

    assert settled.status is OrderStatus.PAID


def test_a_failed_attempt_over_another_amount_is_no_contradiction() -> None:
    attempt = a_payment(status=GatewayPaymentStatus.FAILED, amount_paise=1)

    assert settle(an_order(), NOTHING, an_observation(attempt), now=IN_TIME).status is OrderStatus.CREATED


@pytest.mark.parametrize("charged", [50898, 44900, 0])
def test_a_surcharge_or_an_offer_changes_only_what_the_bank_was_charged(charged) -> None:
    settled = settle(an_order(), NOTHING, an_observation(a_payment(charged_paise=charged)), now=IN_TIME)

    assert settled.status is OrderStatus.PAID
    assert settled.activating is not None
    assert settled.activating.charged_paise == charged
