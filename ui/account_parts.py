"""What the sections of the account page share: a heading beside a card, and a form's answer to its last press."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape

import streamlit as st

from domain.errors import InvalidInput, ProductError
from ui.components import Tone, notice

# What happened to somebody who is logged in no more, told once.
_PARTED = "account-parted"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a press: a sentence, and one for each field that was wrong."""

    text: str = ""
    tone: Tone = ""
    fields: Mapping[str, str] = field(default_factory=dict)


NOTHING = Answer()


@contextmanager
def section(name: str, title: str, lead: str) -> Iterator[None]:
    """The heading of a section with its explanation; what is drawn inside stands in the card beside it."""
    with st.container(key=f"account-section-{name}"):
        left, right = st.columns([0.38, 0.62], gap="large")
        with left:
            st.subheader(title, anchor=False)
            st.html(f'<p class="small quiet" style="margin:0">{escape(lead)}</p>')
        with right, st.container(key=f"card-account-{name}"):
            yield


def answer_of(use_case: Callable[[], str]) -> Answer:
    """Do it; its sentence when it was done, a refusal in its own words."""
    try:
        return Answer(use_case(), "good")
    except ProductError as error:
        return refusal(error)


def refusal(error: ProductError) -> Answer:
    """What to say under the fields that were wrong, or under the form."""
    return (
        Answer(fields=error.fields) if isinstance(error, InvalidInput) else Answer(error.user_message, "bad")
    )


def show(answer: Answer) -> None:
    if answer.text:
        notice(answer.text, answer.tone)


def text_field(
    label: str,
    *,
    key: str,
    autocomplete: str,
    error: str = "",
    placeholder: str = "",
    is_password: bool = False,
) -> None:
    """A field with the sentence under it when it was wrong. The key is our own constant."""
    with st.container(key=f"{key}-field", gap="xsmall"):
        st.text_input(
            label,
            key=key,
            type="password" if is_password else "default",
            # A password is never cut: one that is too long is refused in words.
            max_chars=None if is_password else 254,
            autocomplete=autocomplete,
            placeholder=placeholder,
        )
        if error:
            st.html(
                f"<style>.st-key-{key} [data-testid=stTextInputRootElement]{{border-color:var(--danger)}}</style>"
                f'<p class="field-error" role="alert">{escape(error)}</p>'
            )


def current_password_field(key: str, answer: Answer) -> None:
    """The password that shows who is at the keyboard."""
    text_field(
        "Current password",
        key=key,
        autocomplete="current-password",
        is_password=True,
        error=answer.fields.get("current", ""),
    )


def typed(key: str) -> str:
    """What stands in a field."""
    value = st.session_state.get(key)
    return value if isinstance(value, str) else ""


def part(sentence: str) -> None:
    """Whoever acted is logged in no more: draw the page anew and tell why."""
    st.session_state[_PARTED] = sentence
    st.rerun()


def parting_words() -> str:
    """What is to be told once to somebody who was just logged out here."""
    sentence = st.session_state.pop(_PARTED, "")
    return sentence if isinstance(sentence, str) else ""
