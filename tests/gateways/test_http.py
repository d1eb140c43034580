"""The session towards a gateway under every misbehaviour of reference F12 and F19."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time

import pytest
import requests
import structlog

from domain.errors import (
    GatewayError,
    GatewayReplyInvalid,
    GatewayTimeout,
    GatewayUnavailable,
)
from gateways.http import Call, GatewayHttp
from tests.gateways.calls import URL, http_at, read, write

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'


def test_a_reply_has_exact_numbers_and_lower_case_headers(mocked, fake_time) -> None:
    mocked.get(URL, body='{"order_amount":499.10}', content_type="application/json", headers={"X-Any": "1"})

    reply = http_at(fake_time).send(read())

    assert reply.status == 200
    assert str(reply.document["order_amount"]) == "499.10"
    assert reply.headers["x-any"] == "1"


def test_a_refused_request_is_answered_to_the_caller_and_not_repeated(mocked, fake_time) -> None:
    mocked.get(URL, json={"code": "order_not_found"}, status=404)

    assert http_at(fake_time).send(read()).status == 404
    assert len(mocked.calls) == 1


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (requests.ConnectTimeout(), GatewayUnavailable),
        (requests.ConnectionError("Failed to connect to sandbox.cashfree.com"), GatewayUnavailable),
        (requests.exceptions.SSLError("handshake"), GatewayUnavailable),
        (requests.ReadTimeout(), GatewayTimeout),
    ],
)
def test_a_connection_that_fails_is_unavailable_and_a_silent_gateway_is_a_timeout(
    mocked, fake_time, failure, expected
) -> None:
    mocked.post(URL, body=failure)

    with pytest.raises(GatewayUnavailable) as caught:
        http_at(fake_time).send(write())

    assert type(caught.value) is expected


def test_a_name_that_does_not_resolve_is_unavailable(fake_time, monkeypatch) -> None:
    def no_name(*_arguments, **_options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_name)

    with pytest.raises(GatewayUnavailable) as caught:
        http_at(fake_time).send(read())

    assert type(caught.value) is GatewayUnavailable
    assert len(fake_time.pauses) == 2


def test_a_closed_port_is_unavailable(fake_time) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    with pytest.raises(GatewayUnavailable) as caught:
        http_at(fake_time).send(write(url))

    assert type(caught.value) is GatewayUnavailable


def test_certificates_are_verified(mocked, fake_time) -> None:
    mocked.get(URL, json={})

    http_at(fake_time).send(read())

    assert mocked.calls[0].request.req_kwargs["verify"] is True


def test_nothing_is_sent_where_tls_fails(rude_server) -> None:
    server = rude_server(lambda server, connection: server.send(connection, OK))

    with pytest.raises(GatewayUnavailable):
        GatewayHttp("cashfree", sleep=lambda _: None).send(write(server.url.replace("http:", "https:")))

    assert not any(b"POST" in request for request in server.requests)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<html>welcome</html>", "text/html"),
        ('{"order_id":', "application/json"),
        ("", "application/json"),
        ('{"order_id":"x"}', "text/plain"),
        ('{"order_amount":NaN}', "application/json"),
        ('{"a":' + "[" * 100_000, "application/json"),
        ('{"order_amount":' + "9" * 5000 + "}", "application/json"),
    ],
)
def test_an_answer_that_cannot_be_read_is_invalid_and_not_repeated(
    mocked, fake_time, body, content_type
) -> None:
    mocked.get(URL, body=body, content_type=content_type)

    with pytest.raises(GatewayReplyInvalid):
        http_at(fake_time).send(read())

    assert len(mocked.calls) == 1


def test_an_html_error_page_of_a_proxy_counts_by_its_status(mocked, fake_time) -> None:
    mocked.post(URL, body="<html>bad gateway</html>", content_type="text/html", status=502)

    reply = http_at(fake_time).send(write())

    assert (reply.status, reply.document) == (502, None)


def test_a_compressed_answer_is_refused(mocked, fake_time) -> None:
    mocked.get(URL, json={}, headers={"Content-Encoding": "gzip"})

    with pytest.raises(GatewayReplyInvalid):
        http_at(fake_time).send(read())


def test_s26_a_redirect_is_not_followed(mocked, fake_time) -> None:
    mocked.get(URL, status=302, headers={"Location": "https://elsewhere.example/"})

    with pytest.raises(GatewayReplyInvalid):
        http_at(fake_time).send(read())

    assert [call.request.url for call in mocked.calls] == [URL]


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_of_fifty_megabytes_is_not_read(rude_server, fake_time, announced) -> None:
    def answer(server, connection):
        length = b"Content-Length: 52428800\r\n" if announced else b""
        server.send(connection, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + length + b"\r\n")
        for _ in range(800):
            server.send(connection, b" " * 65536)

    server = rude_server(answer)

    with pytest.raises(GatewayReplyInvalid):
        http_at(fake_time).send(read(server.url))

    server.stop()
    assert server.bytes_sent < 20 * 1024 * 1024


@pytest.mark.parametrize("part", ["body", "headers", "chunk size"])
def test_an_answer_that_drips_is_cut_off_at_the_deadline(rude_server, part) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    begin = {
        "body": head + b"Content-Length: 9999\r\n\r\n",
        "headers": head + b"X-Slow: ",
        "chunk size": head + b"Transfer-Encoding: chunked\r\n\r\n",
    }

    def answer(server, connection):
        server.send(connection, begin[part])
        while not server.stopped.wait(0.02):
            server.send(connection, b"0")

    server = rude_server(answer)
    started = time.monotonic()

    with pytest.raises(GatewayTimeout):
        GatewayHttp("cashfree", deadline_seconds=0.3).send(read(server.url))

    assert time.monotonic() - started < 1.5
    for thread in threading.enumerate():
        if thread.name == "gateway-fetch_order":
            thread.join(timeout=1)
            assert not thread.is_alive()


def test_a_gateway_that_accepts_and_says_nothing_is_a_timeout(rude_server) -> None:
    server = rude_server(lambda server, connection: server.stopped.wait(5))

    with pytest.raises(GatewayTimeout):
        GatewayHttp("cashfree", read_timeout_seconds=0.1).send(write(server.url, key="k"))

    assert len(server.requests) == 1


def test_a_call_broken_off_does_not_harm_the_next_one(rude_server) -> None:
    def answer(server, connection):
        if len(server.requests) == 1:
            server.stopped.wait(0.4)
        server.send(connection, OK)

    server = rude_server(answer)
    http = GatewayHttp("cashfree", deadline_seconds=0.2)

    with pytest.raises(GatewayTimeout):
        http.send(read(server.url))

    assert http.send(read(server.url)).status == 200


def test_many_threads_share_one_session(rude_server) -> None:
    server = rude_server(lambda server, connection: server.send(connection, OK))
    http = GatewayHttp("cashfree")
    statuses: list[int] = []

    threads = [
        threading.Thread(target=lambda: statuses.append(http.send(read(server.url)).status))
        for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 40


def reset(_server, connection) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_reset_after_sending_is_a_timeout_and_an_order_is_not_sent_twice(rude_server, fake_time) -> None:
    server = rude_server(reset)

    with pytest.raises(GatewayTimeout):
        http_at(fake_time).send(write(server.url))

    assert len(server.requests) == 1


def test_a_connection_closed_without_an_answer_is_a_timeout(rude_server, fake_time) -> None:
    server = rude_server(lambda server, connection: None)

    with pytest.raises(GatewayTimeout):
        http_at(fake_time).send(write(server.url))


def test_a_body_shorter_than_announced_is_a_lost_connection(rude_server, fake_time) -> None:
    server = rude_server(lambda server, connection: server.send(connection, OK[:-3]))

    with pytest.raises(GatewayTimeout):
        http_at(fake_time).send(write(server.url))


def test_a_read_that_was_reset_is_sent_again(rude_server, fake_time) -> None:
    def answer(server, connection):
        if len(server.requests) == 1:
            reset(server, connection)
        else:
            server.send(connection, OK)

    server = rude_server(answer)

    assert http_at(fake_time).send(read(server.url)).document == {"ok": True}
    assert len(server.requests) == 2


def test_s26_proxies_credentials_and_certificates_of_the_environment_are_ignored(
    rude_server, fake_time, monkeypatch, tmp_path
) -> None:
    server = rude_server(lambda server, connection: server.send(connection, OK))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login spy password spy")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nothing.pem"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    http_at(fake_time).send(read(server.url))

    assert b"authorization" not in server.requests[0].lower()


def test_cookies_of_the_gateway_are_not_sent_back(mocked, fake_time) -> None:
    mocked.get(URL, json={}, headers={"Set-Cookie": "tracking=1; Path=/"})
    http = http_at(fake_time)

    http.send(read())
    http.send(read())

    assert "Cookie" not in mocked.calls[1].request.headers


def test_a_log_names_the_order_and_no_header_body_or_address(mocked, fake_time) -> None:
    call = Call(
        "create_order", "POST", URL + "?q=canary-url", {"x-client-secret": "canary-header"}, b'"canary-body"'
    )
    mocked.post(URL, json={"reply": "canary-reply"}, status=500)

    with structlog.testing.capture_logs() as logs:
        http_at(fake_time).send(call)

    assert [entry["outcome"] for entry in logs] == [500]
    assert "canary" not in json.dumps(logs)


def test_a_header_that_cannot_be_sent_does_not_show_its_value(fake_time) -> None:
    call = Call("create_order", "POST", URL, {"x-client-secret": "canary\n"}, b"{}")

    with pytest.raises(GatewayError) as caught:
        http_at(fake_time).send(call)

    assert "canary" not in f"{caught.value!r} {caught.value.detail} {caught.value.__cause__!r}"
    assert "canary" not in repr(call)
