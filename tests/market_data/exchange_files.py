"""Invented rows in the columns of the exchange's two daily files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from market_data.assembly import instruments_of_universe
from market_data.providers import Instrument

DAY = date(2026, 3, 9)
TODAY = date(2026, 3, 10)
INDEX_HEADER = (
    "Index Name,Index Date,Open Index Value,High Index Value,Low Index Value,Closing Index Value,Points Change,"
    "Change(%),Volume,Turnover (Rs. Cr.),P/E,P/B,Div Yield"
)
OLD_HEADER = (
    "SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,"
)
UDIFF_HEADER = (
    "TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,FininstrmActlXpryDt,StrkPric,OptnTp,"
    "FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,UndrlygPric,SttlmPric,OpnIntrst,ChngInOpnIntrst,"
    "TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd,SsnId,NewBrdLotQty,Rmks,Rsvd1,Rsvd2,Rsvd3,Rsvd4"
)


def the_universe() -> list[Instrument]:
    """Every instrument of the universe, numbered."""
    return [
        Instrument(number, kind, symbol, isin)
        for number, (kind, symbol, isin, _) in enumerate(instruments_of_universe(), start=1)
    ]


def number_of(kind: str, symbol: str) -> int:
    return next(one.id for one in the_universe() if (one.kind, one.symbol) == (kind, symbol))


def index_row(name: str, close: object, day: date = DAY) -> str:
    return f"{name},{day:%d-%m-%Y},-,-,-,{close},1.5,.54,1000,12.5,20.88,3.5,1.37"


def index_file(closes: Mapping[str, object], day: date = DAY) -> bytes:
    return "\n".join(
        [INDEX_HEADER, *(index_row(name, close, day) for name, close in closes.items()), ""]
    ).encode()


def old_row(symbol: str, isin: str, close: object, day: date = DAY, series: str = "EQ") -> str:
    return f"{symbol},{series},1,1,1,{close},1,1,100,250000.5,{day:%d-%b-%Y},9,{isin},".upper()


def udiff_row(symbol: str, isin: str, close: object, day: date = DAY, series: str = "EQ") -> str:
    start = f"{day},{day},CM,NSE,STK,1,{isin},{symbol},{series},,,,,NAME,1,1,1,{close}"
    return f"{start},1,1,,1,,,100,250000.50,9,F1,1,,,,,"


def bhavcopy(*rows: str, header: str = UDIFF_HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def zipped(content: bytes, name: str = "f.csv") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def drop(folder: Path, day: date, closes: Mapping[str, object], *rows: str) -> None:
    """Both files of a day."""
    (folder / f"ind_close_all_{day:%d%m%Y}.csv").write_bytes(index_file(closes, day))
    name = f"BhavCopy_NSE_CM_0_0_0_{day:%Y%m%d}_F_0000.csv.zip"
    (folder / name).write_bytes(zipped(bhavcopy(*rows)))
