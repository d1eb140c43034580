"""docs/adding_a_gateway.md names every verb of the Protocol, every file that exists, and every setting's place."""

from __future__ import annotations

import inspect
import re

from config import ROOT
from domain.gateway import PaymentGateway
from tests.contract.gateway_table import GATEWAYS
from wiring import build_gateways

PAGE = ROOT / "docs" / "adding_a_gateway.md"
_VERB = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)
_FILE = re.compile(
    r"`((?:domain|gateways|billing|database|operations|web|simulator|tests|docs)/[\w/.<>*…]*|\w+\.py)`"
)


def verbs_of_the_protocol() -> set[str]:
    return {name for name, _ in inspect.getmembers(PaymentGateway, inspect.isfunction) if name[0] != "_"}


def test_the_page_says_of_every_verb_what_it_must_do_and_of_no_other() -> None:
    told = dict(_VERB.findall(PAGE.read_text(encoding="utf-8")))

    assert set(told) == verbs_of_the_protocol()


def test_every_file_that_the_page_names_is_there_for_the_gateways_of_today() -> None:
    missing = []
    for named in _FILE.findall(PAGE.read_text(encoding="utf-8")):
        patterns = [named.replace("<name>", name) for name in GATEWAYS] if "<name>" in named else [named]
        # Cashfree's adapter stands where its guide wants it.
        kept = [p for p in patterns if p != "gateways/cashfree.py"]
        missing += [p for p in kept if not _exists(p)]

    assert missing == []


def test_the_rules_about_money_name_the_words_of_no_gateway() -> None:
    """A third gateway's events and form fields are read by its adapter: the use-cases need no line for it."""
    words = re.compile(
        r"razorpay_(?:payment|order)_id|razorpay_signature|PAYMENT_SUCCESS|payment\.captured|order\.paid|error\["
    )
    sources = [*(ROOT / "billing").glob("*.py"), *(ROOT / "domain").glob("*.py")]

    assert [path.name for path in sources if words.search(path.read_text(encoding="utf-8"))] == []


def test_every_configured_gateway_is_in_the_contracts_table(settings) -> None:
    assert set(build_gateways(settings)) == set(GATEWAYS)


def _exists(named: str) -> bool:
    return any(ROOT.glob(named)) or any(ROOT.glob(f"tests/*/{named}"))
