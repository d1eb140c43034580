"""Tell a secret that somebody made from one that stands in an example, or that a key was held down for."""

from __future__ import annotations

import re

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
