"""Row S02: how long a sign-in takes does not tell whether the account exists."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from pydantic import SecretStr
from sqlalchemy import text

import user_management
from accounts.passwords import PasswordCheck
from config import load_settings
from domain.accounts import User
from domain.errors import WrongCredentials
from tests.security.conftest import Scale
from wiring import Services

REAL_COST = 12
WRONG = "not the password"


@pytest.fixture
def services(live_services: Services, tmp_path: Path) -> Services:
    """Settings under which passwords cost what they cost in earnest, on the database's own clock."""
    settings = load_settings({"APP_ENV": "development", "DATA_DIR": str(tmp_path)}, root=tmp_path)
    return replace(live_services, settings=settings)


class Hashes:
    """Counts hashes by their cost and computes none."""

    def __init__(self) -> None:
        self.costs: list[int] = []

    def hashpw(self, _password: bytes, salt: bytes) -> bytes:
        self.costs.append(int(salt[4:6]))
        return salt + b"x" * 31

    def checkpw(self, _password: bytes, digest: bytes) -> bool:
        self.costs.append(int(digest[4:6]))
        return False


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> Hashes:
    hashes = Hashes()
    monkeypatch.setattr(bcrypt, "hashpw", hashes.hashpw)
    monkeypatch.setattr(bcrypt, "checkpw", hashes.checkpw)
    return hashes


def forget_tries(services: Services) -> None:
    """Nothing that was counted stands in the way of the next try: every try reaches the hash."""
    with services.engine.begin() as conn:
        counted = conn.execute(
            text(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename ~ 'limit|attempt'"
            )
        ).scalars()
        for table in counted.all():
            conn.execute(text(f"DELETE FROM {table}"))


def try_to_sign_in(services: Services, login: str, password: str = WRONG) -> None:
    with pytest.raises(WrongCredentials):
        user_management.sign_in(services, login=login, password=password)


def cost_of(services: Services, hashes: Hashes, login: str, password: str) -> list[int]:
    forget_tries(services)
    hashes.costs.clear()
    try_to_sign_in(services, login, password)
    return list(hashes.costs)


def with_previous_pepper(services: Services) -> Services:
    previous = {"password_pepper_previous": SecretStr("the pepper of last year")}
    return replace(services, settings=services.settings.model_copy(update=previous))


@pytest.mark.parametrize("rotated", [False, True], ids=["one-pepper", "pepper-rotated"])
@pytest.mark.parametrize(
    "password",
    [WRONG, "", "x" * 257, "x" * 5_000, "\x00", "\ud800"],
    ids=["wrong", "empty", "over-long", "endless", "nul", "surrogate"],
)
def test_s02_known_unknown_and_disabled_accounts_cost_the_same_hashes(
    services: Services, hashes: Hashes, user: User, password: str, rotated: bool
) -> None:
    services = with_previous_pepper(services) if rotated else services
    disabled = another_account(services)
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET status = 'disabled' WHERE id = :id"), {"id": disabled.id})

    costs = {
        login: cost_of(services, hashes, login, password)
        for login in (user.email, user.username, "nobody", "nobody@example.com", disabled.email, "", "\x00")
    }

    assert len({tuple(cost) for cost in costs.values()}) == 1, costs
    assert set(costs[user.email]) == {REAL_COST}


def test_s02_a_try_that_reaches_no_hash_would_be_seen(
    services: Services, hashes: Hashes, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_management, "check_stored", lambda *_: PasswordCheck.WRONG)

    assert cost_of(services, hashes, user.email, WRONG) == []


def test_s02_a_sign_in_of_an_unknown_account_takes_as_long_as_one_of_a_known(
    services: Services, scale: Scale, measured: Callable[..., None]
) -> None:
    known = another_account(services)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    rng = random.Random(2)
    samples = scale.pick(5, 300)

    for number in range(samples):
        pair = [(True, known.email), (False, f"nobody{number}@example.com")]
        rng.shuffle(pair)
        for is_known, login in pair:
            forget_tries(services)
            started = time.perf_counter()
            try_to_sign_in(services, login)
            seconds[is_known].append(time.perf_counter() - started)

    told = separability(seconds[True], seconds[False])
    measured("sign-ins timed at the real cost", 2 * samples)
    measured(
        "sign-in timing",
        f"known against unknown, {samples} samples each: AUC {told:.3f}, medians {median(seconds[True]):.0f} and "
        f"{median(seconds[False]):.0f} ms",
    )
    # A few samples prove nothing; what they cost is compared above.
    if scale.large:
        assert told <= 0.6


def test_s02_the_measure_of_timing_sees_a_difference_of_one_twentieth() -> None:
    rng = random.Random(3)
    known = [rng.gauss(0.300, 0.010) for _ in range(300)]
    unknown = [rng.gauss(0.285, 0.010) for _ in range(300)]
    alike = [rng.gauss(0.300, 0.010) for _ in range(300)]

    assert separability(known, unknown) > 0.8
    assert separability(unknown, known) > 0.8
    assert separability(known, alike) < 0.6


def separability(ones: list[float], others: list[float]) -> float:
    """How well a single time tells which group it is from: 0.5 not at all, 1 always (Mann-Whitney U / n²)."""
    wins = sum((one > other) + (one == other) / 2 for one in ones for other in others)
    auc = wins / (len(ones) * len(others))
    return max(auc, 1 - auc)


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2] * 1000


def another_account(services: Services, **changed: Any) -> User:
    values = {
        "full_name": "Ravi Iyer",
        "email": "ravi@example.com",
        "username": "ravi",
        "password": "TestPass123",
    }
    return user_management.register(services, phone="9999999999", state="Goa", **{**values, **changed})
