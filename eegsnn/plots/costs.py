"""What a decision costs against how often it is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullLocator, PercentFormatter

from eegsnn.errors import DataError
from eegsnn.plots.style import BLUE, GREY, INK, new_figure, shorten, tidy

# Where a mark's number may stand, and how far from others and from marks, in points.
_PLACES = ((6.0, 7.0), (6.0, -7.0), (-6.0, 7.0), (-6.0, -7.0))
_FROM_NUMBERS, _FROM_MARKS = 9.0, 5.5


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
        left.plot(
            [], [], marker, color=colour, ms=6,
            label=f"{number + 1}  {shorten([point.model], 26)[0]}",
        )  # fmt: skip
    for axes in (left, right):
        axes.set_xscale("log")
        axes.margins(x=0.15)
        low, high = axes.get_xlim()
        # Within a decade or two the powers of ten alone would leave the axis bare.
        subs = (1, 2, 5) if high < 100 * low else (1,)
        narrow = high < 10 * low
        axes.xaxis.set_major_locator(MaxNLocator(4) if narrow else LogLocator(subs=subs))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.xaxis.set_minor_locator(NullLocator())
        tidy(axes, grid="both")
    _number(left, [(p.additions + p.multiplications, p.accuracy) for p in shown])
    _number(right, [(p.energy_nj, p.accuracy) for p in shown])
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


def _number(axes: Axes, marks: Sequence[tuple[float, float]]) -> None:
    """Write each mark's number beside it, clear of the marks and of the numbers before it."""
    per_point = axes.figure.dpi / 72
    # In points: where there is something, and how far a number has to stay away from it.
    taken = [(*(axes.transData.transform(mark) / per_point), _FROM_MARKS) for mark in marks]
    for number, mark in enumerate(marks):
        x, y, _ = taken[number]
        for right, up in _PLACES:
            if all(max(abs(x + right - a), abs(y + up - b)) > apart for a, b, apart in taken):
                break
        taken.append((x + right, y + up, _FROM_NUMBERS))
        axes.annotate(
            f"{number + 1}", mark, xytext=(right, up), textcoords="offset points",
            fontsize=8.5, color=INK, ha="left" if right > 0 else "right", va="center",
        )  # fmt: skip
