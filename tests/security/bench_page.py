"""The script behind the bench: each element once, a page that renders unsafely, a page that trusts its session.

The last two are mistakes on purpose. They show that the probes see such a mistake when there is one.
"""

from __future__ import annotations

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.security.elements import draw_all
from web.middleware import SecurityHeaders
from web.response_headers import page_policy

_POLICY = "Content-Security-Policy"


class WithoutPolicy:
    """Takes the policy off what is asked for with `?policy=off`, and styles out of it for `?policy=unstyled`.

    Stands outside of the product's middleware, so what is asked for without either carries the product's own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = scope.get("query_string", b"")

        async def send_changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if b"policy=off" in query:
                    del headers[_POLICY]
                elif b"policy=unstyled" in query:
                    headers[_POLICY] = page_policy().replace(
                        "style-src 'self' 'unsafe-inline'", "style-src 'none'"
                    )
            await send(message)

        await self._app(scope, receive, send_changed)


def main() -> None:
    shown = st.query_params.get("show", "elements")
    if shown == "unsafe":
        for text in st.query_params.get_all("text"):
            st.markdown(text, unsafe_allow_html=True)
        st.text("drawn unsafely")
    elif shown == "trusting":
        identity = st.context.cookies.get("session")
        if identity is not None and "owner" not in st.session_state:
            st.session_state["owner"] = identity
        st.text(f"Welcome back, {st.session_state.get('owner', 'stranger')}")
    else:
        draw_all()


if __name__ == "__main__" and st.runtime.exists():
    main()
else:
    app = st.App(__file__, middleware=[Middleware(WithoutPolicy), Middleware(SecurityHeaders)])
