"""The panel's section on market data: what is shown, sending prices, what waits for a decision, coverage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from html import escape

import streamlit as st

from analyzer.market import Finding
from domain.accounts import User
from domain.errors import ProductError
from domain.wording import format_date, format_moment
from market_data.csv_upload import MAX_MEGABYTES, RowProblem
from sectors.ingest import Replacement, Report, preview_file, store_file
from sectors.market_status import CoverageRow, MarketStatus, market_status
from sectors.market_update import LATE_ALARM, PROVIDER_ALARM, STOPPED_ALARM
from sectors.quarantine import accept_row, dismiss_row
from sectors.shown import show_demo, show_prices
from ui.admin_actions import action_button, run, show_result
from ui.admin_table import Column, code, plain, quiet, table
from ui.components import Tone, badge, empty_state, facts, notice
from wiring import Services

_VIEW = "market-data"
# The uploader forgets its file when its key changes.
_ROUND = "admin-market-round"
# A preview of a large file takes a second: it is made once for each file.
_PREVIEW = "admin-market-preview"
_ROWS_SHOWN = 100
_PROVIDERS = {"nse-folder": "the exchange's files", "yfinance": "Yahoo, through yfinance"}
_COUNTED = {"index_tri": "Indices, total return", "index_price": "Indices, price", "fund": "Funds"}
_KINDS = {"index_tri": "Index, total return", "index_price": "Index, price", "fund": "Fund"}


def render(services: Services, user: User) -> None:
    """The section. Each part is drawn from what is stored now."""
    show_result(_VIEW)
    status = market_status(services, user)
    _shown(services, user, status)
    _provider(status)
    st.subheader("Send prices", anchor=False)
    _upload(services, user)
    st.subheader("Quarantine", anchor=False)
    _quarantine(services, user, status)
    st.subheader("Notes on the data", anchor=False)
    _findings(status.findings)
    st.subheader("Coverage", anchor=False)
    _coverage(status.coverage)


def _shown(services: Services, user: User, status: MarketStatus) -> None:
    is_demo = status.shows == "demo"
    with st.container(key="card-admin-market-shown", border=True):
        st.html(
            f'<div class="admin-head"><h2>Pages show {"demo data" if is_demo else "stored prices"}</h2>'
            f"{badge('Invented prices', 'warn') if is_demo else badge('Real prices', 'good')}</div>"
        )
        rows = [("Source on every page", status.source), ("Newest close", format_date(status.as_of))]
        if is_demo and status.last_day is not None:
            rows.append(("Newest stored close", format_date(status.last_day)))
        st.html(facts(rows))
        if status.gate:
            notice(f"No mails are sent today: {status.gate[0].lower()}{status.gate[1:]}", "warn")
        if not is_demo:
            action_button(
                "Show the demo",
                partial(_show_demo, services, user),
                key="admin-market-demo",
                view=_VIEW,
                waiting="Changing every page …",
            )
            return
        with st.form("admin-market-prices", border=False):
            label = st.text_input(
                "Name of the source",
                max_chars=80,
                placeholder="As it stands on every page, for example: NSE, licensed by …",
                key="admin-market-source",
            )
            is_sent = st.form_submit_button(
                "Show stored prices", key="admin-market-show", disabled=status.last_day is None
            )
        if status.last_day is None:
            st.html('<p class="small quiet">Nothing is stored yet: send a file below first.</p>')
        if is_sent:
            run(partial(_show_prices, services, user, label), view=_VIEW, waiting="Packing the prices …")


def _provider(status: MarketStatus) -> None:
    with st.container(key="card-admin-market-provider", border=True):
        if status.provider is None:
            st.html(
                '<div class="admin-head"><h2>Prices come as files that you send</h2></div>'
                '<p class="chart-note">MARKET_DATA_PROVIDER chooses a source that is asked each evening: a folder of '
                "the exchange's daily files, or yfinance.</p>"
            )
            return
        words, tone = _outcome(status)
        st.html(
            f'<div class="admin-head"><h2>Prices come from {escape(_PROVIDERS[status.provider])}</h2>'
            f"{badge(words, tone)}</div>"
        )
        last = status.last_update
        rows = [("Last run", format_moment(last.ran_at) if last else "None yet")]
        if last is not None and last.through is not None:
            rows.append(("Whole through", format_date(last.through)))
            changed = (last.stored, last.corrected, last.held_back)
            rows.append(("New, corrected, held back", " · ".join(f"{count:,}" for count in changed)))
        rows.append(("Next run", format_moment(status.next_update)))
        st.html(facts(rows))
        for key in (PROVIDER_ALARM, STOPPED_ALARM, *(() if status.gate else (LATE_ALARM,))):
            if key in status.alarms:
                notice(status.alarms[key], "warn")
        if not status.is_worked_on:
            notice(
                "No worker runs: without one nothing is asked. “make run” starts one with the pages.", "warn"
            )
        if last is not None and last.through is not None:
            lines = "".join(f"<li>{escape(line)}</li>" for line in last.note.splitlines())
            st.html(
                f'<details class="admin-all"><summary>What the last run says</summary><ul>{lines}</ul></details>'
            )
        if status.terms:
            st.html(f'<p class="chart-note">{escape(status.terms)}</p>')


def _outcome(status: MarketStatus) -> tuple[str, Tone]:
    last = status.last_update
    if last is None:
        return "Not asked yet", ""
    if last.through is None:
        return "Nothing came", "bad"
    if PROVIDER_ALARM in status.alarms:
        return "Not all could be read", "bad"
    return ("Rows are held back", "warn") if last.held_back else ("Came in full", "good")


def _show_prices(services: Services, user: User, label: str) -> tuple[str, Tone]:
    show_prices(services, user, label)
    return "Every page shows the stored prices now. “Show the demo” takes it back.", "good"


def _show_demo(services: Services, user: User) -> tuple[str, Tone]:
    show_demo(services, user)
    return "Every page shows the demo again. The stored prices are kept.", "good"


def _upload(services: Services, user: User) -> None:
    st.html(
        '<p class="chart-note">Columns: date, symbol or isin, close, and turnover where it is known. An index is its '
        "name (NIFTY IT), with TRI behind it for total returns; a fund is its symbol or ISIN. At most "
        f"{MAX_MEGABYTES} MB a file. Nothing is stored before you have seen what it would do.</p>"
    )
    file = st.file_uploader(
        f"CSV file, at most {MAX_MEGABYTES} MB",
        type=["csv", "txt"],
        key=f"admin-market-file-{st.session_state.get(_ROUND, 0)}",
        max_upload_size=MAX_MEGABYTES,
    )
    if file is None:
        st.session_state.pop(_PREVIEW, None)
        return
    known = st.session_state.get(_PREVIEW)
    if known is None or known[0] != file.file_id:
        with st.spinner("Reading the file …"):
            known = (file.file_id, _preview(services, user, file.getvalue()))
        st.session_state[_PREVIEW] = known
    report = known[1]
    if isinstance(report, str):
        notice(report, "bad")
        return
    _report(report)
    if report.usable or report.problems:
        action_button(
            f"Store {_count(report.usable, 'row')}" if report.usable
            else f"Hold {_count(len(report.problems), 'row')} back",
            partial(_store, services, user, file.getvalue()),
            key="admin-market-store",
            view=_VIEW,
            waiting="Storing and packing …",
            kind="primary",
        )  # fmt: skip


def _preview(services: Services, user: User, content: bytes) -> Report | str:
    try:
        return preview_file(services, user, content)
    except ProductError as exc:
        return exc.user_message


def _store(services: Services, user: User, content: bytes) -> tuple[str, Tone]:
    report = store_file(services, user, content)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    told = f"Stored: {_count(report.new, 'new close')}, {len(report.replacements):,} corrected"
    if report.problems:
        held = len(report.problems)
        told += f"; {_count(held, 'row')} {'is' if held == 1 else 'are'} in the quarantine"
    told += "."
    if report.withdrawn:
        told += f" {_count(len(report.withdrawn), 'stored close')} turned out to be wrong and moved there."
    if report.not_packed:
        return f"{told} Pages cannot show these prices yet: {report.not_packed}", "warn"
    return told, "warn" if report.problems or report.withdrawn else "good"


def _count(count: int, what: str) -> str:
    """`1 row`, `1,350 rows`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _report(report: Report) -> None:
    st.html(
        facts([
            ("New closes", f"{report.new:,}"),
            ("Stored already", f"{report.unchanged:,}"),
            ("Corrections", f"{len(report.replacements):,}"),
            ("Held back", f"{len(report.problems):,}"),
        ])
    )  # fmt: skip
    for note in report.notes:
        st.html(f'<p class="chart-note">{escape(note)}</p>')
    if report.problems:
        _problems(report.problems)
    if report.replacements:
        _replacements(report.replacements)
    if report.withdrawn:
        st.html(
            '<p class="chart-note">These closes are stored, and what comes after them shows that they cannot be '
            "right: they move to the quarantine.</p>"
        )
        st.html(table(report.withdrawn[:_ROWS_SHOWN], [
            Column("Stored close", lambda row: code(row.raw)),
            Column("What is wrong", lambda row: plain(row.wrong)),
            Column("What to do", lambda row: plain(row.remedy)),
        ]))  # fmt: skip
        _and_more(len(report.withdrawn), "closes")


