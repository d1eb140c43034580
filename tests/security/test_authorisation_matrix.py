"""Every use-case for everybody: a new one without a row fails, and who may not gets nothing and changes nothing.

Routes and pages have tables of their own beside this.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from domain.errors import Forbidden, OrderNotFound, ProductError
from tests.security.discovery import (
    FACES,
    find_by_name,
    find_namings,
    find_use_cases,
    namings_in,
    people_parameters,
)
from tests.security.people import NOTHING, Person, Things, World, all_rows, in_one_transaction
from tests.security.rows import Kind, Row
from tests.security.use_cases import NAMED_BY_FACES, USE_CASES
from tests.security.world import world as world
from user_management import register

ROWS = USE_CASES
TRIED = {
    kind: [name for name, row in ROWS.items() if row.kind is kind]
    for kind in (Kind.OWN, Kind.OWNER_ONLY, Kind.ADMIN_ONLY)
}
# Who sends more than they may set: none of these words is an argument of what a subscriber can reach.
RIGHTS_AND_MONEY = frozenset({
    "role", "is_admin", "admin", "status", "account_status", "has_second_factor", "email_verified_at", "user_id",
    "customer_id", "actor_id", "owner_id", "amount", "amount_paise", "price", "price_id", "currency", "plan_id",
    "paid_at", "is_paid", "expires_at", "verdict",
})  # fmt: skip


def test_s13_every_use_case_has_a_row() -> None:
    missing = sorted(set(find_use_cases()) - set(ROWS))

    assert not missing, (
        f"{', '.join(missing)}: add a row to tests/security/use_cases.py that says who may. With an actor it is "
        "own(…), owner_only(…) or admin_only(…), tried here for everybody; without one it is system(…), within(…), "
        "by_proof(…) or open_to_all(…), with a reason."
    )


def test_s13_every_row_has_its_use_case() -> None:
    gone = sorted(set(USE_CASES) - set(find_use_cases()))

    assert not gone, f"{', '.join(gone)}: gone, so take the rows out of tests/security/use_cases.py."


@pytest.mark.parametrize("name", TRIED[Kind.ADMIN_ONLY])
def test_s14_only_an_admin_of_this_moment_may(world: World, name: str) -> None:
    row = ROWS[name]
    with in_one_transaction(world) as (here, conn):
        before = all_rows(conn)

        for person in (here.other, here.owner, here.fallen, here.barred):
            for things in (here.things, NOTHING):
                assert attempt(here, name, row, person, things) == refused_with(Forbidden), person.user.email
        assert is_an_accident(here, name, row)

        assert all_rows(conn) == before
        answer = perform(here, name, row, here.admin, here.things)
        assert_shown(here, row, answer)


@pytest.mark.parametrize("name", TRIED[Kind.OWNER_ONLY])
def test_s13_what_is_somebody_elses_does_not_exist(world: World, name: str) -> None:
    row = ROWS[name]
    with in_one_transaction(world) as (here, conn):
        before = all_rows(conn)

        for person in (here.other, here.admin, here.fallen):
            theirs, nobodys = (attempt(here, name, row, person, things) for things in (here.things, NOTHING))
            assert theirs == nobodys == refused_with(row.refusal), person.user.email
        assert is_an_accident(here, name, row)

        assert all_rows(conn) == before
        answer = perform(here, name, row, here.owner, here.things)
        assert ("returned", answer) != refused_with(row.refusal)
        assert_shown(here, row, answer)


@pytest.mark.parametrize("name", TRIED[Kind.OWN])
def test_s13_an_actor_reads_and_changes_nothing_but_their_own(world: World, name: str) -> None:
    row = ROWS[name]
    with in_one_transaction(world) as (here, conn):
        before = all_rows(conn)
        assert is_an_accident(here, name, row)
        assert all_rows(conn) == before

        for person in (here.other, here.admin):
            answer = attempt(here, name, row, person, here.things)

            after = all_rows(conn)
            assert here.leaks(answer) == [], person.user.email
            assert [line for line in before - after if not is_of(person, here, line[1])] == []
            assert [line for line in after - before if here.leaks(line[1])] == []
            before = after
        try:
            answer = perform(here, name, row, here.owner, here.things)
        except ProductError:
            # A code that is wrong, money under way: what is asked here is only that nobody else is met.
            assert not row.shows
        else:
            assert_shown(here, row, answer)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_s14_nobody_sends_rights_or_money_with_a_form(name: str) -> None:
    use_case, row = find_by_name(name), ROWS[name]
    if use_case is None or row.kind in {Kind.ADMIN_ONLY, Kind.SYSTEM, Kind.WITHIN}:
        return
    parameters = inspect.signature(use_case).parameters.values()
    sent = {parameter.name for parameter in parameters} & RIGHTS_AND_MONEY

    # The page that asks for the code says that it was right; nothing of a form gets there.
    assert sent <= ({"has_second_factor"} if name == "accounts.sessions.issue_ticket" else set())
    assert not [p for p in parameters if p.kind is p.VAR_KEYWORD]


@pytest.mark.parametrize("surplus", [{"role": "admin"}, {"status": "active"}, {"email_verified_at": "now"}])
def test_s14_a_registration_with_more_than_the_form_is_refused(world: World, surplus) -> None:
    form = {
        "full_name": "Eve", "email": "eve@example.com", "username": "eve12", "phone": "9999999999", "state": "Goa",
        "password": "TestPass123",
    }  # fmt: skip
    with in_one_transaction(world) as (here, conn):
        before = all_rows(conn)

        with pytest.raises(TypeError):
            register(here.services, **form, **surplus)

        assert all_rows(conn) == before
        assert not register(here.services, **form).is_admin


@pytest.mark.parametrize("surplus", [{"status": "paid"}, {"amount_paise": 100}, {"user_id": "somebody"}])
def test_s14_a_checkout_with_more_than_a_plan_is_refused(world: World, surplus) -> None:
    start_checkout = find_by_name("payment_handler.start_checkout")
    assert start_checkout is not None
    with in_one_transaction(world) as (here, conn):
        before = all_rows(conn)

        with pytest.raises(TypeError):
            start_checkout(here.services, here.other.user, "monthly", **surplus)

        assert all_rows(conn) == before


@pytest.mark.parametrize("name", sorted(ROWS))
def test_s14_a_row_is_of_a_kind_that_its_signature_allows(name: str) -> None:
    use_case, row = find_by_name(name), ROWS[name]
    assert use_case is not None
    people = people_parameters(use_case)
    names = list(inspect.signature(use_case).parameters)

    if row.call is None:
        assert row.why, "say why nobody is refused here"
    if row.kind in {Kind.SYSTEM, Kind.OPEN}:
        assert not people, "who takes a person checks them: this is no row without an actor"
    if row.kind in {Kind.OWN, Kind.OWNER_ONLY, Kind.ADMIN_ONLY}:
        assert names[:2] in (["services", "actor"], ["services", "user"], ["services", "half_user"])
        # An actor that may be left out is one that a page may forget.
        assert [p.default for p in people] == [inspect.Parameter.empty]
    if row.kind is Kind.WITHIN:
        assert names[1] == "conn", "a step inside a transaction takes its connection"


def test_s14_pages_and_routes_name_no_use_case_that_takes_no_actor() -> None:
    unchecked = {name for name, row in ROWS.items() if row.kind in {Kind.SYSTEM, Kind.WITHIN}}

    named = find_namings(unchecked)

    assert sorted(named - set(NAMED_BY_FACES)) == [], (
        "a page or a route may call only what checks its actor, or what somebody proves"
    )
    assert sorted(set(NAMED_BY_FACES) - named) == [], "an exception that nothing needs"


def test_s14_an_admins_use_case_is_named_by_the_admins_pages_alone() -> None:
    for file, name in find_namings(
        {name for name, row in ROWS.items() if row.kind is Kind.ADMIN_ONLY}, FACES
    ):
        assert file == "admin_panel.py" or file.startswith("ui/admin_"), f"{file} names {name}"


def test_the_search_for_names_follows_modules_aliases_and_names_handed_on() -> None:
    sources = (
        "import payment_handler\npayment_handler.sync_order(services, order_id)",
        "import payment_handler as money\nmoney.sync_order",
        "from payment_handler import sync_order as look",
        "from billing import settlement\nsettlement.sync_order(1)",
        "import billing.settlement\nbilling.settlement.sync_order(1)",
    )

    assert all("billing.settlement.sync_order" in set(namings_in(source)) for source in sources)


def test_s13_every_kind_of_thing_is_asked_for_by_somebody_else() -> None:
    asked = {
        field
        for row in ROWS.values()
        if row.kind in {Kind.OWNER_ONLY, Kind.ADMIN_ONLY} and row.call is not None
        for field in row.call.__code__.co_names  # type: ignore[attr-defined]
    }

    # Tokens and tickets are proofs, tried by the routes; a refund is found on its order's page, and why a price is
    # held back on the panel's, where nobody but an admin may see it.
    assert set(Things.__slots__) - asked == {"session_token", "ticket", "refund_key", "held_price_reason"}


def perform(world: World, name: str, row: Row, person: Person | None, things: Things) -> object:
    use_case: Callable[..., Any] | None = find_by_name(name)
    assert use_case is not None and row.call is not None
    return row.call(use_case, world.services, None if person is None else person.user, things)  # type: ignore[arg-type]


def attempt(world: World, name: str, row: Row, person: Person, things: Things) -> tuple[object, ...]:
    """What came of it, so that two refusals can be compared to the letter."""
    try:
        return "returned", perform(world, name, row, person, things)
    except ProductError as exc:
        return "raised", type(exc), exc.user_message, exc.detail


def refused_with(refusal: object) -> tuple[object, ...]:
    if isinstance(refusal, type) and issubclass(refusal, ProductError):
        return "raised", refusal, refusal.user_message, ""
    return "returned", refusal


def is_an_accident(world: World, name: str, row: Row) -> bool:
    """True when a page that forgot to ask who is there gets nothing: no actor, no answer."""
    try:
        perform(world, name, row, None, world.things)
    except (AttributeError, ProductError):
        return True
    return False


def is_of(person: Person, world: World, line: str) -> bool:
    words = [str(person.user.id), person.user.email]
    return any(word in line for word in words + [world.others_order_id] * (person is world.other))


def assert_shown(world: World, row: Row, answer: object) -> None:
    if row.shows:
        assert str(getattr(world.things, row.shows)) in repr(answer)


def test_the_refusals_compared_here_are_the_ones_that_people_read() -> None:
    assert (
        refused_with(OrderNotFound)[2] == "We could not find this order in your account. Nothing was changed."
    )
    assert refused_with(Forbidden)[2] == "This page is not available to your account."
