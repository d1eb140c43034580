"""Against a real SMTP server on a free port of this machine."""

from __future__ import annotations

import smtplib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("aiosmtpd", reason="needs requirements-dev.txt")

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from pydantic import SecretStr

from mail.sender import MailNotSent, OutgoingMail, SmtpSender, sender_from_settings


class Inbox:
    """Keeps what arrives; answers DATA with `reply`."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.reply = "250 OK"
        self.recipient_reply = ""

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.recipient_reply:
            return self.recipient_reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return self.reply

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=True)

    def message(self) -> EmailMessage:
        content = self.envelopes[-1].content
        assert isinstance(content, bytes)
        return message_from_bytes(content, policy=default)


class Server(Controller):
    def __init__(self, inbox: Inbox, **options: Any) -> None:
        self._options = options
        super().__init__(inbox, hostname="127.0.0.1", port=_free_port())

    def factory(self) -> SMTP:
        return SMTP(self.handler, hostname="mx.example.com", **self._options)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def server(inbox: Inbox) -> Iterator[Server]:
    controller = Server(inbox)
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


@pytest.fixture
def tls_server(inbox: Inbox, certificate: tuple[Path, Path]) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    controller = Server(inbox, tls_context=context, authenticator=inbox.authenticate, auth_required=True)
    controller.start()
    yield controller
    controller.stop()


def sender(port: int, **changes: Any) -> SmtpSender:
    options = {"password": "", "sender_name": "Sector RS", "timeout_seconds": 5.0, **changes}
    return SmtpSender("127.0.0.1", port, "billing@sector-rs.example", **options)


def mail(**changes: str) -> OutgoingMail:
    values = {
        "to_address": "asha@example.com",
        "subject": "Receipt for ₹499",
        "text": "You paid ₹499.\n",
        "html": "<p>You paid ₹499.</p>",
        "message_id": "<receipt-1@sector-rs.example>",
    }
    return OutgoingMail(**{**values, **changes})


def test_a_mail_arrives_with_both_parts_and_the_callers_message_id(inbox: Inbox, server: Server) -> None:
    sender(server.port).send(mail())

    message = inbox.message()
    assert inbox.envelopes[0].rcpt_tos == ["asha@example.com"]
    assert message["From"] == "Sector RS <billing@sector-rs.example>"
    assert message["To"] == "asha@example.com"
    assert message["Subject"] == "Receipt for ₹499"
    assert message["Message-ID"] == "<receipt-1@sector-rs.example>"
    assert message["Date"].datetime.tzinfo is not None
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    contents = [part.get_content().strip() for part in message.iter_parts()]
    assert contents == ["You paid ₹499.", "<p>You paid ₹499.</p>"]


def test_a_second_try_carries_the_same_message_id(inbox: Inbox, server: Server) -> None:
    sender(server.port).send(mail())
    sender(server.port).send(mail())

    ids = [message_from_bytes(envelope.content)["Message-ID"] for envelope in inbox.envelopes]  # type: ignore[arg-type]
    assert ids == ["<receipt-1@sector-rs.example>"] * 2


@pytest.mark.parametrize("breaker", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\x00"])
def test_a_line_break_in_a_value_adds_no_header_and_no_recipient(
    inbox: Inbox, server: Server, breaker: str
) -> None:
    hostile = f"Hello{breaker}Bcc: thief@evil.example{breaker}{breaker}<h1>New body</h1>"

    sender(server.port, sender_name=hostile).send(mail(subject=hostile))

    message = inbox.message()
    assert inbox.envelopes[0].rcpt_tos == ["asha@example.com"]
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    "address",
    ["asha@example.com\r\nBcc: thief@evil.example", "a@b.example, c@b.example", "<a@b.example>", "me", ""],
)
def test_what_is_not_one_plain_address_is_refused_before_anything_is_sent(
    inbox: Inbox, server: Server, address: str
) -> None:
    with pytest.raises(MailNotSent) as caught:
        sender(server.port).send(mail(to_address=address))

    assert caught.value.is_permanent
    assert "evil" not in str(caught.value)
    assert inbox.envelopes == []


def test_names_and_subjects_may_be_unicode_and_long(inbox: Inbox, server: Server) -> None:
    subject = "रसीद 🧾 " * 40

    sender(server.port, sender_name="सेक्टर, RS “Ltd”").send(mail(subject=subject, text="क" * 5000))

    # Python's own folding may lose a space between two encoded words of a long subject.
    assert inbox.message()["Subject"].replace(" ", "") == subject.replace(" ", "")
    assert inbox.message()["From"].addresses[0].display_name == "सेक्टर, RS “Ltd”"
    content = inbox.envelopes[0].content
    assert isinstance(content, bytes)
    assert max(len(line) for line in content.splitlines()) <= 998
    assert content.isascii()


def test_a_domain_in_another_script_is_sent_in_its_ascii_form(inbox: Inbox, server: Server) -> None:
    sender(server.port).send(mail(to_address="asha@bücher.example"))

    assert inbox.envelopes[0].rcpt_tos == ["asha@xn--bcher-kva.example"]


@pytest.mark.parametrize(("reply", "is_permanent"), [("451 try later", False), ("554 no thanks", True)])
def test_a_refusal_after_the_body_is_not_sent(
    inbox: Inbox, server: Server, reply: str, is_permanent: bool
) -> None:
    inbox.reply = reply

    with pytest.raises(MailNotSent, match=reply[:3]) as caught:
        sender(server.port).send(mail())

    assert caught.value.is_permanent is is_permanent


def test_an_error_repeats_neither_the_address_nor_the_servers_words(inbox: Inbox, server: Server) -> None:
    inbox.recipient_reply = "550 asha@example.com unknown here"

    with pytest.raises(MailNotSent) as caught:
        sender(server.port).send(mail())

    assert str(caught.value) == "The mail server refused with 550"
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_nothing_listening_is_not_sent() -> None:
    with pytest.raises(MailNotSent, match="could not be reached") as caught:
        sender(_free_port()).send(mail())

    assert not caught.value.is_permanent


def test_a_server_that_accepts_and_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()

        with pytest.raises(MailNotSent, match="fell silent"):
            sender(silent.getsockname()[1], timeout_seconds=0.2).send(mail())

        assert time.monotonic() - began < 2


def test_a_connection_cut_after_the_body_is_not_sent() -> None:
    replies = [b"220 hi", b"250 mx", b"250 ok", b"250 ok", b"354 go", None]

    with _scripted(replies) as port, pytest.raises(MailNotSent, match="broke off"):
        sender(port).send(mail())


def test_a_farewell_that_fails_does_not_make_an_accepted_mail_fail() -> None:
    with _scripted([b"220 hi", b"250 mx", b"250 ok", b"250 ok", b"354 go", b"250 accepted", None]) as port:
        sender(port).send(mail())


def test_the_password_travels_only_over_tls(
    inbox: Inbox, tls_server: Server, certificate: tuple[Path, Path]
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate[0]))

    sender(tls_server.port, password="hunter22", tls=trusting).send(mail())

    assert inbox.logins == [(b"billing@sector-rs.example", b"hunter22")]
    assert len(inbox.envelopes) == 1


def test_the_password_is_kept_back_from_a_server_without_tls(inbox: Inbox, server: Server) -> None:
    with pytest.raises(MailNotSent, match="no encryption") as caught:
        sender(server.port, password="hunter22").send(mail())

    assert "hunter22" not in str(caught.value)
    assert inbox.envelopes == []


def test_a_certificate_nobody_vouches_for_is_refused(inbox: Inbox, tls_server: Server) -> None:
    with pytest.raises(MailNotSent, match="certificate"):
        sender(tls_server.port, password="hunter22").send(mail())

    assert inbox.logins == []


def test_port_465_speaks_tls_from_the_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[object, ...]] = []

    def refuse(*args: object, **options: object) -> None:
        opened.append(args)
        raise ConnectionRefusedError

    monkeypatch.setattr(smtplib, "SMTP_SSL", type("SMTP_SSL", (smtplib.SMTP_SSL,), {"__init__": refuse}))

    with pytest.raises(MailNotSent, match="ConnectionRefusedError"):
        sender(465).send(mail())

    assert opened[0][2] == 465


def test_no_server_means_no_sender_and_the_password_is_in_no_repr() -> None:
    settings = SimpleNamespace(
        smtp_server="", smtp_port=587, sender_email="a@b.example", sender_password=SecretStr("hunter22"),
        business_name="Sector RS",
    )  # fmt: skip

    assert sender_from_settings(settings) is None
    settings.smtp_server = "smtp.b.example"
    assert "hunter22" not in repr(sender_from_settings(settings))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class _scripted:
    """A server that says one line after each command (after the whole body for DATA); None hangs up."""

    def __init__(self, replies: list[bytes | None]) -> None:
        self._replies = replies

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        port: int = self._listener.getsockname()[1]
        return port

    def __exit__(self, *exc: object) -> None:
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, connection.makefile("rb") as lines:
            for index, reply in enumerate(self._replies):
                if index:
                    self._hear(lines, is_body=self._replies[index - 1] == b"354 go")
                if reply is None:
                    return
                connection.sendall(reply + b"\r\n")

    def _hear(self, lines: Any, *, is_body: bool) -> None:
        line = lines.readline()
        while is_body and line not in (b".\r\n", b""):
            line = lines.readline()
