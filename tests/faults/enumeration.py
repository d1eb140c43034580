"""Kill a flow at every boundary in turn, each time on a buyer of its own, and look at what the survivors make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from domain.accounts import User
from domain.orders import Order
from tests.faults.agreement import disagreements_with_gateway, violations
from tests.faults.shop import Shop
from tests.faults.victim import Zygote

SEEDS_OF_A_LONG_RUN = 10


@dataclass
class Case:
    """One buyer in front of one kill."""

    user: User
    plan: str
    method: str
    order: Order | None = None
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def order_id(self) -> str:
        assert self.order is not None
        return self.order.id


@dataclass
class Enumeration:
    """Kills a flow at each of its boundaries, for each seed, and demands after each that everything is in order."""

    shop: Shop
    victims: Zygote
    is_large: bool
    measured: Callable[[str, int], None]

    def run(
        self,
        flow: str,
        *,
        prepare: Callable[[int], Case],
        survive: Callable[[Case], None],
        check: Callable[[Case], None],
        is_around_sync: bool = False,
    ) -> list[str]:
        """The boundaries of the last seed's flow. Each seed's flow is run to its end once, to know them.

        What is only wrapped around a sync need not, in a short run, repeat the kills within its transaction.
        The first seed of a long run is killed on both sides of each statement.
        """
        boundaries: list[str] = []
        for seed in range(SEEDS_OF_A_LONG_RUN if self.is_large else 1):
            boundaries = self._attempt(flow, None, prepare(seed), survive, check)
            everywhere = self.is_large and seed == 0
            places = range(len(boundaries)) if everywhere else self._places(boundaries, is_around_sync)
            for at in places:
                killed = self._attempt(flow, at, prepare(seed), survive, check)
                assert killed == boundaries[: at + 1]
            # What violates an invariant does not heal: the end shows what any of the kills did.
            assert violations(self.shop) == []
            print(f"{flow}, seed {seed}: {len(places)} kills, {len(boundaries)} boundaries")
            self.measured(f"kills of {flow}", len(places))
        return boundaries

    def _places(self, boundaries: list[str], is_around_sync: bool) -> list[int]:
        """Where to kill. Between two statements nothing happens but calls of the gateway, and none of these in a
        transaction: before each statement, and around each COMMIT, is every state that a kill can leave."""
        only_at_commits = is_around_sync and not self.is_large
        return [
            at
            for at, label in enumerate(boundaries)
            if _is_at_commit(boundaries, at) or (label.startswith("before ") and not only_at_commits)
        ]

    def _attempt(
        self,
        flow: str,
        at: int | None,
        case: Case,
        survive: Callable[[Case], None],
        check: Callable[[Case], None],
    ) -> list[str]:
        ending = self.victims.run(flow, at=at, **case.arguments)
        assert not ending.error, ending
        assert ending.was_killed == (at is not None)
        survive(case)
        self.shop.run_jobs()
        assert disagreements_with_gateway(self.shop) == [], (flow, at, ending.passed[-1:])
        check(case)
        return ending.passed


def _is_at_commit(boundaries: list[str], at: int) -> bool:
    """Right before or after a COMMIT, or before what follows one, as the flow's beginning does."""
    return at == 0 or "COMMIT" in boundaries[at] or boundaries[at - 1] == "after COMMIT"
