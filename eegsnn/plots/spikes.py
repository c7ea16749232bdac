"""What neurons and encoders do: rasters over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from eegsnn.errors import DataError
from eegsnn.plots.style import BLUE, INK, VERMILION, new_figure, shorten, tidy

# More rows than this cannot be told apart on a page; names of fewer still fit.
_NAMED_ROWS = 40
_NAMED_ROWS_OF_SMALL_AXES = 14
# Bars of more rows lie on top of each other: grey levels then show how many spike.
_ROWS_OF_BARS = 300


def spike_raster(
    spikes: np.ndarray,
    *,
    step: float | None = None,
    tmin: float = 0.0,
    title: str = "",
    names: Sequence[str] | None = None,
    colour: str = BLUE,
) -> Figure:
    """Draw which neuron spikes when, with the spikes of all neurons per step above.

    Parameters
    ----------
    spikes : ndarray, shape (steps, neurons)
        Zero where there is no spike.
    step : float, optional
        Length of a step in seconds; without it the axis counts steps.
    tmin : float, default 0
        Time of the first step in seconds.
    title : str
    names : sequence of str, optional
        One per neuron; shown while they fit.
    colour : str

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If the shape is another one.
    """
    spikes = _two_dimensional("spike_raster", spikes)
    figure = new_figure(7.2, 3.8)
    top, axes = figure.subplots(2, 1, sharex=True, height_ratios=[1, 4])
    draw_counts(top, spikes, step=step, tmin=tmin, colour=colour)
    draw_spikes(axes, spikes, step=step, tmin=tmin, names=names, colour=colour)
    top.set_xlabel("")
    if title:
        top.set_title(title, loc="left", fontsize=10.5, color=INK)
    return figure


def feature_raster(
    features: np.ndarray,
    names: Sequence[str] | None = None,
    *,
    step: float | None = None,
    tmin: float = 0.0,
    title: str = "",
) -> Figure:
    """Draw the encoder's output: counts, currents or signed events per feature and step.

    Parameters
    ----------
    features : ndarray, shape (steps, features)
    names : sequence of str, optional
        One per feature, such as ``"C3_alpha_up"``.
    step, tmin, title
        As for :func:`spike_raster`.

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If the shape is another one.
    """
    features = _two_dimensional("feature_raster", features)
    figure = new_figure(7.2, float(np.clip(1.2 + 0.16 * features.shape[1], 2.2, 7.0)))
    axes = figure.add_subplot()
    image = draw_features(axes, features, names=names, step=step, tmin=tmin)
    bar = figure.colorbar(image, ax=axes, shrink=0.9, pad=0.02)
    whole = bool(np.all(features == np.round(features)))
    if whole:
        bar.locator = MaxNLocator(5, integer=True)
    bar.set_label("events per step" if whole else "input current", fontsize=9, color=INK)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, length=0)
    if title:
        axes.set_title(title, loc="left", fontsize=10.5, color=INK)
    return figure


def trial_rasters(
    trials: Sequence[tuple[str, np.ndarray | None, np.ndarray | None]],
    names: Sequence[str] | None = None,
    *,
    step: float | None = None,
    tmin: float = 0.0,
) -> Figure:
    """Draw trials side by side: what goes into the network above, what its neurons do below.

    Parameters
    ----------
    trials : sequence of (title, features, spikes)
        Arrays (steps, features) and (steps, neurons), either of them None where there is none.
        Features are drawn relative to the largest value of each, since they differ in unit.
    names : sequence of str, optional
        One per feature; shown while they fit.
    step, tmin
        As for :func:`spike_raster`.

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If there is no trial.
    """
    if not trials:
        raise DataError("trial_rasters: no trial to draw.")
    rows = [i for i in (1, 2) if any(trial[i] is not None for trial in trials)]
    figure = new_figure(0.9 + 2.9 * len(trials), 0.7 + 2.1 * len(rows))
    grid = figure.subplots(len(rows), len(trials), squeeze=False, sharex=True, sharey="row")
    inputs = [trial[1] for trial in trials if trial[1] is not None]
    if names is not None and len(names) > _NAMED_ROWS_OF_SMALL_AXES:
        names = None
    largest = np.max([np.abs(values).max(axis=0) for values in inputs], axis=0) if inputs else 1.0
    largest = np.where(largest > 0, largest, 1.0)
    signed = any(bool((values < 0).any()) for values in inputs)
    for column, trial in enumerate(trials):
        for row, part in enumerate(rows):
            axes = grid[row, column]
            values = trial[part]
            if values is None:
                axes.set_axis_off()
            elif part == 1:
                shares = np.asarray(values) / largest
                draw_features(
                    axes, shares, names=names, step=step, tmin=tmin, limit=1.0, signed=signed
                )
                if axes.get_ylabel():
                    axes.set_ylabel("input feature")
            else:
                draw_spikes(axes, np.asarray(values), step=step, tmin=tmin, colour=VERMILION)
                axes.set_ylabel("hidden neuron")
            if column:
                axes.set_ylabel("")
            if row < len(rows) - 1:
                axes.set_xlabel("")
        grid[0, column].set_title(trial[0], fontsize=9.5, color=INK, loc="left")
    return figure


def draw_spikes(
    axes: Axes,
    spikes: np.ndarray,
    *,
    step: float | None = None,
    tmin: float = 0.0,
    names: Sequence[str] | None = None,
    colour: str = BLUE,
) -> None:
    """Draw a raster into given axes; see :func:`spike_raster`."""
    n_steps, n_neurons = spikes.shape
    when, which = np.nonzero(spikes)
    width = 1.0 if step is None else step
    # Bars of one step's width: their density on the page is the density of the spikes.
    thick = float(np.clip(150 / n_neurons, 0.5, 6.0))
    start = tmin + when * width
    if n_neurons > _ROWS_OF_BARS:
        axes.imshow(
            _thinned(spikes), aspect="auto", interpolation="nearest", vmin=0, vmax=1,
            cmap=LinearSegmentedColormap.from_list("spikes", ["white", colour]),
            extent=(tmin, tmin + n_steps * width, n_neurons - 0.5, -0.5),
        )  # fmt: skip
    else:
        axes.hlines(
            which, start, start + 0.85 * width, color=colour, lw=thick, rasterized=len(when) > 1500
        )
    axes.set_ylim(n_neurons - 0.4, -0.6)
    _time_axis(axes, n_steps, width, tmin, step)
    axes.set_ylabel("neuron")
    _row_names(axes, names, n_neurons)
    tidy(axes, grid=None)


def draw_counts(
    axes: Axes, spikes: np.ndarray, *, step: float | None, tmin: float, colour: str = BLUE
) -> None:
    """Draw the number of spikes of all neurons per step into given axes."""
    width = 1.0 if step is None else step
    edges = tmin + np.arange(len(spikes) + 1) * width
    axes.stairs(np.count_nonzero(spikes, axis=1), edges, fill=True, color=colour, alpha=0.5)
    axes.set_ylabel("spikes")
    axes.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    tidy(axes, grid=None)


def draw_features(
    axes: Axes,
    features: np.ndarray,
    *,
    names: Sequence[str] | None = None,
    step: float | None = None,
    tmin: float = 0.0,
    limit: float | None = None,
    signed: bool | None = None,
) -> AxesImage:
    """Draw an encoder's output into given axes; returns the image, for a colour bar."""
    n_steps, n_features = features.shape
    width = 1.0 if step is None else step
    limit = limit or float(np.abs(features).max()) or 1.0
    signed = bool((features < 0).any()) if signed is None else signed
    image = axes.imshow(
        features.T,
        aspect="auto",
        interpolation="nearest",
        cmap="RdBu_r" if signed else "Blues",
        norm=Normalize(-limit if signed else 0.0, limit),
        extent=(tmin, tmin + n_steps * width, n_features - 0.5, -0.5),
    )
    _time_axis(axes, n_steps, width, tmin, step)
    axes.set_ylabel("feature")
    _row_names(axes, names, n_features)
    tidy(axes, grid=None)
    return image


def _thinned(spikes: np.ndarray) -> np.ndarray:
    """Share of spikes in each of as many groups of neighbouring neurons as can be told apart."""
    groups = np.array_split(np.asarray(spikes) != 0, _ROWS_OF_BARS, axis=1)
    return np.stack([group.mean(axis=1) for group in groups])


def _time_axis(axes: Axes, n_steps: int, width: float, tmin: float, step: float | None) -> None:
    axes.set_xlim(tmin, tmin + n_steps * width)
    axes.set_xlabel("step" if step is None else "time (s)")


def _row_names(axes: Axes, names: Sequence[str] | None, n_rows: int) -> None:
    if names is not None and n_rows <= _NAMED_ROWS:
        axes.set_yticks(range(n_rows), shorten(list(names)))
        axes.tick_params(axis="y", labelsize=7)
        axes.set_ylabel("")
    else:
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))


def _two_dimensional(name: str, values: np.ndarray) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim != 2 or 0 in values.shape:
        raise DataError(f"{name}: expected an array (steps, rows), but got shape {values.shape}.")
    return values
