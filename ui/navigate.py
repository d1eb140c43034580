"""Leave the Streamlit page for a route of our own.

Page scripts cannot set cookies or navigate, and inline scripts do not run under our content security
policy; a v2 component may, because Streamlit serves it from our own origin.
"""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

_navigate = st.components.v2.component(
    "navigate", js="export default ({data}) => window.location.assign(data.to)"
)


def leave_to(path: str) -> NoReturn:
    """Send the browser to a path of this site, as if a link were clicked. Ends this run of the page."""
    if not path.startswith("/") or path.startswith("//"):
        raise ValueError("only paths of this site")
    with st.container(key="leaving"):
        _navigate(key="navigate", data={"to": path})
    st.stop()
    raise AssertionError("st.stop ends the run")
