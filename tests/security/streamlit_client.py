"""A browser tab without a browser: Streamlit's websocket, spoken as its frontend speaks it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

# What the frontend sends as its second protocol when no user is logged in through Streamlit itself.
_NO_TOKEN = "PLACEHOLDER_AUTH_TOKEN"
_SECONDS = 60.0
_PATIENCE = 5.0
# Not: stopped early, because another run was asked for.
_AT_ITS_END = ForwardMsg.FINISHED_SUCCESSFULLY


@dataclass
class Tab:
    """One websocket, the id of the session it belongs to, and every byte that came."""

    socket: ClientConnection
    session_id: str = ""
    received: list[bytes] = field(default_factory=list)

    def run(self, page: str = "", query: str = "") -> bytes:
        """Ask for a run of the script and read to its end. All bytes that have ever come to this tab."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = page
        deadline = time.monotonic() + _SECONDS
        self.socket.send(message.SerializeToString())
        # What another client of the session left behind is read, too, but it is not the end of our run.
        has_begun = False
        while True:
            try:
                data = self.socket.recv(timeout=_PATIENCE)
            except TimeoutError:
                # Asked for while a run of the session's other client was ending, ours was taken for the same one.
                assert time.monotonic() < deadline, "the page does not answer"
                self.socket.send(message.SerializeToString())
                continue
            assert isinstance(data, bytes)
            self.received.append(data)
            answer = ForwardMsg.FromString(data)
            kind = answer.WhichOneof("type")
            if kind == "new_session":
                self.session_id, has_begun = answer.new_session.initialize.session_id, True
            if kind == "script_finished" and has_begun and answer.script_finished == _AT_ITS_END:
                return b"".join(self.received)


@contextmanager
def open_tab(url: str, *, cookie: str | None = None, session_id: str | None = None) -> Iterator[Tab]:
    """Connect as a tab of a browser with these cookies. A session id resumes that session, or tries to."""
    protocols = ["streamlit", _NO_TOKEN, *([session_id] if session_id else [])]
    with connect(
        f"{url.replace('http', 'ws', 1)}/_stcore/stream",
        subprotocols=[Subprotocol(name) for name in protocols],
        origin=url,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookie} if cookie else None,
        max_size=None,
        open_timeout=_SECONDS,
        close_timeout=5,
    ) as socket:
        yield Tab(socket)
