"""Paths of requests: as one spelling for comparing, and without what nobody may read in a log."""

from __future__ import annotations

import re

RAZORPAY_CALLBACK_PATH = "/checkout/razorpay/callback"
UNSUBSCRIBE_PATH = "/unsubscribe/"
_LONGEST_PART = 24  # An order's id has 20 characters; tokens have 43.
_LONGEST_PATH = 200


def folded(path: str) -> str:
    """The path in lower case with single slashes, so that another spelling is not another path."""
    return re.sub(r"[/\\]+", "/", path).casefold()


def for_log(path: str) -> str:
    """The path without its query, with every part that is long enough to be a token cut."""
    parts = path.partition("?")[0].partition("#")[0].split("/")
    return "/".join(part if len(part) <= _LONGEST_PART else f"{part[:4]}…" for part in parts)[:_LONGEST_PATH]
