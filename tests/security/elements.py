"""One sample of each element type that pages use, and the list of those types, read from the pages' own source."""

from __future__ import annotations

import ast
import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

ROOT = Path(__file__).resolve().parents[2]

# What is called on `st` and draws nothing: it frames, steers or remembers.
NOT_DRAWN = frozenset({
    "App", "Page", "cache_data", "cache_resource", "context", "fragment", "navigation", "query_params", "rerun",
    "runtime", "session_state", "set_page_config", "stop", "switch_page", "column_config", "delta_generator",
})  # fmt: skip
# Drawn for a moment only, or over the whole page: what they show is among the other samples.
PASSING = frozenset({"spinner", "toast", "empty", "space", "balloons", "snow"})

_FRAME = pd.DataFrame({"name": ["Auto", "Bank", "IT"], "value": [3.5, -1.25, 2.0], "line": [[1, 3, 2]] * 3})
_PIXELS = np.full((8, 8, 3), (11, 107, 87), dtype=np.uint8)
_LOGO = "<svg xmlns='http://www.w3.org/2000/svg' width='90' height='24'><rect width='45' height='24'/></svg>"


def used_elements() -> set[str]:
    """Every element type that the pages' source calls, on `st`, on a column or on a container.

    A column type of a table is named `column:Number`, the custom component `component`.
    """
    return {name for path in _sources() for name in _elements_of(ast.parse(path.read_text(encoding="utf-8")))}


def _sources() -> list[Path]:
    return [*sorted((ROOT / "ui").rglob("*.py")), ROOT / "admin_panel.py", ROOT / "landing_page.py"]


def _elements_of(tree: ast.AST) -> Iterator[str]:
    drawing = {name for name in dir(st.delta_generator.DeltaGenerator) if not name.startswith("_")}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        path = _path_of(node)
        if path[:1] == ["st"] and len(path) == 2 and path[1] not in NOT_DRAWN | {"components"}:
            yield path[1]
        elif path[:2] == ["st", "components"] and len(path) > 2:
            yield "component"
        elif node.attr.endswith("Column") and node.attr != "Column":
            yield f"column:{node.attr.removesuffix('Column')}"
        elif (
            path[:1] != ["st"]
            and node.attr in drawing - {"dg", "text", "json"}
            and _is_called_on_a_place(tree, node)
        ):
            yield node.attr


