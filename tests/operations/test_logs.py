"""Canaries: what must never be written does not reach a log line, wherever it stands."""

from __future__ import annotations

import json

import pytest

from operations.logs import redact

CANARIES = [
    "session_a1B2c3D4e5F6g7H8",
    "cfsk_ma_test_canary0123",
    "cfsk_ma_prod_canary0123",
    "asha.canary@example.com",
    "+919876543210",
    "919876543210",
    "9876543210",
]


@pytest.mark.parametrize("canary", CANARIES)
def test_a_canary_is_masked_in_a_message_a_value_and_a_traceback(canary) -> None:
    written = _write(
        {"event": f"paying with {canary} now", "note": canary, "exception": f"ValueError: {canary}\n"}
    )

    assert canary not in written
    assert "paying with" in written


@pytest.mark.parametrize("canary", CANARIES)
def test_a_canary_is_masked_inside_of_lists_dicts_and_other_values(canary) -> None:
    written = _write(
        {
            "event": "x",
            "rows": [canary, {"deep": (canary,)}],
            "error": ValueError(canary),
            "body": canary.encode(),
        }
    )

    assert canary not in written


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "client_secret",
        "token",
        "Authorization",
        "payment_session_id",
        "signature",
        "to_address",
        "email",
        "phone",
        "full_name",
        "set-cookie",
    ],
)
def test_a_value_under_a_secret_name_is_masked_whatever_it_is(key) -> None:
    assert "canary" not in _write({"event": "x", key: "canary", "headers": {key: ["canary"]}})


def test_a_gateways_payment_id_keeps_its_last_four() -> None:
    assert (
        json.loads(_write({"event": "x", "gateway_payment_id": "1234567890"}))["gateway_payment_id"]
        == "…7890"
    )


def test_the_password_of_a_database_address_is_masked_and_the_host_is_not() -> None:
    written = _write({"event": "cannot reach postgresql://app:canary@db.internal/app"})

    assert "canary" not in written
    assert "db.internal" in written


def test_what_an_operator_needs_is_kept() -> None:
    event = {
        "event": "order_moved",
        "order_id": "ORDER00000000000001A",
        "before": "created",
        "count": 3,
        "ok": True,
        "none": None,
    }

    assert json.loads(_write(dict(event))) == event


def _write(event: dict) -> str:
    return json.dumps(redact(None, "info", event), default=repr, ensure_ascii=False)