def _problems(problems: Sequence[RowProblem]) -> None:
    st.html(table(problems[:_ROWS_SHOWN], [
        Column("Row", lambda row: plain(f"{row.number:,}")),
        Column("It says", lambda row: code(row.raw[:80])),
        Column("What is wrong", lambda row: plain(row.wrong)),
        Column("What to do", lambda row: plain(row.remedy)),
    ]))  # fmt: skip
    _and_more(len(problems), "rows")


def _replacements(replacements: Sequence[Replacement]) -> None:
    st.html(table(replacements[:_ROWS_SHOWN], [
        Column("Correction", lambda one: plain(one.name)),
        Column("Session", lambda one: plain(format_date(one.day))),
        Column("Old → new", lambda one: plain(f"{one.old:,.2f} → {one.new:,.2f}")),
    ]))  # fmt: skip
    _and_more(len(replacements), "corrections")


def _and_more(count: int, what: str) -> None:
    if count > _ROWS_SHOWN:
        st.caption(f"{count - _ROWS_SHOWN:,} more {what} are not listed here.")


def _quarantine(services: Services, user: User, status: MarketStatus) -> None:
    if not status.waiting:
        empty_state("Nothing is held back", "Rows that a gate does not believe wait here for a decision.")
        return
    with st.container(key="rows-admin-market"):
        for row in status.waiting:
            with st.container(
                key=f"row-admin-price-{row.id}",
                horizontal=True,
                vertical_alignment="center",
                horizontal_alignment="distribute",
            ):
                when = format_date(row.day) if row.day else "no date"
                name = "?" if row.symbol is None else row.symbol + (" TRI" if row.kind == "index_tri" else "")
                st.html(
                    f"<p><strong>{plain(name)}, {escape(when)}</strong></p><p>{plain(row.explanation)}</p>"
                    f"<p>{code(row.raw[:80])} {quiet(row.source)}</p>"
                )
                with st.container(horizontal=True, width="content"):
                    if row.is_whole and row.rule in {"spike", "jump", "duplicate"}:
                        action_button(
                            "Accept",
                            partial(_accept, services, user, row.id),
                            key=f"admin-price-accept-{row.id}",
                            view=_VIEW,
                            waiting="Storing and packing …",
                        )
                    action_button(
                        "Dismiss",
                        partial(_dismiss, services, user, row.id),
                        key=f"admin-price-dismiss-{row.id}",
                        view=_VIEW,
                        waiting="Writing it down …",
                    )
    left = status.waiting_count - len(status.waiting)
    if left:
        st.caption(f"{left:,} older ones follow when these are decided.")


