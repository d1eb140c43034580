"""Open after failures in a row, half-open by itself, one probe at a time."""

from __future__ import annotations

import threading

from gateways.circuit_breaker import CircuitBreaker


def breaker_at(fake_time) -> CircuitBreaker:
    return CircuitBreaker(failures_to_open=3, open_seconds=30.0, clock=fake_time.clock)


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.record_failure()


def test_it_opens_after_failures_in_a_row(fake_time) -> None:
    breaker = breaker_at(fake_time)

    fail(breaker, 2)
    still_closed = breaker.admits()
    fail(breaker, 1)

    assert still_closed
    assert not breaker.admits()


def test_a_success_between_failures_starts_the_count_again(fake_time) -> None:
    breaker = breaker_at(fake_time)

    fail(breaker, 2)
    breaker.record_success()
    fail(breaker, 2)

    assert breaker.admits()


def test_after_the_pause_it_admits_one_probe_only(fake_time) -> None:
    breaker = breaker_at(fake_time)
    fail(breaker, 3)

    fake_time.now += 29.9
    before = breaker.admits()
    fake_time.now += 0.1

    assert (before, breaker.admits(), breaker.admits()) == (False, True, False)


def test_a_good_probe_closes_it_and_a_failed_one_opens_it_again(fake_time) -> None:
    breaker = breaker_at(fake_time)
    fail(breaker, 3)
    fake_time.now += 30

    breaker.admits()
    breaker.record_failure()
    after_failed_probe = breaker.admits()
    fake_time.now += 30
    breaker.admits()
    breaker.record_success()

    assert not after_failed_probe
    assert breaker.admits()
    assert breaker.admits()


def test_a_probe_that_never_reports_does_not_shut_the_gateway_out(fake_time) -> None:
    breaker = breaker_at(fake_time)
    fail(breaker, 3)
    fake_time.now += 30

    breaker.admits()
    fake_time.now += 30

    assert breaker.admits()


def test_of_many_threads_one_gets_the_probe(fake_time) -> None:
    breaker = breaker_at(fake_time)
    fail(breaker, 3)
    fake_time.now += 30
    admitted: list[bool] = []

    threads = [threading.Thread(target=lambda: admitted.append(breaker.admits())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert admitted.count(True) == 1


def test_asking_whether_it_is_open_uses_up_no_probe(fake_time) -> None:
    breaker = breaker_at(fake_time)
    before = breaker.is_open()
    fail(breaker, 3)
    opened = breaker.is_open()
    fake_time.now += 30

    assert (before, opened) == (False, True)
    assert (breaker.is_open(), breaker.is_open(), breaker.admits()) == (False, False, True)
