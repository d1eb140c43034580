"""The Rotation Map as the picture of a mail, and the same in words. matplotlib is loaded by the first picture only."""

from __future__ import annotations

from collections.abc import Collection

from analyzer import QUADRANTS
from analyzer.rotation_map import CENTRE
from sectors.mail_picture import INK, LINE, PAPER, QUIET, new_figure, png_of
from sectors.report import Report

_TAIL_WEEKS = 6
# Each quadrant's colour, and its place: right or left, up or down.
_COLOURS = {"leading": "#0b8a6e", "weakening": "#c9720f", "lagging": "#b8403a", "improving": "#3a6fb0"}
_SIDES = {"leading": (1, 1), "weakening": (1, -1), "lagging": (-1, -1), "improving": (-1, 1)}
# Names stand no nearer to each other than this, in parts of the picture's height.
_LINE_HEIGHT = 0.044


def describe_map(report: Report) -> str:
    """The map for who does not see it: each quadrant with its sectors and where they stand."""
    table = report.map.at(len(report.map.dates) - 1) if len(report.map.dates) else None
    if table is None or table.empty:
        return "Rotation Map: no sector has a position yet."
    parts = []
    for quadrant in QUADRANTS:
        rows = table[table["quadrant"] == quadrant].to_dict("records")
        found = ", ".join(f"{row['sector']} {row['x']:.2f}/{row['y']:.2f}" for row in rows)
        parts.append(f"{quadrant.capitalize()}: {found or 'none'}")
    return f"Rotation Map, trend/momentum, 100 is the centre. {'. '.join(parts)}."


def draw_map(report: Report) -> bytes:
    """A PNG, 1,120 pixels wide, shown at half of that. The leaders, the last ones and who moved are named."""
    named = _named(report)
    x, y = report.map.where.x.tail(_TAIL_WEEKS) - CENTRE, report.map.where.y.tail(_TAIL_WEEKS) - CENTRE
    reach = 1.12 * max(1.5, float(x.abs().max().max()), float(y.abs().max().max()))
    figure = new_figure()
    axes = figure.add_axes((0.01, 0.075, 0.98, 0.915), facecolor=PAPER)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(LINE)
    axes.axhline(0, color=LINE, linewidth=1)
    axes.axvline(0, color=LINE, linewidth=1)
    for name, sides in _SIDES.items():
        low_x, low_y = (0 if side > 0 else -reach for side in sides)
        axes.fill(
            [low_x, low_x + reach, low_x + reach, low_x], [low_y, low_y, low_y + reach, low_y + reach],
            color=_COLOURS[name], alpha=0.055, linewidth=0,
        )  # fmt: skip
        axes.text(
            0.965 * reach * sides[0], 0.94 * reach * sides[1], name.capitalize(), color=_COLOURS[name], fontsize=9.5,
            fontweight="bold", ha="right" if sides[0] > 0 else "left", va="center",
        )  # fmt: skip
    ends = []
    for name in report.map.sectors:
        path = [(a, b) for a, b in zip(x[name], y[name], strict=True) if a == a and b == b]
        if not path:
            continue
        colour = _COLOURS.get(str(report.map.quadrant[name].iloc[-1]), QUIET)
        is_named = name in named
        if is_named:
            axes.plot(*zip(*path, strict=True), color=colour, linewidth=1.1, alpha=0.55, zorder=2)
            ends.append((name, path[-1], colour))
        axes.plot(
            *path[-1], marker="o", markersize=5.5 if is_named else 3.2, color=colour, zorder=3,
            alpha=1 if is_named else 0.45, markeredgecolor=PAPER, markeredgewidth=0.6,
        )  # fmt: skip
    for name, (at_x, at_y), label_y in _apart(ends, reach):
        # Outwards from the middle, unless the name would leave the picture.
        side = 1 if -1 < at_x / (0.62 * reach) < 0 else -1
        side = side if abs(at_x) > 0.62 * reach else -side
        axes.annotate(
            name, (at_x, at_y), xytext=(at_x + side * 0.035 * reach, label_y), color=INK, fontsize=8.5,
            ha="left" if side > 0 else "right", va="center", zorder=4,
        )  # fmt: skip
    caption = f"Trend against {report.benchmark} →   (up: gaining speed)"
    figure.text(0.5, 0.022, caption, color=QUIET, fontsize=8.5, ha="center")
    return png_of(figure)


def _named(report: Report) -> set[str]:
    return {row.sector for row in (*report.top, *report.bottom)} | {move.sector for move in report.moves[:6]}


def _apart(
    ends: Collection[tuple[str, tuple[float, float], str]], reach: float
) -> list[tuple[str, tuple[float, float], float]]:
    """A height for each name: its point's, moved up as far as names nearby ask for."""
    placed: list[tuple[str, tuple[float, float], float]] = []
    for name, at, _colour in sorted(ends, key=lambda end: end[1][1]):
        height = at[1]
        for _, other, taken in placed:
            if abs(other[0] - at[0]) < 0.5 * reach and height - taken < 2 * reach * _LINE_HEIGHT:
                height = taken + 2 * reach * _LINE_HEIGHT
        placed.append((name, at, height))
    return placed
