"""A report over a real SMTP server: what arrives is text, HTML with its picture, and the headers of one click."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("aiosmtpd", reason="needs requirements-dev.txt")

from dataclasses import replace

from sectors.delivery import schedule_reports, send_report
from tests.books import rows
from tests.mail.test_sender import Inbox, Server, sender
from tests.sectors.readers import SATURDAY, a_reader


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def mail_server(inbox: Inbox) -> Iterator[Server]:
    controller = Server(inbox)
    controller.start()
    yield controller
    controller.stop()


def test_a_report_arrives_whole(services, gateway, user, clock, mail_server, inbox) -> None:
    clock.moment = SATURDAY
    a_reader(services, gateway, user)
    mailing = replace(services, mail_sender=sender(mail_server.port))
    schedule_reports(mailing)
    [(email_id,)] = rows(services, "SELECT email_id FROM reports_sent")

    send_report(mailing, email_id)

    message = inbox.message()
    assert message["Subject"].startswith("Demo data: Sector RS to 30 Oct: ")
    link = message["List-Unsubscribe"]
    assert link.startswith("<http://localhost:8501/unsubscribe/")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None and html is not None
    assert link.strip("<>") in text.get_content()
    assert link.strip("<>") in html.get_content()
    assert 'src="cid:map@sector-rs"' in html.get_content()
    [picture] = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<map@sector-rs>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content().startswith(b"\x89PNG")
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    # Gmail cuts what is longer; and no line is longer than a server must take.
    assert len(html.get_content().encode()) < 102_000
    assert max(len(line) for line in inbox.envelopes[-1].content.splitlines()) <= 998
