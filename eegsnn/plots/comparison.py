"""Models beside each other: differences with their intervals, and confidence against accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from eegsnn.errors import DataError
from eegsnn.plots.style import BLUE, GREY, INK, VERMILION, model_colours, new_figure, shorten, tidy


def differences(rows: Sequence[tuple[str, float, float, float, bool]], ours: str) -> Figure:
    """Draw by how much one model is more accurate than others, with intervals.

    Parameters
    ----------
    rows : sequence of (name, difference, low, high, told apart)
        Shares between −1 and 1; filled dots where the difference can be told from none.
    ours : str
        The model that is compared.

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If there is no row.
    """
    if not rows:
        raise DataError("differences: no difference to draw.")
    figure = new_figure(7.2, 1.0 + 0.36 * len(rows))
    axes = figure.add_subplot()
    axes.axvline(0, color=GREY, lw=1, ls="--")
    for row, (_, difference, low, high, told) in enumerate(rows):
        colour = GREY if not told else BLUE if difference > 0 else VERMILION
        axes.plot([100 * low, 100 * high], [row, row], color=colour, lw=2, solid_capstyle="butt")
        axes.plot(
            100 * difference, row, "o", ms=7, color=colour, mfc=colour if told else "white", mew=1.6
        )
    axes.set_yticks(range(len(rows)), shorten([row[0] for row in rows], 30))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    reach = 1.08 * max(2.0, *(100 * abs(v) for row in rows for v in row[2:4]))
    axes.set_xlim(-reach, reach)
    axes.set_xlabel(f"{ours} minus baseline (points of accuracy, 95 % interval)")
    tidy(axes, grid="x")
    axes.tick_params(axis="y", length=0)
    return figure


def reliability(
    curves: Mapping[str, Sequence[tuple[float, float, int]]],
    *,
    n_classes: int = 2,
    colours: Mapping[str, str] | None = None,
) -> Figure:
    """Draw how often decisions are right against how sure the model was; below: how many.

    Parameters
    ----------
    curves : dict of model → sequence of (confidence, accuracy, decisions)
        One entry per bin.
    n_classes : int, default 2
        The least confidence there can be is 1 / classes.
    colours : dict of model → colour, optional
        So that figures of one page agree; by place if not given.

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If there is no curve.
    """
    shown = {model: np.asarray(bins, dtype=float) for model, bins in curves.items() if len(bins)}
    if not shown:
        raise DataError("reliability: no curve to draw.")
    figure = new_figure(7.6, 4.4)
    top, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    least = 1 / n_classes
    top.plot([0, 1], [0, 1], color=GREY, ls="--", lw=1)
    lowest = min(float(bins[:, :2].min()) for bins in shown.values())
    colours = model_colours(shown, colours)
    for model, bins in shown.items():
        colour = colours[model]
        confidence, accuracy, count = bins.T
        share = count / count.sum()
        top.plot(confidence, accuracy, color=colour, lw=1.4, alpha=0.8)
        # Area for number: the bins that hold little are seen to hold little.
        top.scatter(
            confidence, accuracy, s=12 + 140 * share, color=colour, label=shorten([model], 28)[0],
            edgecolor="white", lw=0.6, zorder=3,
        )  # fmt: skip
        below.plot(confidence, share, color=colour, lw=1.2, marker=".", ms=5)
    faintest = min(float(bins[:, 0].min()) for bins in shown.values())
    top.set_xlim(min(least, faintest) - 0.03, 1.015)
    top.set_ylim(max(-0.03, min(least, lowest) - 0.08), 1.03)
    for axis in (top.xaxis, top.yaxis, below.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    below.set_ylim(0, None)
    below.yaxis.set_major_locator(MaxNLocator(2))
    top.set_ylabel("decided rightly")
    below.set(ylabel="decisions", xlabel="confidence (probability of the class decided for)")
    # Beside the axes: curves may pass through any corner.
    legend = figure.legend(loc="outside right upper", frameon=False, fontsize=8.5)
    for text in legend.get_texts():
        text.set_color(INK)
    tidy(top, grid="both")
    tidy(below)
    return figure
