"""The figures of a study."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from eegsnn.plots.style import BLUE, GREY, INK, PALETTE, VERMILION, new_figure, shorten, tidy
from eegsnn.study.curves import BandCurve

_NAMED_CHANNELS = 24
_LEAST_POSITIONS = 5


def reconstruction_figure(
    times: np.ndarray,
    signal: np.ndarray,
    decoded: np.ndarray | None,
    names: Sequence[str],
) -> Figure:
    """Draw the original and what its spikes give back, a row per channel, in microvolts."""
    figure = new_figure(8.6, 0.6 + 1.05 * len(names))
    grid = figure.subplots(len(names), 1, squeeze=False, sharex=True)[:, 0]
    for row, (axes, name) in enumerate(zip(grid, names, strict=True)):
        axes.plot(times, 1e6 * signal[row], color=GREY, lw=1.3, label="original")
        if decoded is not None:
            n = decoded.shape[1]
            axes.plot(times[:n], 1e6 * decoded[row], color=BLUE, lw=1.1, label="reconstruction")
        axes.set_ylabel(f"{name}\n(µV)", fontsize=9)
        axes.margins(x=0)
        axes.locator_params(axis="y", nbins=3)
        tidy(axes, grid=None)
    grid[0].legend(
        frameon=False, fontsize=8.5, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.1,
    )  # fmt: skip
    grid[-1].set_xlabel("time (s)", fontsize=9)
    return figure


def raster_figure(
    events: Mapping[str, np.ndarray],
    bands: Sequence[str],
    channels: Sequence[str],
    limits: tuple[float, float],
    units: int = 1,
) -> Figure:
    """Draw every spike as a bar: a panel per band, a row per channel (and unit), by polarity."""
    rows = len(channels) * units
    height = float(np.clip(0.35 + 0.1 * rows, 1.0, 2.6))
    figure = new_figure(8.6, 0.5 + height * len(bands))
    grid = figure.subplots(len(bands), 1, squeeze=False, sharex=True)[:, 0]
    row = events["channel"].astype(np.int64) * units + events["unit"]
    for number, (axes, band) in enumerate(zip(grid, bands, strict=True)):
        for sign, colour in ((1, VERMILION), (-1, BLUE)):
            chosen = (events["band"] == number) & (events["polarity"] == sign)
            axes.vlines(
                events["seconds"][chosen], row[chosen] - 0.42, row[chosen] + 0.42,
                color=colour, lw=0.8, rasterized=int(chosen.sum()) > 1500,
            )  # fmt: skip
        axes.set_ylim(rows - 0.4, -0.6)
        axes.set_xlim(*limits)
        axes.set_title(band, fontsize=9.5, color=INK, loc="left")
        if rows <= _NAMED_CHANNELS and units == 1:
            axes.set_yticks(range(rows), shorten(list(channels), 10))
        else:
            axes.set_ylabel("channel" if units == 1 else "channel × unit", fontsize=9)
            axes.locator_params(axis="y", nbins=5, integer=True)
        tidy(axes, grid=None)
        axes.tick_params(axis="y", labelsize=7)
    grid[-1].set_xlabel("time (s)", fontsize=9)
    return figure


def curve_figure(curves: Sequence[BandCurve]) -> Figure:
    """Draw SNR against spikes per second, a line per band; a ring where the settings are."""
    figure = new_figure(6.4, 3.8)
    axes = figure.subplots()
    for number, curve in enumerate(curves):
        colour = PALETTE[number % len(PALETTE)]
        rates, ratios = [p.rate for p in curve.points], [p.snr for p in curve.points]
        axes.plot(rates, ratios, "o-", ms=3.5, lw=1.5, color=colour, label=curve.band)
        here = next((p for p in curve.points if np.isclose(p.value, curve.own)), None)
        if here is not None:
            axes.plot(here.rate, here.snr, "o", ms=9, mfc="none", mec=colour, mew=1.5)
    axes.set_xscale("log")
    axes.set_xlabel("spikes per second and channel")
    axes.set_ylabel("SNR (dB)")
    axes.legend(frameon=False, fontsize=8.5, loc="center left", bbox_to_anchor=(1.0, 0.5))
    tidy(axes, grid="both")
    return figure


def positions_known(info: Any) -> list[int]:
    """Channels whose place on the head is known and told apart from the others'."""
    found: list[int] = []
    seen: set[tuple[float, ...]] = set()
    for index, channel in enumerate(info["chs"]):
        place = tuple(np.round(channel["loc"][:3], 5))
        if np.isfinite(place).all() and any(place) and place not in seen:
            seen.add(place)
            found.append(index)
    return found if len(found) >= _LEAST_POSITIONS else []


def topography_figure(
    values: Sequence[np.ndarray], bands: Sequence[str], info: Any, label: str
) -> Figure | None:
    """Draw a map of the head per band, each with its own colour bar; None without a montage."""
    import mne

    chosen = positions_known(info)
    if not chosen:
        return None
    part = mne.pick_info(info, chosen, verbose="error")
    columns = min(5, len(bands))
    lines = -(-len(bands) // columns)
    figure = new_figure(1.85 * columns, 2.3 * lines)
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes in grid[len(bands) :]:
        axes.set_axis_off()
    for axes, band, of_band in zip(grid, bands, values, strict=False):
        shown = of_band[chosen]
        axes.set_title(band, fontsize=9.5, color=INK)
        if not np.isfinite(shown).all():
            axes.set_axis_off()
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of few electrodes MNE warns; the sensors are drawn
            image, _ = mne.viz.plot_topomap(
                shown, part, axes=axes, show=False, contours=0, cmap="viridis",
                vlim=(float(shown.min()), float(shown.max())),
            )  # fmt: skip
        bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.75, pad=0.02)
        bar.ax.tick_params(labelsize=7.5)
        bar.ax.locator_params(nbins=3)
        bar.outline.set_visible(False)
    figure.supxlabel(label, fontsize=9, color=INK)
    return figure
