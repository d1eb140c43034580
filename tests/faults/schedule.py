"""A seeded random schedule: people, payments, messages, faults and crashes, then quiet, then the truth.

`python -m tests.faults.schedule --seed 17` replays one and prints what happened. The same seed makes the same
steps and the same verdict.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from datetime import timedelta

import payment_handler
from billing.dead_letters import retry_stalled_jobs
from billing.reconciliation import reconcile_last_days
from tests.faults import held_money, oracle
from tests.faults.gifts import Gifts
from tests.faults.plots import Plots
from tests.faults.steps import NotPossible, kind
from tests.faults.world import Violation, World

MINUTE = timedelta(minutes=1)
# How long the money of an unfinished order may stay unknown after the last fault: a quarter of the order's
# age between two looks of the sweep, which is at least two minutes, and a minute until the next sweep.
LOOKS = (MINUTE, 5 * MINUTE, 9 * MINUTE)
# Then what nobody tells and no open order asks for: the nightly comparison with the gateway's own account.
NIGHTS = (timedelta(hours=20), timedelta(hours=30))
_JOBS_AT_MOST = 60
_STEPS = (6, 18)


@dataclass
class Verdict:
    """How one schedule ended. Nothing in `violations` is what every schedule promises."""

    seed: int | str
    violations: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    crashes: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)


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
    verdict.numbers = schedule.numbers
    return verdict


def story(verdict: Verdict) -> str:
    """What happened, with the command that makes it happen again."""
    replay = f"python -m tests.faults.schedule --seed '{verdict.seed}'"
    wrong = [f"VIOLATION {violation}" for violation in verdict.violations]
    return "\n".join([f"seed {verdict.seed}: {replay}", *verdict.steps, *wrong])


class Schedule(Plots):
    """The steps of one seed."""

    def __init__(self, world: World, seed: int | str) -> None:
        super().__init__(world)
        self.seed = seed
        self.numbers: dict[str, int] = {}
        self.captured_by_us: set[str] = set()
        self.gifts = Gifts(world, seed)

    def run(self) -> list[str]:
        """Do it all, and say what is wrong in the end."""
        world = self.world
        world.begin(self.seed)
        self.dice = world.dice
        world.configure(
            late_payment=self.dice.choice(("honour", "honour", "refund")),
            payment_gateway=self.dice.choice(("cashfree", "razorpay")),
        )
        world.simulator.on_capture = self._captured
        self.coverage.begin()
        for _ in range(self.dice.choice((1, 1, 2))):
            self._try("register", world.register_buyer)
        self.begin_with_a_plot()
        steps, weights = zip(*self.menu(), strict=True)
        left = self.dice.randrange(*_STEPS)
        for step in self.dice.choices(steps, weights, k=4 * left):
            try:
                step()
            except NotPossible:
                continue
            self.gifts.perhaps()
            world.advance(timedelta(seconds=self.dice.choice((1, 2, 7, 20, 45))))
            left -= 1
            if not left:
                break
        return self._heal()

    def _judge(self) -> list[str]:
        world = self.world
        truth = world.truth()
        found = oracle.differences(world.database, truth, world.acknowledged)
        found += world.broken_invariants()
        found += self.gifts.differences()
        refund_late = world.settings.late_payment == "refund"
        began = {p.key: p.created_at for p in world.simulator.gateway.store.razorpay_payments.values()}
        found += held_money.left_though_needed(world.database, truth, began, refund_late=refund_late)
        if not self.coverage.lists_lagged:
            found += held_money.opened_twice(truth)
        if refund_late:
            found += oracle.late_but_bought(world.database)
        found += [f"a job met what it does not know: {surprise}" for surprise in world.surprises]
        return self.late_violations + found

    def _heal(self) -> list[str]:
        """Faults end. Nothing but time, messages and the application's own clockwork follows."""
        world = self.world
        world.simulator.disarm()
        world.razorpay_account.refund_result, world.razorpay_account.balance_paise = "processed", None
        world.steps.note("== faults end for good")
        self.late_violations += oracle.refused_but_open(world.database, world.truth())
        self.late_violations += oracle.refunded_too_early(world.database, world.truth())
        self.late_violations += oracle.events_without_effect(world.database)
        if self.dice.random() < 0.7:
            world.control("POST", "/webhooks/release")
        for step in LOOKS:
            self._tick(step)
        # One that was older may have been asked for just before, and is asked for again a quarter of its age later.
        young = world.moment - 75 * MINUTE
        unknown = [
            *oracle.money_overdue(world.database, world.truth(), made_after=young),
            *oracle.still_unknown(world.database, world.truth(), made_after=young),
        ]
        self.late_violations += [f"{what}, 15 minutes after the last fault" for what in unknown]
        self._release_doubted()
        world.finish_what_pends(self.dice)
        found = []
        for step in NIGHTS:
            self._tick(step)
            self._calm("nightly comparison", lambda: reconcile_last_days(world.services))
            # A person follows the alarms of the night.
            self._release_doubted()
            self._run_jobs()
            found = self._judge()
            if not found:
                break
        return found or self._return_what_is_held()

    def _return_what_is_held(self) -> list[str]:
        """What is authorised still is needed by nobody: it goes back by itself, and our books say nothing of it."""
        world = self.world
        if any(payment["status"] == "AUTHORIZED" for payment in world.truth()["payments"]):
            self._tick(3 * 24 * 60 * MINUTE)
        truth = world.truth()
        self.numbers = held_money.numbers(world.database, truth, self.captured_by_us)
        if self.numbers["checkouts paid at both gateways"]:
            self.coverage.count("F18")
        held = [p["cf_payment_id"] for p in truth["payments"] if p["status"] == "AUTHORIZED"]
        found = [f"payment {key} is authorised for ever" for key in held]
        return found + oracle.differences(world.database, truth, world.acknowledged)

    def _captured(self, payment_id: str) -> None:
        """We have just taken money that a bank held for us."""
        store = self.world.simulator.gateway.store
        order_id = str(store.razorpay_orders[store.razorpay_payments[payment_id].order_id].receipt)
        self.captured_by_us.add(payment_id)
        self.late_violations += held_money.taken_without_need(self.world.database, order_id, payment_id)

    def _release_doubted(self) -> None:
        world = self.world
        doubted = world.database.rows(
            "SELECT id FROM orders WHERE status = 'quarantined' ORDER BY created_at"
        )
        for (order_id,) in doubted:
            give_back = self.dice.random() < 0.5
            self._calm(
                f"release {order_id} give_back={give_back}",
                lambda order_id=str(order_id), give_back=give_back: payment_handler.release_order(
                    world.services, world.admin, order_id, give_back=give_back
                ),
            )

    def _tick(self, step: timedelta) -> None:
        world = self.world
        world.advance(step)
        world.steps.note(f"-- {step} pass")
        for delivery in world.due_deliveries():
            status = self._calm(
                f"webhook {delivery.event_id} {kind(delivery)}", lambda d=delivery: world.hand_over(d)
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


def main() -> None:
    from tests.faults.standalone import standalone_world

    parser = argparse.ArgumentParser(description="Replay fault schedules and print what happened.")
    parser.add_argument("--seed", default="0", help="the first seed; a hunt's are called 'hunt 0' and so on")
    parser.add_argument("--count", type=int, default=1, help="how many seeds from there on")
    arguments = parser.parse_args()
    bad = 0
    with standalone_world() as world:
        first = arguments.seed
        for seed in range(int(first), int(first) + arguments.count) if first.isdigit() else [first]:
            verdict = run(world, seed)
            bad += bool(verdict.violations)
            if arguments.count == 1 or verdict.violations:
                print(story(verdict))
    print(f"{arguments.count} schedules, {bad} with violations")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
