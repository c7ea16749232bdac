"""Values of channels as maps of the head, seen from above."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from eegsnn.errors import DataError
from eegsnn.plots.style import INK, new_figure

# Fewer electrodes make no map.
_LEAST_POSITIONS = 5
_COLUMNS = 6
# Share of the upper head that electrodes surround, from which a map goes to the edge of the head.
_LEAST_COVER = 0.4


def known_positions(ch_names: Sequence[str]) -> list[int]:
    """Return the channels whose place on the head follows from their name (10-05 system).

    Case and dots do not matter; of two names for one place (T3 and T7) the first counts. Empty
    where fewer than five are known: too few for a map.

    Examples
    --------
    >>> known_positions(["Fz", "C3", "cz", "EMG", "C4", "Pz"])
    [0, 1, 2, 4, 5]
    >>> known_positions(["Fz", "C3"])
    []
    """
    seen: set[tuple[float, ...]] = set()
    found = []
    for index, channel in enumerate(_info(ch_names)["chs"]):
        place = tuple(np.round(channel["loc"][:3], 5).tolist())
        if np.isfinite(place).all() and any(place) and place not in seen:
            seen.add(place)
            found.append(index)
    return found if len(found) >= _LEAST_POSITIONS else []


def head_maps(
    values: np.ndarray,
    ch_names: Sequence[str],
    titles: Sequence[str],
    *,
    label: str = "",
) -> Figure:
    """Draw signed values of channels as maps of the head, each relative to its own largest.

    Electrodes on a part of the head colour that part alone: beyond it nothing was measured.

    Parameters
    ----------
    values : ndarray, shape (maps, channels)
    ch_names : sequence of str
        Channels that are not among :func:`known_positions` are left out.
    titles : sequence of str
        One per map.
    label : str
        What the colours mean.

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If shapes do not fit, or too few positions are known.
    """
    import mne

    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.shape != (len(titles), len(ch_names)) or not len(values):
        raise DataError(
            f"head_maps: expected values ({len(titles)} maps, {len(ch_names)} channels), but got "
            f"shape {values.shape}."
        )
    chosen = known_positions(ch_names)
    if not chosen:
        raise DataError(
            f"head_maps: expected at least {_LEAST_POSITIONS} channels with names of the 10-05 "
            f"system, but got {', '.join(ch_names)}."
        )
    info = mne.pick_info(_info(ch_names), chosen, verbose="error")
    extrapolate = "head" if _covered(info) >= _LEAST_COVER else "local"
    columns = min(_COLUMNS, len(values))
    lines = -(-len(values) // columns)
    figure = new_figure(1.45 * columns + 0.9, 1.75 * lines + 0.25)
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes in grid[len(values) :]:
        axes.set_axis_off()
    image: Any = None
    for axes, row, title in zip(grid, values[:, chosen], titles, strict=False):
        axes.set_title(title, fontsize=9, color=INK)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of few electrodes MNE warns; the sensors are drawn
            image, _ = mne.viz.plot_topomap(
                row / (np.abs(row).max() or 1.0), info, axes=axes, show=False, contours=0,
                cmap="RdBu_r", vlim=(-1.0, 1.0), extrapolate=extrapolate,
            )  # fmt: skip
    bar = figure.colorbar(image, ax=list(grid), shrink=0.7, ticks=[-1, 0, 1], aspect=15, pad=0.02)
    bar.ax.tick_params(labelsize=8, length=0)
    bar.outline.set_visible(False)
    bar.set_label(label, fontsize=8.5, color=INK)
    return figure


def _covered(info: Any) -> float:
    """Share of the upper half of the head that lies between the outermost electrodes."""
    from scipy.spatial import ConvexHull, QhullError

    x, y, z = np.array([channel["loc"][:3] for channel in info["chs"]]).T
    from_top = np.arctan2(np.hypot(x, y), z) / (np.pi / 2)
    flat = (from_top * np.array([x, y]) / np.maximum(np.hypot(x, y), 1e-12)).T
    try:
        return float(ConvexHull(flat).volume / np.pi)  # in two dimensions, the area
    except QhullError:  # on one line
        return 0.0


def _info(ch_names: Sequence[str]) -> Any:
    """Give channels their places in the 10-05 system, as far as their names tell."""
    import mne

    from eegsnn.recordings.channels import apply_montage

    info = mne.create_info(list(ch_names), 1.0, "eeg")
    raw = mne.io.RawArray(np.zeros((len(ch_names), 1)), info, verbose="error")
    apply_montage(raw, "standard_1005")
    return raw.info
