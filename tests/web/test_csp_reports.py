"""What browsers report is one safe line, and what anybody else sends is nothing."""

from __future__ import annotations

import json

import pytest
import structlog

from web import csp_reports
from web.csp_reports import Cap, Violation, read_violations

OLD = {
    "csp-report": {
        "document-uri": "http://localhost:8501/login?ticket=canary",
        "effective-directive": "img-src",
        "blocked-uri": "https://evil.example/pixel.gif?canary=1",
        "script-sample": "canary",
    }
}
NEW = [
    {
        "type": "csp-violation",
        "url": "http://localhost:8501/x",
        "body": {
            "documentURL": "http://localhost:8501/checkout/ORDER00000000000001A",
            "effectiveDirective": "script-src-elem",
            "blockedURL": "inline",
        },
    }
]


@pytest.fixture(autouse=True)
def fresh_cap(monkeypatch) -> None:
    monkeypatch.setattr(csp_reports, "_cap", Cap(60))


@pytest.mark.parametrize(
    ("report", "violation"),
    [
        (OLD, Violation("img-src", "evil.example", "/login")),
        (NEW, Violation("script-src-elem", "inline", "/checkout/ORDER00000000000001A")),
    ],
)
def test_a_report_is_read_in_both_forms_without_query_or_sample(report, violation) -> None:
    assert list(read_violations(json.dumps(report).encode())) == [violation]


def test_a_report_is_one_warning_and_counted(client) -> None:
    before = csp_reports._REPORTS.labels("img-src")._value.get()
    with structlog.testing.capture_logs() as written:
        answer = client.post("/csp-report", json=OLD, headers={"sec-fetch-site": "cross-site"})

    assert answer.status_code == 204
    assert written == [
        {
            "event": "content_refused",
            "log_level": "warning",
            "directive": "img-src",
            "blocked": "evil.example",
            "page": "/login",
        }
    ]
    assert csp_reports._REPORTS.labels("img-src")._value.get() == before + 1


HOSTILE = [
    b"",
    b"\xff\xfe",
    b"[" * 16_000,
    b'{"a":' * 3_000,
    b"null",
    b"1e999",
    b"9" * 5_000,
    b'{"csp-report": []}',
    b'{"csp-report": {"blocked-uri": ["x"], "effective-directive": {}, "document-uri": 7}}',
    b'{"csp-report": {"blocked-uri": "http://[::", "effective-directive": "x\\r\\nfake", "document-uri": "//[" }}',
    b'{"csp-report": {"blocked-uri": "\\u001b[31m\\ud800\\u0000", "violated-directive": " "}}',
    b'[{"body": {"effectiveDirective": "' + b"a" * 9_000 + b'"}}, 1, null, []]',
    b'{"csp-report": {"blocked-uri": "' + b"a" * 15_000 + b'"}}',
    b"x" * 16_385,
    b"x" * 300_000,
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_report_is_204_or_413_and_nothing_of_it_is_written(client, body) -> None:
    with structlog.testing.capture_logs() as written:
        answer = client.post("/csp-report", content=body)

    assert answer.status_code == (413 if len(body) > 64 * 1024 else 204)
    for line in written:
        assert (line["directive"], line["blocked"], line["page"]) == ("other", "unreadable", "unreadable")


def test_a_flood_writes_no_more_lines_than_the_cap(client, monkeypatch) -> None:
    monkeypatch.setattr(csp_reports, "_cap", Cap(5))
    with structlog.testing.capture_logs() as written:
        answers = [client.post("/csp-report", json=[*NEW, *NEW]) for _ in range(20)]

    assert {answer.status_code for answer in answers} == {204}
    assert len(written) == 5


def test_the_cap_is_open_again_a_minute_later() -> None:
    cap = Cap(2)

    assert [cap.allows(now) for now in (0, 30, 59, 60.5, 61, 90.5)] == [True, True, False, True, False, True]


def test_a_report_is_only_posted(client) -> None:
    assert client.get("/csp-report").status_code == 405
