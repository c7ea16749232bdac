"""The spike and the gradients that stand in for its derivative."""

from __future__ import annotations

import math
from collections.abc import Sequence

import mlx.core as mx
import numpy as np
from matplotlib.figure import Figure

from eegsnn.errors import DataError
from eegsnn.plots.style import BLUE, GREY, VERMILION, new_figure, tidy
from eegsnn.surrogate import SURROGATES, Surrogate, get_surrogate, spike

_COLUMNS = 4


def surrogate_gradients(
    surrogates: Sequence[str | Surrogate] | None = None, *, reach: float = 1.5
) -> Figure:
    """Draw each surrogate gradient, with the step that is the forward pass of all of them.

    Each panel has its own height: peaks differ by much (see
    :func:`~eegsnn.surrogate.get_surrogate`).

    Parameters
    ----------
    surrogates : sequence of str or Surrogate, optional
        Default: all that have a name, with their own slopes.
    reach : float, default 1.5
        Membranes are drawn from `reach` below the threshold to `reach` above it.

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If there is nothing to draw.
    ConfigurationError
        For an unknown name.
    """
    chosen = [get_surrogate(s) for s in (SURROGATES if surrogates is None else surrogates)]
    if not chosen:
        raise DataError("surrogate_gradients: expected at least one surrogate, but got none.")
    u = np.linspace(-reach, reach, 1201, dtype=np.float32)
    columns = min(_COLUMNS, len(chosen))
    rows = math.ceil(len(chosen) / columns)
    figure = new_figure(2.7 * columns + 0.6, 2.3 * rows + 0.6)
    for position, surrogate in enumerate(chosen, start=1):
        axes = figure.add_subplot(rows, columns, position)
        gradient = np.asarray(surrogate.gradient(mx.array(u)))
        step = np.asarray(spike(mx.array(u), surrogate))
        axes.axvline(0, color=GREY, lw=0.8, ls=":")
        axes.plot(u, step, color=BLUE, lw=1.2, label="spike")
        axes.fill_between(u, gradient, color=VERMILION, alpha=0.15, lw=0)
        axes.plot(u, gradient, color=VERMILION, lw=1.6, label="gradient")
        axes.set_title(f"{surrogate.name} (slope {surrogate.slope:g})", fontsize=9.5)
        axes.set_ylim(bottom=0)
        axes.margins(x=0)
        tidy(axes)
        if position > len(chosen) - columns:
            axes.set_xlabel("membrane − threshold", fontsize=9)
        if position == 1:
            axes.legend(frameon=False, fontsize=8.5, loc="upper left")
    return figure
