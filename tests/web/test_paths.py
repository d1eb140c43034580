"""Paths as one spelling, and as a log may show them."""

from __future__ import annotations

import pytest

from web import paths


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_STCORE//Metrics", "//_stcore\\metrics"])
def test_every_spelling_is_one_path(path) -> None:
    assert paths.folded(path) == "/_stcore/metrics"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/checkout/ORDER00000000000001A", "/checkout/ORDER00000000000001A"),
        (
            "/unsubscribe/a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6",  # pragma: allowlist secret - invented
            "/unsubscribe/a1B2…",
        ),
        ("/auth/session?ticket=canary#canary", "/auth/session"),
        ("/" + "a/" * 500, ("/" + "a/" * 500)[:200]),
    ],
)
def test_a_log_shows_no_query_and_nothing_as_long_as_a_token(path, shown) -> None:
    assert paths.for_log(path) == shown
