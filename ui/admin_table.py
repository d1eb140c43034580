"""Tables of the admin panel: the words and colours of each status, and cells whose values are escaped.

The rows are drawn as one HTML table, not as a data grid: text can be searched in the page, links lead on,
and on a phone each row becomes a card. Sorting one page of a longer list would mislead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Generic, TypeVar
from urllib.parse import urlencode

import streamlit as st

from domain.identifiers import ORDER_ID_PATTERN
from domain.money import format_rupees
from domain.orders import OrderStatus
from domain.refunds import Returned
from domain.wording import format_moment
from reports.rows import OrderFacts, OrderRow
from ui.components import Tone, badge

Row = TypeVar("Row")
Words = Mapping[str, tuple[str, Tone]]

_ORDER_IN_TEXT = re.compile(rf"\b({ORDER_ID_PATTERN.pattern})\b", re.ASCII)

NOTHING = "\N{EN DASH}"

SUBSCRIPTION: Words = {
    "pending": ("Not paid yet", "warn"),
    "active": ("Active", "good"),
    "cancelled": ("Cancelled", ""),
    "expired": ("Expired", ""),
}
ORDER: Words = {
    "creating": ("Opening", ""),
    "unknown": ("No answer yet", "warn"),
    "created": ("Open", ""),
    "failed": ("Not opened", "bad"),
    "superseded": ("Replaced", ""),
    "expired": ("Expired", ""),
    "terminated": ("Closed", ""),
    "paid": ("Paid", "good"),
    "surplus": ("Surplus", "warn"),
    "quarantined": ("Quarantined", "bad"),
}
_BACK: Words = {
    Returned.IN_PART: ("Partly refunded", ""),
    Returned.WHOLLY: ("Refunded", ""),
}
PAYMENT: Words = {
    "pending": ("Pending", "warn"),
    "failed": ("Failed", "bad"),
    "dropped": ("Given up", ""),
    "cancelled": ("Cancelled", ""),
    "held": ("Held", "bad"),
    "captured": ("Captured", "good"),
    "refunded": ("Refunded", ""),
}
REFUND: Words = {
    "intended": ("Requested", "warn"),
    "pending": ("With the bank", "warn"),
    "processed": ("Returned", "good"),
    "failed": ("Failed", "bad"),
}
EVENT: Words = {
    "new": ("New", "warn"),
    "processed": ("Processed", "good"),
    "ignored": ("Ignored", ""),
}
MAIL: Words = {
    "queued": ("Queued", "warn"),
    "sent": ("Sent", "good"),
    "kept": ("Kept", ""),
    "withheld": ("Not sent", "warn"),
}


_STYLE = """<style>
.admin-table { overflow-x: auto; }
.admin-table td > div { max-width: 19rem; white-space: normal; overflow-wrap: break-word; }
.admin-table.wide td > div { max-width: 40rem; }
.admin-table .num > div { margin-left: auto; }
.admin-table td a {
  color: var(--accent); font-weight: 560; text-decoration-thickness: .06em; text-underline-offset: .18em;
}
.admin-table .mono, .admin-table .moment { white-space: nowrap; }
.admin-head { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; }
.admin-head h2 {
  margin: 0; padding: 0; font-size: 1.5rem; letter-spacing: -.02em; overflow-wrap: anywhere;
}
[class*="st-key-rows-admin"] {
  gap: 0; border: 1px solid var(--line); border-radius: var(--round); background: var(--paper);
  box-shadow: var(--lift); overflow: hidden;
}
[class*="st-key-row-admin"] { padding: .8rem .9rem; gap: 1rem; flex-wrap: nowrap; }
[class*="st-key-rows-admin"] > :not(:first-child) { border-top: 1px solid var(--line); }
[class*="st-key-row-admin"] p { margin: 0; font-size: .9375rem; line-height: 1.5; overflow-wrap: anywhere; }
[class*="st-key-row-admin"] a, [class*="st-key-card-admin"] .plan-head a, .admin-alarms a {
  color: var(--accent); font-weight: 560;
}
[class*="st-key-row-admin"] button p { white-space: nowrap; overflow-wrap: normal; }
.admin-alarms ul { margin: .4rem 0 0; padding-left: 1.1rem; } .admin-alarms li { margin: .25rem 0; }
.stMain [class*="st-key-card-admin"] .plan-head { margin-bottom: .25rem; }
.admin-all summary { cursor: pointer; font-size: .9375rem; font-weight: 560; color: var(--accent); }
.admin-all[open] summary { margin-bottom: .75rem; }
.admin-alarms summary { cursor: pointer; margin-top: .4rem; font-size: .875rem; font-weight: 600; }
.st-key-admin-section [aria-checked="true"] p { color: var(--accent); }
.st-key-card-admin-event, .st-key-card-admin-mail, .st-key-card-admin-mail-text { max-width: 46rem; }
.st-key-card-admin-mail-text [data-testid="stText"] span {
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .8125rem; line-height: 1.6;
  overflow-wrap: anywhere;
}
@media (max-width: 640px) {
  /* The bar of sections breaks into rows: each section is a button of its own then. */
  .st-key-admin-section [role="radiogroup"] { gap: .375rem; }
  .st-key-admin-section [role="radiogroup"] button {
    margin: 0; padding-inline: .7rem; border: 1px solid var(--line) !important; border-radius: .6rem;
  }
  .st-key-admin-section [role="radiogroup"] button[aria-checked="true"] { border-color: var(--accent) !important; }
  .admin-head h2 { font-size: 1.25rem; }
  [class*="st-key-row-admin-price"] { flex-wrap: wrap; }
  [class*="st-key-row-admin-price"] > .stElementContainer:first-child { flex: 1 1 100%; }
  .admin-table td > div { max-width: 62vw; } .admin-table .moment br { display: none; }
  .stMain [class*="st-key-card-admin"] dl.facts { font-size: .875rem; gap: .5rem .9rem; }
}
</style>"""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column: its head, and how a row's cell is written as HTML."""

    name: str
    cell: Callable[[Row], str]
    is_number: bool = False


