"""When a call is repeated, how long it waits, and when the circuit breaker stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests
from responses import matchers

from domain.errors import CircuitOpen, GatewayUnavailable
from gateways.circuit_breaker import CircuitBreaker
from tests.gateways.calls import URL, http_at, read, write


def test_a_repetition_carries_the_same_idempotency_key(mocked, fake_time) -> None:
    same_key = [matchers.header_matcher({"x-idempotency-key": "key-1"})]
    mocked.post(URL, json={}, status=500, match=same_key)
    mocked.post(URL, body=requests.ConnectTimeout(), match=same_key)
    mocked.post(URL, json={"ok": 1}, match=same_key)

    reply = http_at(fake_time).send(write(key="key-1"))

    assert reply.status == 200
    assert fake_time.pauses == [0.5, 1.0]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_order_without_a_key_is_never_sent_twice(mocked, fake_time, status) -> None:
    mocked.post(URL, json={}, status=status)

    assert http_at(fake_time).send(write()).status == status
    assert len(mocked.calls) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_read_is_tried_three_times_and_then_given_up(mocked, fake_time, status) -> None:
    for _ in range(3):
        mocked.get(URL, json={}, status=status)

    assert http_at(fake_time).send(read()).status == status
    assert len(fake_time.pauses) == 2


def test_a_short_rate_limit_is_waited_for(mocked, fake_time) -> None:
    mocked.get(URL, json={}, status=429, headers={"x-ratelimit-retry": "2"})
    mocked.get(URL, json={"ok": 1})

    assert http_at(fake_time).send(read()).status == 200
    assert fake_time.pauses[0] >= 2


def test_a_long_rate_limit_is_not_waited_for(mocked, fake_time) -> None:
    mocked.get(URL, json={}, status=429, headers={"x-ratelimit-retry": "45"})

    reply = http_at(fake_time).send(read())

    assert (reply.status, reply.retry_after_seconds, fake_time.pauses) == (429, 45, [])


def test_a_call_nobody_waits_for_waits_out_a_long_pause_within_its_own_deadline(mocked, fake_time) -> None:
    mocked.get(URL, json={}, status=429, headers={"x-ratelimit-retry": "45"})
    mocked.get(URL, json={"ok": 1})
    patient = replace(read(), patience_seconds=60)
    http = http_at(fake_time)

    reply = http.send(patient, deadline=http.new_deadline(90))

    assert (reply.status, fake_time.pauses) == (200, [45.5])


def test_patience_does_not_lengthen_the_deadline(mocked, fake_time) -> None:
    mocked.get(URL, json={}, status=429, headers={"x-ratelimit-retry": "45"})

    reply = http_at(fake_time).send(replace(read(), patience_seconds=60))

    assert (reply.status, fake_time.pauses) == (429, [])


@pytest.mark.parametrize("header", ["", "-1", "soon", "1.5", "²", "9" * 5000])
def test_a_rate_limit_header_that_is_no_number_asks_for_no_pause(mocked, fake_time, header) -> None:
    mocked.post(URL, json={}, status=429, headers={"x-ratelimit-retry": header})

    assert http_at(fake_time).send(write()).retry_after_seconds == 0


def test_pauses_never_go_past_the_deadline(mocked, fake_time) -> None:
    mocked.get(URL, json={}, status=503)

    reply = http_at(fake_time, deadline_seconds=0.4).send(read())

    assert (reply.status, fake_time.pauses) == (503, [])


def test_no_time_left_means_not_sent(fake_time) -> None:
    http = http_at(fake_time)

    with pytest.raises(GatewayUnavailable):
        http.send(read(), deadline=fake_time.now)


def test_the_breaker_opens_half_opens_and_closes_by_itself(mocked, fake_time) -> None:
    breaker = CircuitBreaker(failures_to_open=2, open_seconds=30, clock=fake_time.clock)
    http = http_at(fake_time, breaker=breaker)
    mocked.post(URL, json={}, status=503)
    mocked.post(URL, json={}, status=503)
    mocked.post(URL, json={"ok": 1})

    http.send(write())
    http.send(write())
    with pytest.raises(CircuitOpen):
        http.send(write())
    fake_time.now += 30

    assert http.send(write()).status == 200
    assert breaker.admits()


def test_refusals_and_rate_limits_do_not_open_the_breaker(mocked, fake_time) -> None:
    http = http_at(fake_time, breaker=CircuitBreaker(failures_to_open=1, clock=fake_time.clock))
    for status in (400, 401, 404, 409, 422, 429):
        mocked.post(URL, json={}, status=status)

    statuses = [http.send(write()).status for _ in range(6)]

    assert statuses == [400, 401, 404, 409, 422, 429]
