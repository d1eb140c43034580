"""Row S10 in mails: a reader's program has no policy of ours, so there escaping alone must hold."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import mail
from domain.links import Purpose
from mail.composing import Business, Mail
from mail.market_mail import FigureRow, FigureTable, ReportLine, ReportText
from tests.security.browser_watch import Watch, rest, watch
from tests.security.conftest import Scale
from tests.security.payloads import Act, corpus

VALUES: dict[str, Any] = {
    "int": 49_900,
    "datetime": datetime(2026, 3, 10, 6, 30, tzinfo=UTC),
    "Purpose": Purpose.CHANGE_EMAIL,
    "Sequence[tuple[datetime, int]]": [(datetime(2026, 3, 12, 6, 30, tzinfo=UTC), 10_000)],
}


def composers() -> dict[str, Callable[..., Mail]]:
    """Every public function of the mail package that writes a mail, found by what it returns."""
    found: dict[str, Callable[..., Mail]] = {}
    for module in pkgutil.iter_modules(mail.__path__, "mail."):
        for name, function in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            if not name.startswith("_") and function.__annotations__.get("return") == "Mail":
                found[name] = function
    return found


def business(text: str) -> Business:
    """Who writes, with the text in all but the site's own address, which is checked at start."""
    return Business(**{**dict.fromkeys(Business.__slots__, text), "base_url": "https://sector.example"})


def composed(compose: Callable[..., Mail], text: str, *, flag: bool) -> Mail:
    """The mail with the text in every value that is text; an address is a web address that ends in it."""
    values: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(compose).parameters.items())[1:]:
        kind = str(parameter.annotation).removesuffix(" | None")
        if kind == "str":
            values[name] = f"https://sector.example/?x={text}" if name.endswith("url") else text
        elif kind == "bool":
            values[name] = flag
        elif kind in VALUES:
            values[name] = VALUES[kind]
        elif kind == "ReportText":
            values[name] = a_report(text)
        else:
            raise TypeError(f"{compose.__name__} wants a {kind}: say here what it is given")
    return compose(business(text), **values)


def a_report(text: str) -> ReportText:
    """A report with the text in all of it but the words that are ours, and its picture."""
    line = ReportLine(text, text, text, "accent", text, text, text, "behind", text, (2, 22), "ahead")
    table = FigureTable(text, (text,), (FigureRow(text, (text,), note=text, is_picked=True),), text)
    return ReportText(
        subject=text, title=text, preview=text, basis=text, is_demo=True, sentences=(text,), alerts=((text, text),),
        top_title=text, top=(line,), bottom_title=text, bottom=(line,), watched=(line,), legend=text, image_alt=text,
        lists=((text, (text,)),), figures=(table,), tables=(table,), image_title=text, link_label=text,
        ends_only=text, method=text, why=text, path=f"/dashboard?x={text}",
    )  # fmt: skip


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[tuple[Page, Watch]]:
    """A mail program that runs and loads whatever it is given."""
    context = browser.new_context()
    context.set_default_timeout(20_000)
    seen = watch(context, "reader.test")
    # At a web address, so that an address without a scheme is one, too.
    context.route("http://reader.test/**", lambda route: route.fulfill(body="", content_type="text/html"))
    page = context.new_page()
    page.goto("http://reader.test/")
    yield page, seen
    context.close()


def read(reader: tuple[Page, Watch], html: str) -> None:
    page, _ = reader
    page.set_content(html)
    rest(page)


def test_s10_every_mail_is_found() -> None:
    assert {"receipt", "activation", "refund", "returned_by_hand", "alarm", "test_mail"} <= set(composers())


def test_s10_hostile_texts_in_every_mail_do_nothing_in_a_reader_without_a_policy(
    reader: tuple[Page, Watch], scale: Scale, measured: Callable[..., None]
) -> None:
    payloads = corpus(scale.pick(10, 200))
    mails = 0

    for compose in composers().values():
        for payload in payloads:
            written = composed(compose, payload.text, flag=payload.number % 2 == 0)
            read(reader, written.html)
            assert reader[1].trouble == [], f"{compose.__name__} with {payload.text}"
            assert "\n" not in written.subject
            mails += 1

    measured("mails with a text in every value", mails)


def test_s10_links_of_a_mail_lead_to_web_addresses_and_mail_programs_only(scale: Scale) -> None:
    for payload in corpus(scale.pick(10, 200)):
        for compose in composers().values():
            html = composed(compose, payload.text, flag=True).html

            links = re.findall(r'href="([^"]*)"', html)
            assert all(link.startswith(("https://", "mailto:")) for link in links)


def test_s10_the_same_mail_without_escaping_fires_in_the_same_reader(
    reader: tuple[Page, Watch], monkeypatch: pytest.MonkeyPatch
) -> None:
    page, seen = reader
    templates = mail.composing._templates()
    unsafe = templates.overlay(autoescape=False)
    monkeypatch.setattr(mail.composing, "_templates", lambda: unsafe)
    payloads = [payload for payload in corpus(10) if payload.act in (Act.RUNS, Act.ASKS)]
    written = partial(composed, composers()["activation"], flag=True)

    for payload in payloads:
        read(reader, written(payload.text).html)
        page.wait_for_timeout(20)
    fired = {*seen.fired, *seen.asked}
    seen.forget()

    assert fired == {payload.number for payload in payloads}
