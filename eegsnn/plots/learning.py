"""How learning goes: loss and validation score over epochs, accuracy over training trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator, PercentFormatter

from eegsnn.errors import DataError
from eegsnn.plots.style import BLUE, GREY, INK, VERMILION, model_colours, new_figure, shorten, tidy

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


def training_size_curve(
    rows: Sequence[Mapping[str, Any]],
    *,
    chance: float | None = None,
    colours: Mapping[str, str] | None = None,
) -> Figure:
    """Draw accuracy against the number of training trials: a line per model through its means.

    Parameters
    ----------
    rows : sequence of dict
        With ``model``, ``n_train`` and ``accuracy``, and ``accuracy_std`` for a bar; several rows
        of one model and size (seeds, draws of the training trials) are drawn as dots.
    chance : float, optional
        Drawn as a dashed line.
    colours : dict of model → colour, optional
        So that figures of one page agree; by place if not given.

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If there is nothing to draw.
    """
    if not rows:
        raise DataError("training_size_curve: no score to draw.")
    figure = new_figure(6.4, 3.6)
    axes = figure.add_subplot()
    models = list(dict.fromkeys(str(row["model"]) for row in rows))
    colours = model_colours(models, colours)
    for model in models:
        colour = colours[model]
        scores: dict[int, list[float]] = {}
        for row in (row for row in rows if str(row["model"]) == model):
            size, accuracy = round(row["n_train"]), float(row["accuracy"])
            scores.setdefault(size, []).append(accuracy)
            reach = float(row.get("accuracy_std") or 0.0)
            axes.plot(
                [size, size], [accuracy - reach, accuracy + reach], color=colour, lw=1, alpha=0.5
            )
        sizes = sorted(scores)
        for size in sizes:
            if len(scores[size]) > 1:
                axes.plot(
                    [size] * len(scores[size]), scores[size], ".", color=colour, ms=4, alpha=0.35
                )
        axes.plot(
            sizes, [float(np.mean(scores[size])) for size in sizes], "o-", color=colour, lw=1.8,
            ms=5, mec="white", mew=0.6, label=shorten([model], 26)[0],
        )  # fmt: skip
    if chance is not None:
        axes.axhline(chance, color=GREY, ls="--", lw=1)
        axes.annotate(
            "chance", (1.0, chance), xycoords=("axes fraction", "data"), xytext=(-2, 3),
            textcoords="offset points", ha="right", fontsize=8.5, color=GREY,
        )  # fmt: skip
    # Twice the trials are one step to the right; the sizes that were run are the ticks.
    axes.set_xscale("log")
    ticks = sorted({round(row["n_train"]) for row in rows})
    axes.set_xticks(ticks, [str(size) for size in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.set(xlabel="training trials", ylabel="accuracy on test trials")
    tidy(axes)
    legend = figure.legend(loc="outside right center", frameon=False, fontsize=8.5)
    for text in legend.get_texts():
        text.set_color(INK)
    return figure


def _median(curves: Sequence[np.ndarray]) -> np.ndarray:
    table = np.full((len(curves), max(map(len, curves))), np.nan)
    for row, curve in zip(table, curves, strict=True):
        row[: len(curve)] = curve
    enough = np.isfinite(table).sum(axis=0) * 2 >= len(curves)
    return np.asarray(np.nanmedian(table[:, enough], axis=0))
