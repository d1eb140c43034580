"""Canaries: what must never be written does not reach a log line, wherever it stands."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from operations.logs import configure_logs, redact

CANARIES = [
    "session_a1B2c3D4e5F6g7H8",
    "cfsk_ma_test_canary0123",
    "cfsk_ma_prod_canary0123",
    "asha.canary@example.com",
    "+919876543210",
    "919876543210",
    "9876543210",
    "4111111111111111",
    "4111 1111 1111 1111",
    "5555-5555-5555-4444",
    "378282246310005",
    "otpauth://totp/Sector%20RS:asha?secret=JBSWY3DPEHPK3PXP&issuer=x",
    "asha.rao@okaxis",
    "9876543210@ybl",
]


@pytest.mark.parametrize("canary", CANARIES)
def test_s17_a_canary_is_masked_in_a_message_a_value_and_a_traceback(canary) -> None:
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


@pytest.mark.parametrize("name", ["ticket", "token", "order_token", "reset-token", "TOKEN"])
def test_what_an_address_of_ours_carries_is_masked_and_the_rest_of_it_is_not(name) -> None:
    written = _write({"event": f'"GET /auth/session?{name}=canary_-~%20&next=/billing HTTP/1.1" 303'})

    assert "canary" not in written
    assert "next=/billing" in written


@pytest.mark.parametrize("number", [4111111111111111, 6011111111111117])
def test_a_card_number_is_masked_as_a_number_too(number) -> None:
    assert str(number) not in _write({"event": "x", "value": number, "rows": [number]})


@pytest.mark.parametrize(
    "kept",
    [
        "4111111111111112",
        "1773124200000",
        "ORDER00000000000001A",
        "2026-11-25T10:00:00.123456Z",
        "postgres@",
        49900,
    ],
)
def test_what_only_looks_like_a_card_or_a_payee_is_kept(kept) -> None:
    assert str(kept) in _write({"event": "x", "value": kept})


HOSTILE = {
    "a line of its own": 'x\r\n{"event": "admin_created", "level": "info"}\n',
    "the terminal's own words": "\x1b[2J\x1b[31mred\x07\x9b",
    "quotes and braces": '"}, "event": "forged", {"',
    "other line ends": "a\u2028b\u2029c\x85d\x0be\x0cf",
    "no text at all": "\ud800\x00",
}


@pytest.fixture
def log_file(tmp_path):
    """The real log, put back as it was afterwards."""
    root, access = logging.getLogger(), logging.getLogger("uvicorn.access")
    kept = (root.handlers[:], root.level, structlog.get_config())
    was = access.level
    # A server that ran in this process before may have told it to speak of errors only.
    access.setLevel(logging.NOTSET)
    configure_logs(tmp_path)
    yield tmp_path / "payments.log"
    for handler in root.handlers:
        if handler not in kept[0]:
            handler.close()
    root.handlers[:] = kept[0]
    root.setLevel(kept[1])
    access.setLevel(was)
    structlog.configure(**kept[2])


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_s18_an_event_is_one_line_of_json_whatever_it_says(log_file, text) -> None:
    # The test runner's own handler, which it puts here for each test, cannot pass on half a character.
    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if getattr(handler, "is_ours", False)]

    structlog.get_logger("hostile").warning(
        "told", said=text, rows=[text, {text: text}], raw=text.encode("utf-8", "replace")
    )
    logging.getLogger("hostile").warning("told %s", text)

    lines = log_file.read_bytes().split(b"\n")
    assert len(lines) == 3
    assert lines[-1] == b""
    assert all(32 <= byte < 127 for line in lines for byte in line)
    first, second = (json.loads(line) for line in lines[:2])
    assert (first["event"], first["level"], first["said"]) == ("told", "warning", text)
    assert second["event"] == f"told {text}"


def test_s18_a_megabyte_is_cut_and_what_surrounds_it_is_masked(log_file) -> None:
    secret = "session_a1B2c3D4e5F6g7H8"
    for filler in ("a", "1", "a@", "4 ", "a:", "\n"):
        text = f"begin {secret} " + filler * (1_000_000 // len(filler)) + f" {secret} end"
        structlog.get_logger("hostile").error("told", said=text)

    for line in log_file.read_text().splitlines():
        said = json.loads(line)["said"]
        assert len(said) < 10_000
        assert said.startswith("begin [redacted] ")
        assert said.endswith(" [redacted] end")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_know_is_written_as_text(value) -> None:
    written = _write({"event": "x", "value": value})

    assert json.loads(written, parse_constant=pytest.fail)["value"] == str(value)


def test_the_servers_own_lines_are_masked_too(log_file) -> None:
    access, runtime = logging.getLogger("uvicorn.access"), logging.getLogger("streamlit.runtime")
    access.propagate = runtime.propagate = False
    for logger in (access, runtime):
        logger.addHandler(logging.NullHandler())

    configure_logs(log_file.parent)
    access.warning('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", "/auth/session?ticket=canary", "1.1", 303)
    runtime.warning("asha.canary@example.com")

    assert "canary" not in log_file.read_text()
    assert len(log_file.read_text().splitlines()) == 2


def test_an_access_log_that_was_switched_off_stays_off(log_file) -> None:
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False

    configure_logs(log_file.parent)
    access.warning("GET /")

    assert not log_file.exists()


def _write(event: dict) -> str:
    return json.dumps(redact(None, "info", event), default=repr, ensure_ascii=False)
