"""An admin gives access and ends it, between whatever else happens in a schedule.

It has dice of its own: the other steps of a seed are thrown as if nobody gave anything.
"""

from __future__ import annotations

from random import Random

from billing.grants import Offer, end_access, give_access, offer_access
from tests.faults.world import World

_OFTEN = 0.12
_CRASHES = 0.25
_REPEATS = 0.4


class Gifts:
    """What was asked for by hand, and whether our books hold exactly that."""

    def __init__(self, world: World, seed: int | str) -> None:
        self.world = world
        self.dice = Random(f"{seed}: gifts")
        self.forms = 0

    def perhaps(self) -> None:
        """Between two steps: mostly nothing."""
        if self.dice.random() < _OFTEN and self.world.buyers:
            (self.end if self.dice.random() < 0.4 else self.give)()

    def give(self) -> None:
        """One form, sent once or, after a crash or by a second click, twice."""
        world, days = self.world, self.dice.choice((1, 7, 30, 366))
        user = self.dice.choice(world.buyers)
        wanted = {"user_id": user.id, "plan_id": self.dice.choice(("monthly", "annual")), "days": days}
        offers: list[Offer] = []
        world.attempt(
            "offer access", lambda: offers.append(offer_access(world.services, world.admin, **wanted))
        )
        if not offers:
            return
        self.forms += 1
        for _ in range(2 if self.dice.random() < _REPEATS else 1):
            world.attempt(
                f"give {user.username} {days} days",
                lambda: (
                    give_access(
                        world.services,
                        world.admin,
                        **wanted,
                        reason="an outage",
                        seen_until=offers[0].access_until,
                    ).ends_at
                ),
                crash_at=self._crash(),
            )

    def end(self) -> None:
        """Any grant, also one that is over; once or twice."""
        grants = self.world.database.rows("SELECT id FROM grants ORDER BY id")
        if not grants:
            return
        (grant_id,) = self.dice.choice(grants)
        for _ in range(2 if self.dice.random() < _REPEATS else 1):
            self.world.attempt(
                f"end access {grant_id}",
                lambda: end_access(self.world.services, self.world.admin, grant_id=grant_id, reason="over"),
                crash_at=self._crash(),
            )

    def differences(self) -> list[str]:
        """In which grants, periods, audit log and mails do not tell the same, in sentences."""
        rows = self.world.database.rows("""
            SELECT g.id, count(p.id), bool_or(p.revoked_at IS NOT NULL),
                   bool_and(p.ends_at - p.starts_at = make_interval(days => (
                       SELECT (a.detail->>'days')::int FROM audit_log a
                       WHERE a.object = 'grant:' || g.id AND a.action = 'access_given'))),
                   (SELECT count(*) FROM emails e WHERE e.dedupe_key = 'access_given:' || g.id),
                   (SELECT count(*) FROM emails e WHERE e.dedupe_key = 'access_ended:' || g.id),
                   (SELECT count(*) FROM audit_log a
                    WHERE a.object = 'grant:' || g.id AND a.action = 'access_ended')
            FROM grants g
            LEFT JOIN subscription_periods p ON p.grant_id = g.id
            GROUP BY g.id
            ORDER BY g.id
        """)
        found = [] if len(rows) <= self.forms else [f"{len(rows)} grants of {self.forms} forms"]
        for grant_id, periods, has_ended, is_whole, told, told_of_end, noted in rows:
            if (periods, told) != (1, 1) or not is_whole:
                found.append(f"grant {grant_id}: {periods} periods, whole: {is_whole}, {told} mails")
            if (told_of_end, noted) != ((1, 1) if has_ended else (0, 0)):
                found.append(f"grant {grant_id} ended: {has_ended}; {told_of_end} mails, {noted} entries")
        return found

    def _crash(self) -> int | None:
        return int(self.dice.expovariate(1 / 9)) if self.dice.random() < _CRASHES else None