def style() -> None:
    """Put the panel's own style on the page. It holds no value of a user or of the database."""
    st.html(_STYLE)


def table(rows: Sequence[Row], columns: Sequence[Column[Row]], *, is_wide: bool = False) -> str:
    """The rows as HTML. On a narrow screen each cell is named by its column. `is_wide`: sentences in the cells."""
    head = "".join(f"<th{_number(column)}>{escape(column.name)}</th>" for column in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td{_number(column)} data-name="{escape(column.name)}"><div>{column.cell(row)}</div></td>'
            for column in columns
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="table-box admin-table{" wide" if is_wide else ""}"><table class="plain stacking figures">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def status(words: Words, value: str) -> str:
    """The badge of a status. One that is not known yet is shown as it is called."""
    word, tone = words.get(value, (value, ""))
    return badge(word, tone)


def order_words(order_status: str, returned: Returned) -> tuple[str, Tone]:
    """What an order is called: as in billing, one whose money is back is no more called paid."""
    if returned is Returned.WHOLLY and order_status == OrderStatus.SURPLUS:
        return "Returned", ""
    return _BACK.get(returned) or ORDER.get(order_status, (order_status, ""))


def order_status(order: OrderRow | OrderFacts) -> str:
    """The badge of an order."""
    return badge(*order_words(order.status, order.returned))


def plain(value: str | None) -> str:
    """Foreign text: escaped, and kept from turning the direction of what follows. Nothing is a dash."""
    return f"<bdi>{escape(value)}</bdi>" if value else f'<span class="quiet">{NOTHING}</span>'


def quiet(value: str | None) -> str:
    return f'<span class="quiet small"><bdi>{escape(value)}</bdi></span>' if value else ""


def code(value: str | None) -> str:
    """An identifier, in letters that can be told apart."""
    return f'<span class="mono">{escape(value)}</span>' if value else plain(None)


def moment(at: datetime | None) -> str:
    """Date and time on two lines, without the zone, which the column's name gives."""
    if at is None:
        return plain(None)
    day, clock = format_moment(at).removesuffix(" IST").split(", ")
    return f'<span class="moment">{day} <br><span class="quiet small">{clock}</span></span>'


def money(paise: int) -> str:
    return escape(format_rupees(paise))


def link(section: str, label: str, **query: object) -> str:
    """A link within the panel."""
    address = "/admin?" + urlencode({"section": section, **query})
    return f'<a href="{escape(address)}"><bdi>{escape(label)}</bdi></a>'


def order_link(section: str, order_id: str | None) -> str:
    """A link to an order's page. What has not the shape of our ids is only shown."""
    if order_id is None or not ORDER_ID_PATTERN.fullmatch(order_id):
        return code(order_id)
    address = "/admin?" + urlencode({"section": section, "order": order_id})
    return f'<a class="mono" href="{escape(address)}">{escape(order_id)}</a>'


def with_order_links(section: str, sentence: str) -> str:
    """A sentence of ours, with a link on each order that it names: an alarm leads to where something can be done."""
    parts = _ORDER_IN_TEXT.split(sentence)
    linked = (order_link(section, part) if at % 2 else escape(part) for at, part in enumerate(parts))
    return f"<bdi>{''.join(linked)}</bdi>"


def sentence(text: str) -> str:
    """What begins in small letters, being the end of another sentence elsewhere, as one that stands alone."""
    return text[:1].upper() + text[1:]


def word(value: str) -> str:
    """A gateway's word as a person writes it: `credit_card` is "Credit card", `upi` is "UPI"."""
    return value.upper() if len(value) <= 3 else value.replace("_", " ").capitalize()


def _number(column: Column[Row]) -> str:
    return ' class="num"' if column.is_number else ""
