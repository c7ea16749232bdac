"""One look for all figures: readable on light and dark pages, told apart by the colour-blind.

Figures are made through matplotlib's objects and never through pyplot: no window, no global state.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe & Ito (2008), Color universal design; without the yellow, which is lost on white.
BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#56B4E9",
    "#CC79A7",
)
PALETTE = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY)
GREY = "#767676"
INK = "#1f2933"


def new_figure(width: float = 6.4, height: float = 3.6) -> Figure:
    """Return an empty figure, size in inches, that lays itself out when drawn."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def tidy(axes: Axes, *, grid: str | None = "y") -> None:
    """Remove what carries no information from a set of axes; `grid` is "x", "y", "both" or None."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#9aa5b1")
    axes.tick_params(colors=INK, labelsize=9, color="#9aa5b1")
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    axes.title.set_color(INK)
    if grid is not None:
        axes.grid(axis=grid, color="#e4e7eb", linewidth=0.8)  # type: ignore[arg-type]
        axes.set_axisbelow(True)


def shorten(names: Sequence[str], length: int = 24) -> list[str]:
    """Cut long names in the middle, where they differ least."""
    half = (length - 1) // 2
    return [n if len(n) <= length else f"{n[:half]}…{n[-half:]}" for n in names]


def model_colours(models: Iterable[str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a colour for each model: the one given, or one by its place (of many, some agree)."""
    by_place = {model: PALETTE[k % len(PALETTE)] for k, model in enumerate(models)}
    return by_place | dict(given or {})


def to_svg(figure: Figure, label: str = "") -> str:
    """Return a figure as an ``<svg>`` element that can stand inside a page.

    `label` says in words what it shows, for those who do not see it.

    The same figure always gives the same text; characters are drawn as paths, so that no font is
    needed.
    """
    import re
    from hashlib import sha256
    from html import escape

    import matplotlib as mpl

    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "eegsnn", "svg.fonttype": "path"}):
        # Tight: a label that is wider than its margin widens the picture, and is not cut off.
        figure.savefig(
            stream,
            format="svg",
            metadata={"Date": None, "Creator": None},
            bbox_inches="tight",
            pad_inches=0.05,
        )
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    # Two figures on one page must not share names of glyphs and clip paths.
    mark = sha256(text.encode()).hexdigest()[:8]
    text = re.sub(r'\bid="([^"]+)"', rf'id="{mark}-\1"', text)
    text = re.sub(r"(href=\"#|url\(#)", rf"\g<1>{mark}-", text)
    named = f'<svg role="img" aria-label="{escape(label)}" ' if label else "<svg "
    return text.replace("<svg ", named, 1)


def to_png(figure: Figure, dpi: int = 144) -> str:
    """Return a figure as a ``data:`` address of a PNG image, for pages of very many marks."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
