"""The mails that a person would find: jobs are run until nothing waits, and links are read as a reader would."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import text

from accounts.email_links import send_link
from accounts.link_tokens import fill_in
from domain.links import Purpose
from wiring import Services

_TOKEN = re.compile(r"token=([^\s&\"]+)")


@dataclass(frozen=True)
class Received:
    kind: str
    to: str
    subject: str
    text: str
    html: str

    @property
    def token(self) -> str:
        """The token of the link in it."""
        found = _TOKEN.search(self.text)
        assert found is not None, self.text
        return found[1]


def received(services: Services, kind: str = "") -> list[Received]:
    """The mails of this kind (or all), the oldest first, after the waiting links were composed."""
    with services.engine.begin() as conn:
        waiting = conn.execute(
            text("DELETE FROM procrastinate_jobs WHERE task_name = 'send_link' RETURNING args ->> 'token_id'")
        ).scalars()
        tokens = list(waiting)
    for token_id in tokens:
        send_link(services, token_id)
    with services.engine.connect() as conn:
        rows = conn.execute(
            text("""
            SELECT e.kind, e.to_address, e.subject, e.text_body, e.html_body, e.email_token_id, t.purpose
            FROM emails e LEFT JOIN email_tokens t ON t.id = e.email_token_id
            WHERE :kind IN ('', e.kind) ORDER BY e.id
            """),
            {"kind": kind},
        ).all()
    return [
        Received(
            row.kind,
            row.to_address,
            row.subject,
            *(_filled(services, row, body) for body in (row.text_body, row.html_body)),
        )
        for row in rows
    ]


def _filled(services: Services, row, body: str) -> str:
    if row.email_token_id is None:
        return body
    return fill_in(services.settings, body, row.email_token_id, Purpose(row.purpose))
