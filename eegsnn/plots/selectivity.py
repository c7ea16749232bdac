"""What neurons listen to: how their rate changes with a rhythm, by frequency and channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from eegsnn.errors import DataError
from eegsnn.plots.style import BLUE, INK, new_figure, shorten, tidy

_NAMED_CHANNELS = 32


def selectivity_maps(
    change: np.ndarray, frequencies: Sequence[float], ch_names: Sequence[str]
) -> Figure:
    """Draw how the rates of neurons change when a sinusoid is added to one channel.

    Left: mean size of the change over neurons, per channel and frequency. Right: every neuron's
    change at the channel it answers to most, sorted by the frequency it answers to most.

    Parameters
    ----------
    change : ndarray, shape (neurons, channels, frequencies)
        Change of the spikes per step.
    frequencies : sequence of float
        In hertz, rising.
    ch_names : sequence of str

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If the shape does not fit.
    """
    change = np.asarray(change, dtype=float)
    expected = (len(ch_names), len(frequencies))
    if change.ndim != 3 or change.shape[1:] != expected or 0 in change.shape:
        raise DataError(
            f"selectivity_maps: expected shape (neurons, {expected[0]} channels, {expected[1]} "
            f"frequencies), but got {change.shape}."
        )
    strength = np.abs(change).mean(axis=0)
    by_neuron = _at_best_channel(change)
    height = float(np.clip(1.3 + 0.13 * max(len(ch_names), 10), 2.8, 5.5))
    if len(ch_names) == 1:
        figure = new_figure(8.2, 3.0)
        left, right = figure.subplots(1, 2)
        left.plot(frequencies, strength[0], "o-", color=BLUE, ms=4, lw=1.6)
        left.set_xscale("log")
        left.set_ylim(bottom=0)
        left.set(xlabel="frequency (Hz)", ylabel="mean change (spikes per step)")
        left.set_title(ch_names[0], fontsize=9.5, loc="left", color=INK)
        _frequency_ticks(left, list(frequencies), logarithmic=True)
        tidy(left)
    else:
        figure = new_figure(8.2, height)
        left, right = figure.subplots(1, 2)
        image = left.imshow(strength, aspect="auto", cmap="Blues", vmin=0, interpolation="nearest")
        _bar(figure, left, image, "mean change (spikes per step)")
        if len(ch_names) <= _NAMED_CHANNELS:
            left.set_yticks(range(len(ch_names)), shorten(list(ch_names), 10), fontsize=7.5)
        else:
            left.set_ylabel("channel")
        _frequency_ticks(left, list(frequencies))
        tidy(left, grid=None)
        left.tick_params(axis="y", labelsize=7)
    limit = float(np.abs(by_neuron).max()) or 1.0
    image = right.imshow(
        by_neuron, aspect="auto", cmap="RdBu_r", norm=Normalize(-limit, limit),
        interpolation="nearest",
    )  # fmt: skip
    _bar(figure, right, image, "change (spikes per step)")
    right.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    right.set_ylabel("neuron, by best frequency")
    _frequency_ticks(right, list(frequencies))
    tidy(right, grid=None)
    return figure


def _at_best_channel(change: np.ndarray) -> np.ndarray:
    """Return each neuron's row of its strongest channel, sorted by its strongest frequency."""
    best = np.abs(change).max(axis=2).argmax(axis=1)
    rows = change[np.arange(len(change)), best]
    return np.asarray(rows[np.argsort(np.abs(rows).argmax(axis=1), kind="stable")])


def _frequency_ticks(axes: Axes, frequencies: list[float], *, logarithmic: bool = False) -> None:
    shown = list(range(0, len(frequencies), max(1, -(-len(frequencies) // 7))))
    places = [frequencies[i] for i in shown] if logarithmic else shown
    axes.set_xticks(places, [f"{frequencies[i]:.2g}" for i in shown])
    if logarithmic:
        axes.set_xticks([], minor=True)
    axes.set_xlabel("frequency (Hz)")


def _bar(figure: Figure, axes: Axes, image: object, label: str) -> None:
    bar = figure.colorbar(image, ax=axes, shrink=0.85, pad=0.02)  # type: ignore[arg-type]
    bar.locator = MaxNLocator(4)
    bar.set_label(label, fontsize=8.5, color=INK)
    bar.ax.tick_params(labelsize=7.5, length=0)
    bar.outline.set_visible(False)
