"""How the exchange's daily index file spells the indices of the universe. Kept by hand, beside `sector_universe.csv`.

A name that stands neither here nor in the universe is not ours. One that the exchange changes is told as missing on
the first evening, and gets a line here.
"""

from __future__ import annotations

# Only those that the universe spells otherwise, without regard to case. Two names may mean one index: files of
# other years are read too.
_SPELLED = {
    "Nifty Private Bank": "NIFTY PVT BANK",
    "Nifty Financial Services": "NIFTY FIN SERVICE",
    "Nifty Financial Services Ex-Bank": "NIFTY FINSEREXBNK",
    "Nifty Financial Services Ex Bank": "NIFTY FINSEREXBNK",
    "Nifty Healthcare Index": "NIFTY HEALTHCARE",
    "Nifty India Consumption": "NIFTY CONSUMPTION",
    "Nifty Consumer Durables": "NIFTY CONSR DURBL",
    "Nifty Oil & Gas": "NIFTY OIL AND GAS",
    "Nifty Infrastructure": "NIFTY INFRA",
    "Nifty India Defence": "NIFTY IND DEFENCE",
    "Nifty Capital Markets": "NIFTY CAPITAL MKT",
    "Nifty India Manufacturing": "NIFTY INDIA MFG",
    "Nifty India Digital": "NIFTY IND DIGITAL",
    "Nifty India Tourism": "NIFTY IND TOURISM",
    "Nifty EV & New Age Automotive": "NIFTY EV",
    "Nifty Services Sector": "NIFTY SERV SECTOR",
}
SYMBOLS = {name.upper(): symbol for name, symbol in _SPELLED.items()}


def index_symbol(name: str) -> str:
    """The universe's symbol for a name of the file; the name itself, in capitals, when the table has none."""
    words = " ".join(name.upper().split())
    return SYMBOLS.get(words, words)
