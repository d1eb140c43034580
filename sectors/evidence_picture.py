"""What 100 became, as the picture of the monthly note: rule, equal parts, benchmark, and the band of chance."""

from __future__ import annotations

from sectors.evidence_note import EvidenceNote
from sectors.evidence_words import rule_name
from sectors.mail_picture import INK, LINE, PAPER, QUIET, new_figure, png_of

# The page's colours, darker where white paper asks for it.
_COLOURS = {"followed": "#0b8a6e", "equal": "#c9720f", "benchmark": "#5b6ee1"}
# Where the logarithmic scale has lines.
_MARKS = (20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000)


def draw_curves(note: EvidenceNote) -> bytes:
    """A PNG of the curves, on a logarithmic scale."""
    curves, band = 100 * note.found.curves, 100 * note.by_lot.curves
    figure = new_figure()
    axes = figure.add_axes((0.085, 0.08, 0.89, 0.78), facecolor=PAPER)
    axes.set_yscale("log")
    # A benchmark may lack sessions, or begin later: its line has gaps then.
    low = 0.95 * min(curves.min().min(), band["low"].min())
    high = 1.05 * max(curves.max().max(), band["high"].max())
    axes.set_ylim(low, high)
    axes.set_xlim(curves.index[0], curves.index[-1])
    marks = [mark for mark in _MARKS if low <= mark <= high]
    axes.set_yticks(marks, [str(mark) for mark in marks])
    axes.minorticks_off()
    axes.grid(axis="y", color=LINE, linewidth=0.7)
    axes.tick_params(length=0, labelsize=8.5, labelcolor=QUIET)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.fill_between(
        band.index,
        band["low"],
        band["high"],
        color=QUIET,
        alpha=0.16,
        linewidth=0,
        label="Drawn by lot, 5 to 95 %",
    )
    names = {"followed": rule_name(note.found), "equal": "All in equal parts", "benchmark": note.benchmark}
    for name, colour in _COLOURS.items():
        axes.plot(curves.index, curves[name], color=colour, linewidth=1.5, label=names[name])
    figure.legend(
        loc="upper center", bbox_to_anchor=(0.525, 0.985), ncols=2, frameon=False, fontsize=8.5, labelcolor=INK,
        handlelength=1.4, columnspacing=2,
    )  # fmt: skip
    return png_of(figure)
