"""What a decision costs against how often it is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator, PercentFormatter

from eegsnn.errors import DataError
from eegsnn.plots.style import BLUE, GREY, INK, new_figure, shorten, tidy


@dataclass(frozen=True)
class CostPoint:
    """A model in :func:`accuracy_and_cost`.

    Attributes
    ----------
    model : str
    spiking : bool
    accuracy, low, high : float
        With its interval.
    additions : float
        Synaptic operations per decision: additions that spikes cause.
    multiplications : float
        Multiply-accumulates per decision.
    energy_nj : float
        Of both, in nanojoules.
    """

    model: str
    spiking: bool
    accuracy: float
    low: float
    high: float
    additions: float
    multiplications: float
    energy_nj: float


def accuracy_and_cost(points: Sequence[CostPoint], *, chance: float | None = None) -> Figure:
    """Draw accuracy against operations (left) and their energy (right), on logarithmic axes.

    A spiking network has two marks on the left, joined by a line: its synaptic operations alone,
    and with the multiply-accumulates of its analog part.

    Parameters
    ----------
    points : sequence of CostPoint
    chance : float, optional
        Drawn as a dashed line, where it is within the figure.

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If there is no point.
    """
    shown = [p for p in points if p.additions + p.multiplications > 0]
    if not shown:
        raise DataError("accuracy_and_cost: no model's operations are known.")
    shown = sorted(shown, key=lambda p: -p.accuracy)
    figure = new_figure(8.2, 3.5)
    left, right = figure.subplots(1, 2, sharey=True)
    for number, point in enumerate(shown):
        colour = BLUE if point.spiking else GREY
        marker = "o" if point.spiking else "s"
        total = point.additions + point.multiplications
        if point.spiking and 0 < point.additions < total:
            left.plot([point.additions, total], [point.accuracy] * 2, color=colour, lw=1, ls=":")
            left.plot(point.additions, point.accuracy, marker, color=colour, mfc="white", ms=7)
        for axes, x in ((left, total), (right, point.energy_nj)):
            axes.plot([x, x], [point.low, point.high], color=colour, lw=1.4, alpha=0.55)
            axes.plot(x, point.accuracy, marker, color=colour, ms=7, mec="white", mew=0.6)
            axes.annotate(
                f"{number + 1}", (x, point.accuracy), xytext=(6, 4), textcoords="offset points",
                fontsize=8.5, color=INK,
            )  # fmt: skip
        left.plot(
            [], [], marker, color=colour, ms=6,
            label=f"{number + 1}  {shorten([point.model], 26)[0]}",
        )  # fmt: skip
    for axes in (left, right):
        axes.set_xscale("log")
        axes.margins(x=0.15)
        low, high = axes.get_xlim()
        # Within a decade or two the powers of ten alone would leave the axis bare.
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.xaxis.set_minor_locator(NullLocator())
        tidy(axes, grid="both")
    lowest = min(p.low for p in shown)
    if chance is not None and chance > lowest - 0.15:
        for axes in (left, right):
            axes.axhline(chance, color=GREY, ls="--", lw=1)
    left.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    left.set(xlabel="operations per decision", ylabel="accuracy on test trials")
    right.set_xlabel("energy of the operations per decision (nJ)")
    legend = figure.legend(
        loc="outside right center", frameon=False, fontsize=8.5, handletextpad=0.3
    )
    for text in legend.get_texts():
        text.set_color(INK)
    return figure
