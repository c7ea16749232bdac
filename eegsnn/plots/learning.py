"""How training went: loss and validation score over epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from eegsnn.errors import DataError
from eegsnn.plots.style import BLUE, VERMILION, new_figure, tidy

_PANELS = (("loss", "training loss", BLUE), ("validation", "validation score", VERMILION))


def learning_curves(histories: Sequence[Mapping[str, Sequence[float]]]) -> Figure:
    """Draw loss and validation score per epoch, one thin line per fit and their median.

    Parameters
    ----------
    histories : sequence of dict
        One per fit, with ``"loss"`` and, where there was a validation set, ``"validation"``: a
        value per epoch. Fits may differ in length; the median covers the epochs that at least
        half of them reached.

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If there is nothing to draw.
    """
    panels = [
        (name, label, colour, curves)
        for name, label, colour in _PANELS
        if (curves := [np.asarray(h[name], dtype=float) for h in histories if h.get(name)])
    ]
    if not panels:
        raise DataError("learning_curves: no history holds a loss or a validation score.")
    figure = new_figure(4.2 * len(panels) + 0.6, 3.2)
    for position, (_, label, colour, curves) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), position)
        for curve in curves:
            epochs = np.arange(1, len(curve) + 1)
            many = len(curves) > 1
            axes.plot(epochs, curve, color=colour, lw=0.9, alpha=0.35 if many else 1.0)
            axes.plot(epochs[-1], curve[-1], ".", color=colour, ms=5, alpha=0.6)
        if len(curves) > 1:
            median = _median(curves)
            axes.plot(np.arange(1, len(median) + 1), median, color=colour, lw=2, label="median")
            axes.plot([], [], color=colour, lw=0.9, alpha=0.5, label=f"each of {len(curves)} fits")
            axes.legend(frameon=False, fontsize=8.5)
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(x=0.02)
        tidy(axes)
    return figure


def _median(curves: Sequence[np.ndarray]) -> np.ndarray:
    table = np.full((len(curves), max(map(len, curves))), np.nan)
    for row, curve in zip(table, curves, strict=True):
        row[: len(curve)] = curve
    enough = np.isfinite(table).sum(axis=0) * 2 >= len(curves)
    return np.asarray(np.nanmedian(table[:, enough], axis=0))
