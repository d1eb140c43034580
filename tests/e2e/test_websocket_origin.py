"""Row S09: a page's websocket opens for our own pages alone, asked over a real socket of the running site."""

from __future__ import annotations

from http.client import HTTPConnection

import pytest

from tests.e2e.site import Site

# What a browser would send as `Origin` and `Host` when the page is at the first and our port is asked.
FOREIGN = {
    "another site": ("https://evil.example", "localhost:{port}"),
    "a sandboxed frame": ("null", "localhost:{port}"),
    "no browser": (None, "localhost:{port}"),
    "a name that was pointed at us": ("http://evil.example:{port}", "evil.example:{port}"),
    "a name that begins like ours": ("http://localhost.evil.example:{port}", "localhost.evil.example:{port}"),
    "a name below ours": ("http://shop.localhost:{port}", "shop.localhost:{port}"),
    "another program on this machine": ("http://localhost:9", "localhost:{port}"),
    "an origin that is none": ("http://[::", "localhost:{port}"),
}
OURS = {
    "the page that the site says it is": ("http://localhost:{port}", "localhost:{port}"),
    "the same machine by its number": ("http://127.0.0.1:{port}", "127.0.0.1:{port}"),
    "this network by a number": ("http://192.168.7.7:{port}", "192.168.7.7:{port}"),
}

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "streamlit",
}


def opened(site: Site, origin: str | None, host: str) -> int:
    """The status with which the handshake was answered: 101 for an open socket."""
    connection = HTTPConnection("127.0.0.1", site.port, timeout=20)
    # By hand: a client for websockets would send the host that it connects to.
    connection.putrequest("GET", "/_stcore/stream", skip_host=True)
    connection.putheader("Host", host.format(port=site.port))
    if origin is not None:
        connection.putheader("Origin", origin.format(port=site.port))
    for name, value in UPGRADE.items():
        connection.putheader(name, value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(("origin", "host"), FOREIGN.values(), ids=FOREIGN)
def test_s09_a_websocket_of_another_place_is_refused_before_it_opens(
    site: Site, origin: str | None, host: str
) -> None:
    assert opened(site, origin, host) == 403


@pytest.mark.parametrize(("origin", "host"), OURS.values(), ids=OURS)
def test_s09_a_websocket_of_our_own_page_opens(site: Site, origin: str, host: str) -> None:
    assert opened(site, origin, host) == 101


def test_s09_streamlit_is_not_asked_about_a_foreign_websocket(site: Site) -> None:
    opened(site, "https://streamlit-was-asked.example", "localhost:{port}")

    # It would ask the internet for its own address, with every visitor waiting, and log the origin.
    assert "streamlit-was-asked" not in site.log()
