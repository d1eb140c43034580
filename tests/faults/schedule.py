"""A seeded random schedule: people, payments, messages, faults and crashes, then quiet, then the truth.

`python -m tests.faults.schedule --seed 17` replays one and prints what happened. The same seed makes the same
steps and the same verdict.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import payment_handler
from billing.dead_letters import retry_stalled_jobs
from billing.reconciliation import reconcile_last_days
from domain.accounts import User
from domain.identifiers import new_refund_key
from simulator import payments as gateway_payments
from simulator import refunds as gateway_refunds
from simulator.records import Delivery
from tests.faults import oracle
from tests.faults.strokes import FAULTS_OF_REST, FAULTS_OF_WEBHOOKS, Coverage
from tests.faults.world import Violation, World

MINUTE = timedelta(minutes=1)
# How long the money of an unfinished order may stay unknown after the last fault: a quarter of the order's
# age between two looks of the sweep, which is at least two minutes, and a minute until the next sweep.
LOOKS = (MINUTE, 5 * MINUTE, 9 * MINUTE)
# Then what nobody tells and no open order asks for: the nightly comparison with the gateway's own account.
NIGHTS = (timedelta(hours=20), timedelta(hours=30))
_JOBS_AT_MOST = 60
_CRASHES = 0.22


@dataclass
class Verdict:
    """How one schedule ended. Nothing in `violations` is what every schedule promises."""

    seed: int | str
    violations: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    crashes: int = 0
    rows: dict[str, int] = field(default_factory=dict)


def run(world: World, seed: int | str) -> Verdict:
    """Run the schedule of one seed on a world made new."""
    schedule = Schedule(world, seed)
    verdict = Verdict(seed)
    try:
        with world.in_effect():
            verdict.violations = schedule.run()
    except Violation as exc:
        verdict.violations = [str(exc)]
    except Exception as exc:
        world.steps.note(f"!! {type(exc).__name__}: {exc}")
        verdict.violations = [f"the schedule itself: {type(exc).__name__}: {exc}"]
    verdict.steps = world.steps.lines
    verdict.crashes = len(world.crashes)
    verdict.rows = schedule.coverage.rows
    return verdict


def story(verdict: Verdict) -> str:
    """What happened, with the command that makes it happen again."""
    replay = f"python -m tests.faults.schedule --seed {verdict.seed}"
    wrong = [f"VIOLATION {violation}" for violation in verdict.violations]
    return "\n".join([f"seed {verdict.seed}: {replay}", *verdict.steps, *wrong])


class Schedule:
    """The steps of one seed."""

    def __init__(self, world: World, seed: int | str) -> None:
        self.world = world
        self.seed = seed
        self.coverage = Coverage(world)
        self.late_violations: list[str] = []

    def run(self) -> list[str]:
        """Do it all, and say what is wrong in the end."""
        world = self.world
        world.begin(self.seed)
        self.dice = world.dice
        world.use_late_payment(self.dice.choice(("honour", "honour", "refund")))
        self.coverage.begin()
        for _ in range(self.dice.choice((1, 1, 2))):
            self._try("register", world.register_buyer)
        steps, weights = zip(*self._menu(), strict=True)
        for step in self.dice.choices(steps, weights, k=self.dice.randrange(8, 22)):
            step()
            world.advance(timedelta(seconds=self.dice.choice((1, 2, 7, 20, 45))))
        return self._heal()

    def _judge(self) -> list[str]:
        world = self.world
        found = oracle.differences(world.database, world.truth(), world.acknowledged)
        found += world.broken_invariants()
        if world.settings.late_payment == "refund":
            found += oracle.late_but_bought(world.database)
        found += [f"a job met what it does not know: {surprise}" for surprise in world.surprises]
        return self.late_violations + found

    def _menu(self) -> list[tuple[Callable[[], None], int]]:
        return [
            (self.checkout, 9),
            (self.pay, 12),
            (self.settle_pending, 5),
            (self.come_back, 6),
            (self.leave, 2),
            (self.skip, 1),
            (self.webhooks, 9),
            (self.jobs, 7),
            (self.sweep, 4),
            (self.clock, 5),
            (self.refund, 4),
            (self.refund_in_dashboard, 2),
            (self.refund_ends, 3),
            (self.release, 2),
            (self.fault_of_rest, 8),
            (self.fault_of_webhooks, 4),
            (self.repair, 2),
            (self.change_price, 1),
            (self.come_back_forged, 1),
            (self.stalled, 1),
        ]

    # Steps

    def checkout(self) -> None:
        user, plan = self._user(), self.dice.choice(("monthly", "monthly", "annual"))
        if user is None:
            return
        for again in range(self.dice.choice((1, 1, 1, 2))):
            order = self._try(
                f"checkout {user.username} {plan}",
                lambda: payment_handler.start_checkout(self.world.services, user, plan),
            )
            self.coverage.checked_out(user, plan, order, again=bool(again))

    def pay(self) -> None:
        order_id = self._payable()
        if order_id is None:
            return
        outcome = self.dice.choices(("SUCCESS", "FAILED", "PENDING", "USER_DROPPED"), (10, 3, 5, 1))[0]
        method = self.dice.choice(("card", "upi", "netbanking"))
        paid = self.world.control("POST", f"/orders/{order_id}/pay", outcome=outcome, method=method)
        self.world.steps.note(f"pay {order_id} by {method}: {paid}")
        self.coverage.paid(order_id, outcome)

    def settle_pending(self) -> None:
        """One running attempt ends: not all at once, so that orders are left with a second one."""
        gateway = self.world.simulator.gateway
        running = [p for p in gateway.store.payments.values() if p.is_open and p.settles_at is None]
        if not running:
            return
        payment = self.dice.choice(running)
        outcome = self.dice.choice(("SUCCESS", "SUCCESS", "FAILED"))
        before = gateway.store.orders[payment.order_id].status
        gateway_payments.finish(gateway, payment, outcome, at=self.world.moment)
        self.world.steps.note(
            f"attempt {payment.key} of {payment.order_id} ({before}) ends: {payment.status}"
        )
        self.coverage.attempt_ended(payment, before)

    def come_back(self) -> None:
        own = self._own_order()
        if own is None:
            return
        user, order_id = own
        order = self._try(
            f"return {order_id}",
            lambda: payment_handler.confirm_return(self.world.services, user, order_id),
        )
        self.coverage.came_back(order)

    def come_back_forged(self) -> None:
        own = self._own_order()
        if own is None or len(self.world.buyers) < 2:
            return
        stranger = next(user for user in self.world.buyers if user.id != own[0].id)
        result = self._try(
            f"forged return {own[1]}",
            lambda: payment_handler.confirm_return(self.world.services, stranger, own[1]),
        )
        if result is not None:
            raise Violation(f"{stranger.username} saw order {own[1]} of somebody else")
        self.coverage.count("F23")

    def leave(self) -> None:
        own = self._own_order()
        if own is not None:
            user, order_id = own
            self._try(
                f"leave for {order_id}",
                lambda: payment_handler.leave_for_gateway(self.world.services, user, order_id),
            )

    def skip(self) -> None:
        user = self._user()
        if user is not None:
            self._try("skip", lambda: payment_handler.skip_payment(self.world.services, user))

    def webhooks(self) -> None:
        due = self.world.due_deliveries()
        self.dice.shuffle(due)
        for delivery in due[: self.dice.choice((1, 2, 5))]:
            self._webhook(delivery)

    def _webhook(self, delivery: Delivery) -> None:
        words = f"webhook {delivery.event_id} {_kind(delivery)}"
        fate = self.dice.choices(("deliver", "twice", "lose", "forge", "wait"), (12, 3, 2, 1, 2))[0]
        self.coverage.webhook(delivery, fate)
        if fate == "lose":
            self.world.lose(delivery)
            self.world.steps.note(f"{words} is lost")
        elif fate == "forge":
            status = self._try(f"{words} forged", lambda: self.world.hand_over(delivery, is_forged=True))
            if status not in (401, None):
                raise Violation(f"a forged webhook was answered {status}")
        elif fate != "wait":
            for _ in range(2 if fate == "twice" else 1):
                self._try(words, lambda: self.world.hand_over(delivery))

    def jobs(self) -> None:
        for _ in range(self.dice.choice((1, 2, 4, 8))):
            if self._try("job", self.world.jobs.run_one) is None:
                return

    def sweep(self) -> None:
        self._try("sweep", lambda: payment_handler.sweep(self.world.services))

    def stalled(self) -> None:
        self._try("stalled jobs", lambda: retry_stalled_jobs(self.world.services))

    def clock(self) -> None:
        step = timedelta(seconds=self.dice.choice((40, 150, 700, 1500, 1900, 4000, 20000)))
        self.world.advance(step)
        self.world.steps.note(f"{step} pass")

    def refund(self) -> None:
        order_id = self._order_with_money()
        if order_id is None:
            return
        amount = self.dice.choice((49900, 49900, 499000, 100, 20000))
        reason = self.dice.choice(("the buyer asked", "the buyer asked", "PENDING", "FAILED"))
        key = new_refund_key()
        for _ in range(self.dice.choice((1, 1, 2))):
            self._try(
                f"refund {key} {order_id} {amount} {reason}",
                lambda: payment_handler.request_refund(
                    self.world.services,
                    self.world.admin,
                    order_id=order_id,
                    amount_paise=amount,
                    reason=reason,
                    refund_key=key,
                ),
            )

    def refund_in_dashboard(self) -> None:
        order_id = self._order_with_money()
        if order_id is None:
            return
        gateway = self.world.simulator.gateway
        if gateway_refunds.refundable_paise(gateway, gateway.store.orders[order_id]) < 10000:
            return
        fields = self.dice.choice(({}, {}, {"amount_paise": 10000}, {"note": "PENDING"}))
        made = self.world.control("POST", f"/orders/{order_id}/refund", **fields)
        self.world.steps.note(f"dashboard refund {order_id} {fields}: {made}")

    def refund_ends(self) -> None:
        going = [r for r in self.world.simulator.gateway.store.refunds.values() if r.status == "PENDING"]
        if going:
            refund = self.dice.choice(going)
            outcome = self.dice.choice(("SUCCESS", "FAILED", "ONHOLD"))
            self.world.control("POST", f"/refunds/{refund.refund_id}/settle", outcome=outcome)
            self.world.steps.note(f"refund {refund.refund_id} becomes {outcome}")

    def release(self) -> None:
        for (order_id,) in self.world.database.rows("SELECT id FROM orders WHERE status = 'quarantined'"):
            self._release(str(order_id), give_back=self.dice.random() < 0.5)

    def _release(self, order_id: str, *, give_back: bool) -> None:
        self._try(
            f"release {order_id} give_back={give_back}",
            lambda: payment_handler.release_order(
                self.world.services, self.world.admin, order_id, give_back=give_back
            ),
        )
        self.coverage.count("F28")

    def fault_of_rest(self) -> None:
        name, weight = zip(*FAULTS_OF_REST, strict=True)
        chosen = self.dice.choices(name, weight)[0]
        operation = self.dice.choice(
            (
                "any",
                "any",
                "create_order",
                "get_order",
                "get_payments",
                "refund",
                "get_refund",
                "terminate_order",
            )
        )
        count = self.dice.choice((1, 1, 2, 3, 8))
        self.world.simulator.arm(chosen, operation=operation, count=count)
        self.world.steps.note(f"fault {chosen} x{count} on {operation}")

    def fault_of_webhooks(self) -> None:
        chosen = self.dice.choice(FAULTS_OF_WEBHOOKS)
        self.world.simulator.arm(chosen, count=self.dice.choice((1, 2)))
        self.world.steps.note(f"fault {chosen}")

    def repair(self) -> None:
        self.world.simulator.disarm()
        self.world.steps.note("faults end")

    def change_price(self) -> None:
        """An admin changes what the plan costs from now on."""
        self.world.change_price("monthly", self.dice.choice((51206, 59900, 39900)))
        self.coverage.price_changed()

    # Healing

    def _heal(self) -> list[str]:
        """Faults end. Nothing but time, messages and the application's own clockwork follows."""
        world = self.world
        world.simulator.disarm()
        world.steps.note("== faults end for good")
        self.late_violations += oracle.refused_but_open(world.database, world.truth())
        self.late_violations += oracle.events_without_effect(world.database)
        if self.dice.random() < 0.7:
            world.control("POST", "/webhooks/release")
        for step in LOOKS:
            self._tick(step)
        overdue = [
            f"{sentence}, 15 minutes after the last fault"
            for sentence in oracle.money_overdue(
                world.database, world.truth(), made_after=world.moment - timedelta(hours=1)
            )
        ]
        self.late_violations += overdue
        for (order_id,) in world.database.rows("SELECT id FROM orders WHERE status = 'quarantined'"):
            self._calm(
                f"release {order_id}",
                lambda order_id=order_id: payment_handler.release_order(
                    world.services, world.admin, str(order_id), give_back=self.dice.random() < 0.5
                ),
            )
        world.finish_what_pends(self.dice)
        found = []
        for step in NIGHTS:
            self._tick(step)
            self._calm("nightly comparison", lambda: reconcile_last_days(world.services))
            self._run_jobs()
            found = self._judge()
            if not found:
                break
        return found

    def _tick(self, step: timedelta) -> None:
        world = self.world
        world.advance(step)
        world.steps.note(f"-- {step} pass")
        for delivery in world.due_deliveries():
            status = self._calm(
                f"webhook {delivery.event_id} {_kind(delivery)}", lambda d=delivery: world.hand_over(d)
            )
            if status != 200:
                raise Violation(f"a genuine webhook was answered {status} without any fault")
        self._calm("stalled jobs", lambda: retry_stalled_jobs(world.services))
        self._calm("sweep", lambda: payment_handler.sweep(world.services))
        self._run_jobs()

    def _run_jobs(self) -> None:
        for _ in range(_JOBS_AT_MOST):
            if self._calm("job", self.world.jobs.run_one) is None:
                return
        raise Violation(f"after {_JOBS_AT_MOST} jobs there are still more to do at once")

    # Choices

    def _try(self, words: str, work: Callable[[], object]) -> object:
        crash_at = int(self.dice.expovariate(1 / 9)) if self.dice.random() < _CRASHES else None
        return self.world.attempt(words, work, crash_at=crash_at)

    def _calm(self, words: str, work: Callable[[], object]) -> object:
        return self.world.attempt(words, work)

    def _user(self) -> User | None:
        return self.dice.choice(self.world.buyers) if self.world.buyers else None

    def _own_order(self) -> tuple[User, str] | None:
        rows = self.world.database.rows("SELECT id, user_id::text FROM orders ORDER BY created_at, id")
        if not rows:
            return None
        order_id, user_id = self.dice.choice(rows)
        return next(user for user in self.world.buyers if str(user.id) == user_id), str(order_id)

    def _payable(self) -> str | None:
        orders = self.world.simulator.gateway.store.orders.values()
        payable = [order.order_id for order in orders if order.status == "ACTIVE"]
        return self.dice.choice(payable) if payable else None

    def _order_with_money(self) -> str | None:
        orders = self.world.simulator.gateway.store.orders.values()
        paid = [order.order_id for order in orders if order.status == "PAID"]
        return self.dice.choice(paid) if paid else None


def _kind(delivery: Delivery) -> str:
    return delivery.body.rpartition('"type":')[2].strip('"}')


def main() -> None:
    from tests.faults.standalone import standalone_world

    parser = argparse.ArgumentParser(description="Replay fault schedules and print what happened.")
    parser.add_argument("--seed", default="0", help="the first seed")
    parser.add_argument("--count", type=int, default=1, help="how many seeds from there on")
    arguments = parser.parse_args()
    bad = 0
    with standalone_world() as world:
        for seed in range(int(arguments.seed), int(arguments.seed) + arguments.count):
            verdict = run(world, seed)
            bad += bool(verdict.violations)
            if arguments.count == 1 or verdict.violations:
                print(story(verdict))
    print(f"{arguments.count} schedules, {bad} with violations")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
