"""Hand one mail to an SMTP server.

Owns the wire: TLS, timeouts, headers. It knows neither the outbox nor who is mailed why, and it never
retries: the job that calls it does, with the same Message-ID.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from typing import Protocol

from pydantic import SecretStr

# The whole conversation takes a healthy server under two seconds.
TIMEOUT_SECONDS = 10.0
IMPLICIT_TLS_PORT = 465
# How HTML names the picture that its mail carries.
IMAGE_ID = "map@sector-rs"

# 7bit: a relay on the way need not offer 8BITMIME.
_POLICY = SMTP.clone(cte_type="7bit")
_ADDRESS = re.compile(r"[^@\s\x00-\x20\x7f<>,;:\"()\\\[\]]+@[^@\s\x00-\x20\x7f<>,;:\"()\\\[\]]+")
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


class MailNotSent(Exception):
    """The mail did not leave, or nobody knows whether it did. The text holds no address and no secret.

    Trying again later with the same Message-ID is right, unless `is_permanent`: then only a person can help.
    """

    def __init__(self, reason: str, *, is_permanent: bool = False) -> None:
        super().__init__(reason)
        self.is_permanent = is_permanent


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail to one address. `message_id` stays the same over all tries.

    `png` is the picture that the HTML shows as `cid:IMAGE_ID`. `unsubscribe_url` ends mails like this one with one
    click (RFC 8058).
    """

    to_address: str
    subject: str
    text: str
    html: str
    message_id: str
    png: bytes | None = None
    unsubscribe_url: str = ""


class MailSettings(Protocol):
    """What the sender needs to know of the configuration."""

    @property
    def smtp_server(self) -> str: ...
    @property
    def smtp_port(self) -> int: ...
    @property
    def sender_email(self) -> str: ...
    @property
    def sender_password(self) -> SecretStr: ...
    @property
    def business_name(self) -> str: ...


def sender_from_settings(settings: MailSettings) -> SmtpSender | None:
    """The sender of this configuration, or None when no server is named: mails are then kept."""
    if not settings.smtp_server:
        return None
    password = settings.sender_password.get_secret_value()
    return SmtpSender(
        settings.smtp_server, settings.smtp_port, settings.sender_email, password, settings.business_name
    )


class SmtpSender:
    """One connection for each mail: few mails leave, and a kept connection is one more thing that breaks."""

    def __init__(
        self,
        server: str,
        port: int,
        sender_email: str,
        password: str,
        sender_name: str,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls` replaces the system's trust store, for servers with a certificate of their own."""
        self._server = server
        self._port = port
        self._sender_email = sender_email
        self._password = password
        self._sender_name = sender_name
        self._timeout_seconds = timeout_seconds
        self._tls = tls

    def __repr__(self) -> str:
        return f"SmtpSender({self._server!r}, {self._port})"

    def send(self, mail: OutgoingMail) -> None:
        """Hand the mail over. Returns once the server has taken responsibility, else raises MailNotSent."""
        # The foreign errors repeat addresses and what the server said, so they are not chained.
        try:
            message = self._message(mail)
            with self._connection() as smtp:
                smtp.send_message(message, self._sender_email, [_ascii_domain(mail.to_address)])
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPSenderRefused) as exc:
            # Our settings are wrong, not this mail: it goes out once they are mended.
            raise MailNotSent(f"The mail server refuses us as sender ({exc.smtp_code})") from None
        except smtplib.SMTPRecipientsRefused as exc:
            raise _refused(next((code for code, _ in exc.recipients.values()), 0)) from None
        except smtplib.SMTPResponseException as exc:
            raise _refused(exc.smtp_code) from None
        except smtplib.SMTPNotSupportedError:
            raise MailNotSent("The mail server lacks a feature this mail needs", is_permanent=True) from None
        except TimeoutError:
            raise MailNotSent("The mail server did not answer in time") from None
        except ssl.SSLError:
            raise MailNotSent("The mail server's certificate or encryption was not acceptable") from None
        except smtplib.SMTPException:
            # smtplib calls silence that lasted too long a disconnection.
            raise MailNotSent("The mail server fell silent or broke off the conversation") from None
        except OSError as exc:
            raise MailNotSent(f"The mail server could not be reached ({type(exc).__name__})") from None
        except ValueError:
            raise MailNotSent("This mail cannot be written as a message", is_permanent=True) from None

    def _message(self, mail: OutgoingMail) -> EmailMessage:
        if not _ADDRESS.fullmatch(mail.to_address):
            raise ValueError("not one plain address")
        message = EmailMessage(policy=_POLICY)
        message["From"] = Address(_one_line(self._sender_name), addr_spec=self._sender_email)
        message["To"] = _ascii_domain(mail.to_address)
        message["Subject"] = _one_line(mail.subject)
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = f"<{_one_line(mail.message_id).strip('<> ')}>"
        # Keeps holiday notes from answering.
        message["Auto-Submitted"] = "auto-generated"
        if mail.unsubscribe_url:
            message["List-Unsubscribe"] = f"<{_one_line(mail.unsubscribe_url)}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(mail.text)
        if mail.html:
            message.add_alternative(mail.html, subtype="html")
            if mail.png is not None:
                _html_part(message).add_related(
                    mail.png, "image", "png", cid=f"<{IMAGE_ID}>", disposition="inline", filename="map.png"
                )
        return message

    @contextlib.contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        smtp = self._open()
        try:
            self._secure_and_log_in(smtp)
            yield smtp
        except BaseException:
            smtp.close()
            raise
        # The mail is accepted by now: a farewell that fails must not send it a second time.
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtp.quit()
        smtp.close()

    def _open(self) -> smtplib.SMTP:
        # Our own domain is what the server should hear; asking the resolver for a host name may hang.
        host = self._sender_email.rpartition("@")[2].encode("idna").decode("ascii") or "localhost"
        if self._port == IMPLICIT_TLS_PORT:
            return smtplib.SMTP_SSL(
                self._server, self._port, host, timeout=self._timeout_seconds, context=self._context()
            )
        return smtplib.SMTP(self._server, self._port, host, timeout=self._timeout_seconds)

    def _secure_and_log_in(self, smtp: smtplib.SMTP) -> None:
        is_encrypted = isinstance(smtp, smtplib.SMTP_SSL)
        smtp.ehlo_or_helo_if_needed()
        if not is_encrypted and smtp.has_extn("starttls"):
            smtp.starttls(context=self._context())
            smtp.ehlo()
            is_encrypted = True
        if not self._password:
            return
        if not is_encrypted:
            reason = "The mail server offers no encryption, so the password was not sent"
            raise MailNotSent(reason, is_permanent=True)
        smtp.login(self._sender_email, self._password)

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()


def _html_part(message: EmailMessage) -> EmailMessage:
    part = message.get_body(preferencelist=("html",))
    if not isinstance(part, EmailMessage):
        raise ValueError("the message has no HTML")
    return part


def _refused(code: int) -> MailNotSent:
    return MailNotSent(f"The mail server refused with {code}", is_permanent=500 <= code < 600)


def _ascii_domain(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode('ascii')}"


def _one_line(text: str) -> str:
    return _LINE_BREAKS.sub(" ", text).strip()
