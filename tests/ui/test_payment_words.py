from __future__ import annotations

import pytest

from domain.gateway import RETURNED_UNTAKEN
from domain.orders import PaymentStatus
from ui.payment_words import describe_failure, describe_method


@pytest.mark.parametrize(
    ("code", "words"), [("upi", "UPI"), ("net_banking", "Net banking"), ("CREDIT_CARD", "Credit card")]
)
def test_a_method_is_shown_in_words(code: str, words: str) -> None:
    assert describe_method(code) == words


def test_a_method_that_is_invented_later_is_shown_in_plain_letters() -> None:
    assert describe_method("moon_beam") == "Moon beam"


def test_a_missing_method_stays_empty() -> None:
    assert describe_method("") == ""


def test_a_known_reason_becomes_a_sentence() -> None:
    assert (
        describe_failure(PaymentStatus.FAILED, "insufficient_funds")
        == "The account did not hold enough money."
    )


def test_a_sentence_of_the_gateway_is_passed_on() -> None:
    assert describe_failure(PaymentStatus.FAILED, "Card is not active.") == "Card is not active."


def test_a_bare_code_is_never_shown() -> None:
    assert "U09" not in describe_failure(PaymentStatus.FAILED, "U09")


def test_an_attempt_that_was_left_says_so() -> None:
    assert describe_failure(PaymentStatus.DROPPED, "") == "The payment was left before it was finished."


def test_an_attempt_that_was_left_says_so_in_our_words() -> None:
    said = describe_failure(
        PaymentStatus.DROPPED, "User dropped and did not complete the two factor authentication"
    )

    assert said == "The payment was left before it was finished."


def test_money_that_was_not_taken_is_said_to_go_back_by_itself() -> None:
    assert "gives it back by itself" in describe_failure(PaymentStatus.CANCELLED, RETURNED_UNTAKEN)
