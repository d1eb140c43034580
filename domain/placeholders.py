"""Tell a secret that somebody made from one that stands in an example, or that a key was held down for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from domain.cashfree_keys import LIVE_PREFIX

# Words of examples, of six letters and more: shorter ones come about by chance in a random text.
_WORDS = re.compile(
    r"change.?me|placeholder|example|your.?(?:secret|key|token|client)|replace|default|insecure|secret.?key|"
    r"client.?secret|password|simulator|0123456789|abcdefgh|qwertyui|xxxxxx",
    re.IGNORECASE,
)
_HELD_DOWN = re.compile(r"(.)\1{7}", re.DOTALL)
# Of 32 random hexadecimal digits fewer than eight different ones are never seen, of 16 fewer than four.
_FEWEST_CHARACTERS, _LENGTH_PER_CHARACTER = 8, 4


def looks_like_placeholder(secret: str) -> bool:
    """True for a text that nobody would draw at random: an example's word, a repetition, a held key."""
    is_repetition = secret in (secret + secret)[1:-1]
    fewest = min(_FEWEST_CHARACTERS, len(secret) // _LENGTH_PER_CHARACTER)
    return (
        is_repetition
        or len(set(secret)) < fewest
        or _HELD_DOWN.search(secret) is not None
        or _WORDS.search(secret) is not None
    )


def weak_secrets(held: Mapping[str, Sequence[str]], shortest: Mapping[str, int]) -> Iterator[str]:
    """The secrets that somebody could guess. `held` has each variable's values; an empty one is judged by its length.

    Sentences name variables.
    """
    for name, values in held.items():
        least = shortest.get(name, 0)
        for value in values:
            if len(value) < least:
                yield f"{name} must hold at least {least} characters in production"
            elif value and looks_like_placeholder(value.removeprefix(LIVE_PREFIX)):
                yield f"{name} looks like a placeholder: use one that was drawn at random"


def shared_secrets(held: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The secrets that one leak would give away together."""
    for (one, first), (other, second) in combinations(held.items(), 2):
        if any(value and value in second for value in first):
            yield f"{one} and {other} must differ"
