"""How much of a request's body is read: counted as it streams in, so that nothing larger is ever held."""

from __future__ import annotations

from starlette.types import Message, Receive, Scope
from streamlit import config as streamlit_config

# No form of ours comes near. A new route has this limit without asking for it.
LARGEST_BODY = 64 * 1024
# The largest documented event of a gateway is about 4 kB.
LARGEST_EVENT = 256 * 1024
_EVENTS = "/webhooks/"
# Streamlit counts the file itself and refuses above `server.maxUploadSize`; around it stands multipart.
_UPLOADS = "/_stcore/upload_file/"
_AROUND_UPLOAD = 1024 * 1024


class BodyTooLarge(Exception):
    """More came than is read. The rest is not waited for."""


class LimitedBody:
    """The body of one request, up to the limit of its path."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"0")
        self._receive = receive
        self._limit = _limit(scope["path"])
        self._length = 0
        self._declared = int(declared) if declared.isdigit() else 0
        # Whether everything that the client sends was taken in. Otherwise the connection ends with the answer,
        # or the server would go on reading, and throwing away, for as long as the client likes.
        self.is_read = self._declared == 0 and b"transfer-encoding" not in headers

    @property
    def is_declared_too_large(self) -> bool:
        return self._declared > self._limit

    async def receive(self) -> Message:
        """The next piece. Raises BodyTooLarge as soon as the limit is passed."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._length += len(message.get("body", b""))
            if self._length > self._limit:
                raise BodyTooLarge
            self.is_read = not message.get("more_body", False)
        return message


def _limit(path: str) -> int:
    if path.startswith(_EVENTS):
        return LARGEST_EVENT
    if path.startswith(_UPLOADS):
        return int(streamlit_config.get_option("server.maxUploadSize")) * 1024 * 1024 + _AROUND_UPLOAD
    return LARGEST_BODY
