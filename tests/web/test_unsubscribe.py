"""The link of every report: one press ends them, looking at it changes nothing, and it tells nobody who exists."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from accounts.link_tokens import unsubscribe_token
from domain.report_rules import AlertKind, ReportKind, ReportSettings
from sectors.report_settings import find_report_settings, save_report_settings

MAIL_PROGRAM = {"content-type": "application/x-www-form-urlencoded"}
ONE_CLICK = b"List-Unsubscribe=One-Click"


@pytest.fixture
def path(services, user) -> str:
    return f"/unsubscribe/{unsubscribe_token(services.settings, user.id)}"


@pytest.fixture
def nobodys(user) -> str:
    return f"/unsubscribe/{user.id.hex}.{'A' * 43}"


def test_a_mail_programs_one_click_unsubscribes_without_cookie_and_origin(
    services, user, client, path
) -> None:
    answer = client.post(path, content=ONE_CLICK, headers=MAIL_PROGRAM)

    assert answer.status_code == 200
    assert find_report_settings(services, user).unsubscribed_at is not None


def test_a_form_with_too_many_fields_unsubscribes_too(services, user, client, path) -> None:
    answer = client.post(path, content=b"a=1&" * 30, headers=MAIL_PROGRAM)

    assert answer.status_code == 200
    assert find_report_settings(services, user).unsubscribed_at is not None


def test_looking_changes_nothing_and_shows_one_button(services, user, client, path) -> None:
    for method in ("GET", "HEAD"):
        answer = client.request(method, path)

    page = client.get(path).text
    assert answer.status_code == 200
    assert page.count("<button") == 1
    assert "<script" not in page
    assert find_report_settings(services, user).unsubscribed_at is None


def test_the_way_back_brings_what_was_chosen(services, user, client, path) -> None:
    chosen = ReportSettings(daily=True, alerts=frozenset({AlertKind.QUADRANT}))
    save_report_settings(services, user, chosen)
    answer = client.post(path, content=ONE_CLICK, headers=MAIL_PROGRAM)
    [action] = re.findall(r'name="action" value="(\w+)"', answer.text)

    client.post(path, data={"action": action})

    assert find_report_settings(services, user) == chosen


@pytest.fixture
def note_path(services, user) -> str:
    return f"/unsubscribe/{unsubscribe_token(services.settings, user.id, only=ReportKind.EVIDENCE)}"


def test_the_link_of_the_evidence_note_ends_the_note_alone_and_brings_it_back(
    services, user, client, note_path
) -> None:
    chosen = ReportSettings(daily=True, evidence=True)
    save_report_settings(services, user, chosen)

    assert "Stop the monthly evidence note?" in client.get(note_path).text
    answer = client.post(note_path, content=ONE_CLICK, headers=MAIL_PROGRAM)
    assert find_report_settings(services, user) == replace(chosen, evidence=False)

    [action] = re.findall(r'name="action" value="(\w+)"', answer.text)
    client.post(note_path, data={"action": action})
    assert find_report_settings(services, user) == chosen


def test_the_links_of_note_and_reports_do_not_stand_for_each_other(
    services, user, client, path, note_path
) -> None:
    save_report_settings(services, user, ReportSettings(evidence=True))

    client.post(note_path.replace("evidence-", ""), content=ONE_CLICK, headers=MAIL_PROGRAM)
    client.post(
        path.replace("unsubscribe/", "unsubscribe/evidence-"), content=ONE_CLICK, headers=MAIL_PROGRAM
    )

    assert find_report_settings(services, user) == ReportSettings(evidence=True)


def test_twice_is_once(services, user, client, path) -> None:
    client.post(path, content=ONE_CLICK, headers=MAIL_PROGRAM)
    first = find_report_settings(services, user)
    client.post(path, content=ONE_CLICK, headers=MAIL_PROGRAM)

    assert find_report_settings(services, user) == first


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_that_is_nobodys_is_answered_like_one_that_is(
    services, user, client, path, nobodys, method
) -> None:
    known, unknown = client.request(method, path), client.request(method, nobodys)

    assert unknown.status_code == known.status_code == 200
    assert unknown.text.replace(nobodys, path) == known.text
    assert {
        name: value for name, value in unknown.headers.items() if name not in {"content-length", "set-cookie"}
    } == {
        name: value for name, value in known.headers.items() if name not in {"content-length", "set-cookie"}
    }


@pytest.mark.parametrize("token", ["x", "%00", "..%2F..", "<script>", "a" * 3000, "é"])
def test_a_forged_token_changes_nothing_and_is_not_drawn_as_html(services, user, client, token) -> None:
    answer = client.post(f"/unsubscribe/{token}", content=ONE_CLICK, headers=MAIL_PROGRAM)

    assert answer.status_code in {200, 404}
    assert "<script>" not in answer.text
    assert find_report_settings(services, user) == ReportSettings()


def test_a_link_of_another_purpose_does_not_unsubscribe(services, user, client) -> None:
    from accounts.link_tokens import make_token
    from domain.links import Purpose

    client.post(f"/unsubscribe/{make_token(services.settings, user.id, Purpose.VERIFY_EMAIL)}")

    assert find_report_settings(services, user).unsubscribed_at is None


def test_a_large_body_is_refused(client, path) -> None:
    assert client.post(path, content=b"a" * 70_000, headers=MAIL_PROGRAM).status_code == 413


def test_the_pages_headers_keep_the_token_and_allow_nothing(client, path) -> None:
    answer = client.get(path)

    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]
