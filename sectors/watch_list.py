"""A reader's own list of sectors, in their own order. Every change holds the account and writes the whole list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import user_management
from database import users, watch_lists
from domain.accounts import User
from domain.errors import NoActiveSubscription, NotSignedIn
from domain.report_rules import moved, placed
from sectors.market import open_market
from wiring import Services


def list_watched(services: Services, actor: User) -> tuple[str, ...]:
    """The actor's sectors in their own order. Raises NoActiveSubscription."""
    if not user_management.entitlement(services, actor).is_active:
        raise NoActiveSubscription()
    with services.engine.connect() as conn:
        return watch_lists.find(conn, actor.id)


def watch(services: Services, actor: User, sector: str, *, position: int | None = None) -> tuple[str, ...]:
    """Put a sector on the list, at a position (from 0) or at its end. The list as it is then.

    A sector that the market does not have is not put there. Raises NoActiveSubscription.
    """
    if sector not in open_market(services, actor).sector_names:
        return list_watched(services, actor)
    return _change(services, actor, lambda names: placed(names, sector, position))


def unwatch(services: Services, actor: User, sector: str) -> tuple[str, ...]:
    """Take a sector off the list. The list as it is then. Raises NoActiveSubscription."""
    return _change(services, actor, lambda names: tuple(name for name in names if name != sector))


def move(services: Services, actor: User, sector: str, places: int) -> tuple[str, ...]:
    """Move a sector down the list, or up by a negative number. The list as it is then. Raises NoActiveSubscription."""
    return _change(services, actor, lambda names: moved(names, sector, places))


def _change(
    services: Services, actor: User, how: Callable[[Sequence[str]], tuple[str, ...]]
) -> tuple[str, ...]:
    list_watched(services, actor)
    with services.engine.begin() as conn:
        if not users.lock(conn, actor.id):
            raise NotSignedIn()
        before = watch_lists.find(conn, actor.id)
        after = how(before)
        if after != before:
            watch_lists.replace(conn, actor.id, after)
    return after
