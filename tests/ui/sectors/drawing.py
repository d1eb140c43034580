"""A page of the analyzer as Streamlit's own test runs it, at an address, and what can be read on it."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Dataframe

from domain.accounts import User
from wiring import Services


def open_view(services: Services, user: User, path: str, /, **query: str | list[str]) -> AppTest:
    """The page at this address, without an exception."""
    page = AppTest.from_function(_draw, default_timeout=60, args=(services, user, path))
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception, [element.value for element in page.exception]
    return page


def seen(page: AppTest) -> str:
    """All that is drawn as HTML."""
    return "\n".join(element.proto.body for element in page.get("html"))


def shown_cells(table: Dataframe) -> pd.DataFrame:
    """The texts of a table's cells, where they are made here and not by the browser."""
    return pa.ipc.open_stream(table.proto.arrow_data.styler.display_values).read_pandas()


def chart(page: AppTest, number: int = 0) -> dict:
    """What a chart is drawn from: its description in Vega's language."""
    return json.loads(page.get("vega_lite_chart")[number].proto.spec)


def _draw(services, user, path):  # type: ignore[no-untyped-def]  # run as a script of its own
    import landing_page

    landing_page._navigation(services, user, is_half=False)
    landing_page.pages.page(path)._page()