def _path_of(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [*_path_of(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else ["?"]


def _is_called_on_a_place(tree: ast.AST, node: ast.Attribute) -> bool:
    """True for `left.text_input(…)`: a call on a plain name that is no imported module."""
    if not isinstance(node.value, ast.Name):
        return False
    imported = {
        alias.asname or alias.name.partition(".")[0]
        for part in ast.walk(tree)
        if isinstance(part, ast.Import | ast.ImportFrom)
        for alias in part.names
    }
    called = any(isinstance(part, ast.Call) and part.func is node for part in ast.walk(tree))
    return called and node.value.id not in imported


def _chart() -> alt.LayerChart:
    bars = (
        alt.Chart(_FRAME[["name", "value"]])
        .mark_bar()
        .encode(
            x=alt.X("value:Q", axis=alt.Axis(labelExpr="format(datum.value, '+.0f')")),
            y=alt.Y("name:N", sort=None),
            color=alt.condition("datum.value > 0", alt.value("#0E9F80"), alt.value("#E08A1E")),
        )
    )
    return alt.layer(bars, alt.Chart(_FRAME[["name"]]).mark_rule().encode(x=alt.datum(0))).properties(
        height=140
    )


def _table() -> None:
    column = st.column_config
    st.dataframe(
        _FRAME.assign(date=pd.Timestamp("2026-03-10"), done=[True, False, True], share=0.5),
        hide_index=True,
        key="sample-table",
        column_config={
            "name": column.TextColumn("Name"),
            "value": column.NumberColumn("Value", format="%+.2f %%"),
            "line": column.LineChartColumn("Line"),
            "date": column.DateColumn("Date", format="DD MMM YYYY"),
            "done": column.CheckboxColumn("Done"),
            "share": column.ProgressColumn("Share"),
        },
    )


def _component() -> None:
    draw = st.components.v2.component(
        "drawn",
        js="export default ({parentElement}) => { parentElement.textContent = 'drawn by a component' }",
    )
    draw(key="sample-drawn")


def _form() -> None:
    with st.form("sample-form"):
        st.text_input("Full name", placeholder="As on your bank account")
        st.form_submit_button("Continue", key="sample-continue", type="primary")


def _columns() -> None:
    left, right = st.columns(2)
    left.html("<p>left</p>")
    right.caption("right")


def _container() -> None:
    with st.container(border=True, horizontal=True, key="sample-box"):
        st.text("one")
        st.space("stretch")
        st.text("two")


def _expander() -> None:
    with st.expander("Questions", expanded=True):
        st.text("An answer")


def _tabs() -> None:
    first, second = st.tabs(["First", "Second"])
    first.text("first")
    second.text("second")


SAMPLES: dict[str, Callable[[], object]] = {
    "altair_chart": lambda: st.altair_chart(_chart(), key="sample-chart"),
    "badge": lambda: st.badge("Active"),
    "button": lambda: st.button(
        "Complete Payment", icon=":material/lock:", type="primary", key="sample-button"
    ),
    "caption": lambda: st.caption("Page 1"),
    "checkbox": lambda: st.checkbox("Keep me signed in", value=True, key="sample-checkbox"),
    "code": lambda: st.code('{"type": "PAYMENT", "amount": 499}', language="json", wrap_lines=True),
    "columns": _columns,
    "component": _component,
    "container": _container,
    "dataframe": _table,
    "date_input": lambda: st.date_input("As of", datetime.date(2026, 10, 30), key="sample-date"),
    "divider": lambda: st.divider(),
    "download_button": lambda: st.download_button(
        "Download CSV", b"a,b", file_name="a.csv", key="sample-download", icon=":material/download:"
    ),
    "error": lambda: st.error("Your browser refuses cookies."),
    "expander": _expander,
    "file_uploader": lambda: st.file_uploader("CSV file, at most 4 MB", type=["csv"], key="sample-file"),
    "form": _form,
    "header": lambda: st.header("Payment successful", anchor=False),
    "html": lambda: st.html(
        '<style>.sample{color:teal;border:1px solid}</style><p class="sample" style="padding:8px">₹4,990 a year</p>'
    ),
    "image": lambda: st.image(_PIXELS, width=64),
    "info": lambda: st.info("For your information"),
    "link_button": lambda: st.link_button("Open", "/"),
    "logo": lambda: st.logo(_LOGO),
    "markdown": lambda: st.markdown("**bold** and a [link](/)"),
    "metric": lambda: st.metric("Breadth", "64 %", "+5"),
    "multiselect": lambda: st.multiselect(
        "Sectors", ["Auto", "Bank"], default=["Auto"], key="sample-multiselect"
    ),
    "number_input": lambda: st.number_input("Amount", value=499, key="sample-number"),
    "page_link": lambda: st.page_link("https://localhost/", label="Log in"),
    "pills": lambda: st.pills("Quadrant", ["Leading", "Lagging"], default="Leading", key="sample-pills"),
    "progress": lambda: st.progress(60),
    "radio": lambda: st.radio(
        "Plan", ["Monthly", "Annual"], captions=["one", "two"], horizontal=True, key="sample-radio"
    ),
    "segmented_control": lambda: st.segmented_control(
        "Section", ["Users", "Orders"], default="Users", key="sample-segments"
    ),
    "selectbox": lambda: st.selectbox("State", ["Goa", "Kerala"], key="sample-select"),
    "slider": lambda: st.slider("Rating from", 1, 99, 40, key="sample-slider"),
    "subheader": lambda: st.subheader("Orders", anchor=False),
    "success": lambda: st.success("Done"),
    "table": lambda: st.table(_FRAME[["name", "value"]]),
    "tabs": _tabs,
    "text": lambda: st.text("Plain text ₹ <b>"),
    "text_area": lambda: st.text_area("Reason", "because", key="sample-area"),
    "text_input": lambda: st.text_input(
        "Email", "asha@example.com", icon=":material/search:", key="sample-input"
    ),
    "title": lambda: st.title("Billing", anchor=False),
    "toggle": lambda: st.toggle("Show resolved", value=True, key="sample-toggle"),
    "vega_lite_chart": lambda: st.vega_lite_chart(None, _chart().to_dict(), key="sample-described-chart"),
    "warning": lambda: st.warning("Careful"),
    "write": lambda: st.write("written"),
}
COLUMN_TYPES = frozenset({"Text", "Number", "LineChart", "Date", "Checkbox", "Progress"})
# Drawn inside of another sample, where it belongs.
INSIDE = {"form_submit_button": "form"}


def draw_all() -> None:
    """Every sample in a container of its own, which the test finds by its key."""
    for name, draw in SAMPLES.items():
        with st.container(key=f"element-{name}"):
            draw()
    st.text("everything is drawn")
