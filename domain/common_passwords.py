"""The passwords that people use most, which are guessed first (ASVS 6.2.4).

The list is that of zxcvbn: 30,000 passwords of published leaks, the most frequent first.
"""

from __future__ import annotations

from functools import cache

# Words that stand on our own first page.
_OURS = frozenset({"sectorrs", "sector-rs", "sector rs", "sectorrs1", "sectorrs123"})


def is_common_password(folded: str) -> bool:
    """True for a password of the list, in any case."""
    return folded in _OURS or folded in _listed()


@cache
def _listed() -> frozenset[str]:
    # Read when it is first needed: the module is a megabyte.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(word.casefold() for word in FREQUENCY_LISTS["passwords"])