def _accept(services: Services, user: User, reject_id: int) -> tuple[str, Tone]:
    accepted = accept_row(services, user, reject_id)
    more = accepted - 1
    return f"The close is stored{f', and {more} that waited for it' if more else ''}.", "good"


def _dismiss(services: Services, user: User, reject_id: int) -> tuple[str, Tone]:
    if dismiss_row(services, user, reject_id):
        return "The row is left out for good. It stays on record.", "good"
    return "This row was decided already.", ""


def _findings(findings: Sequence[Finding]) -> None:
    if not findings:
        st.html('<p class="quiet">Every series that is shown is complete.</p>')
        return
    st.html(table(findings, [
        Column("Series", lambda finding: plain(finding.subject)),
        Column("What a reader has to know", lambda finding: plain(finding.sentence)),
    ], is_wide=True))  # fmt: skip


def _coverage(rows: Sequence[CoverageRow]) -> None:
    if not rows:
        empty_state("No prices are stored", "Pages show the demo. Send a CSV file above to begin.")
        return
    last = max(row.last_day for row in rows)
    behind = [row for row in rows if row.last_day < last]
    kinds = [(name, sum(row.kind == kind for row in rows)) for kind, name in _COUNTED.items()]
    st.html(
        facts([
            ("Newest stored close", format_date(last)),
            *((name, f"{count:,}") for name, count in kinds if count),
            ("Series that end before it", f"{len(behind):,}"),
        ])
    )  # fmt: skip
    if behind:
        st.html(_coverage_table(behind, last))
    st.html(
        f'<details class="admin-all"><summary>All {len(rows):,} series</summary>{_coverage_table(rows, last)}</details>'
    )


def _coverage_table(rows: Sequence[CoverageRow], last: date) -> str:
    return table(rows, [
        Column("Series", lambda row: plain(row.name)),
        Column("Kind", lambda row: plain(_KINDS[row.kind])),
        Column("Sector", lambda row: plain(row.sector or "Benchmark")),
        Column("Sessions", lambda row: plain(f"{row.sessions:,}")),
        Column("From", lambda row: plain(format_date(row.first_day))),
        Column("To", lambda row: plain(format_date(row.last_day)) if row.last_day == last
               else badge(format_date(row.last_day), "warn")),
    ])  # fmt: skip
