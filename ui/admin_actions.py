"""What the panel's buttons have in common: one use-case each, a spinner while it works, and its result told.

The result stands above what it is about until the admin looks at something else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from domain.errors import ProductError
from ui.components import Tone, notice

_TOLD = "admin-told"
# What the section Checks read of the books last; what changes the books forgets it.
FINDINGS = "admin-findings"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a click. `view` is what it was about."""

    view: str
    text: str
    tone: Tone = "good"


def show_result(view: str) -> None:
    """Draw what the last click on this view led to; forget what another view's click did."""
    told: Told | None = st.session_state.get(_TOLD)
    if told is None:
        return
    if told.view != view:
        del st.session_state[_TOLD]
        return
    notice(told.text, told.tone)


def action_button(
    label: str,
    use_case: Callable[[], tuple[str, Tone]],
    *,
    key: str,
    view: str,
    waiting: str,
    kind: Literal["primary", "secondary", "tertiary"] = "secondary",
    icon: str | None = None,
) -> None:
    """A button for one use-case, which answers with what to tell. A refusal is told in its own sentence."""
    if st.button(label, key=key, type=kind, icon=icon):
        run(use_case, view=view, waiting=waiting)


def run(use_case: Callable[[], tuple[str, Tone]], *, view: str, waiting: str) -> None:
    """Do it, remember what to tell, and draw the page anew with what is true then."""
    with st.spinner(waiting):
        try:
            st.session_state.pop(FINDINGS, None)
            text, tone = use_case()
        except ProductError as exc:
            text, tone = exc.user_message, "bad"
    st.session_state[_TOLD] = Told(view, text, tone)
    st.rerun()
