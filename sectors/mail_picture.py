"""What all pictures of mails share: size, colours, and how they become a PNG. The first one loads matplotlib.

They stay on white paper in dark mode: a mail program shows one picture for both.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, QUIET, LINE, PAPER = "#10211c", "#5a6b65", "#dce5e1", "#ffffff"


def new_figure() -> Figure:
    """An empty picture, 1,120 pixels wide, shown at half of that."""
    from matplotlib.figure import Figure

    return Figure(figsize=(5.6, 4.4), dpi=200, facecolor=PAPER)


def png_of(figure: Figure) -> bytes:
    """The picture as bytes, the same for the same figures."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    written = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()
