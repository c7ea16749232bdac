"""How good the decisions are: confusion matrix, and every model's score on every fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from eegsnn.errors import DataError
from eegsnn.plots.style import GREY, INK, model_colours, new_figure, shorten, tidy


def confusion_matrix(
    matrix: np.ndarray | Sequence[Sequence[int]], classes: Sequence[str]
) -> Figure:
    """Draw which class was taken for which, as a share of each true class and as a count.

    Parameters
    ----------
    matrix : array of int, shape (classes, classes)
        Rows: true class; columns: decision.
    classes : sequence of str

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        If the matrix does not fit the classes.
    """
    counts = np.asarray(matrix)
    n = len(classes)
    if counts.shape != (n, n):
        raise DataError(
            f"confusion_matrix: expected shape ({n}, {n}) for {n} classes, but got {counts.shape}."
        )
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = 2.2 + 0.62 * n if n <= 6 else 2.0 + 0.44 * n
    figure = new_figure(size + 0.9, size)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i in range(n):
        for j in range(n):
            colour = "white" if shares[i, j] > 0.55 else INK
            percent = f"{100 * shares[i, j]:.0f}"
            # With many classes the few that matter are the ones that are not nought.
            text = f"{percent} %" if n <= 6 else ("" if percent == "0" else percent)
            axes.text(
                j,
                i - (0.1 if n <= 6 else 0),
                text,
                ha="center",
                va="center",
                color=colour,
                fontsize=11 if n <= 6 else 7.5,
            )
            if n <= 6:
                axes.text(
                    j,
                    i + 0.2,
                    f"{counts[i, j]}",
                    ha="center",
                    va="center",
                    color=colour,
                    fontsize=8,
                    alpha=0.8,
                )
    names = shorten([str(name) for name in classes], 16)
    slanted = max(map(len, names)) > 5 and n > 2
    axes.set_xticks(
        range(n), names, rotation=35 if slanted else 0, ha="right" if slanted else "center"
    )
    axes.set_yticks(range(n), names)
    axes.set(xlabel="decided", ylabel="true")
    tidy(axes, grid=None)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, format=PercentFormatter(1.0, symbol=" %"))
    bar.set_label("share of the true class", color=INK, fontsize=9)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, length=0)
    return figure


def fold_scores(
    scores: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    chance: float | None = None,
    colours: Mapping[str, str] | None = None,
) -> Figure:
    """Draw the accuracy of every model on every fold: a dot per run, a bar at the mean.

    Parameters
    ----------
    scores : dict of model → dict of fold → sequence of float
        Accuracies between 0 and 1, one per seed.
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
        If there is no score.
    """
    models = [model for model, folds in scores.items() if any(len(v) for v in folds.values())]
    if not models:
        raise DataError("fold_scores: no score to draw.")
    folds = list(dict.fromkeys(fold for model in models for fold in scores[model]))
    figure = new_figure(7.2, 1.3 + 0.55 * len(models))
    axes = figure.add_subplot()
    colours = model_colours(models, colours)
    for row, model in enumerate(models):
        colour = colours[model]
        means = []
        for k, fold in enumerate(folds):
            values = np.asarray(scores[model].get(fold, []), dtype=float)
            if not len(values):
                continue
            means.append(values.mean())
            # Folds and seeds side by side without chance: the same figure every time.
            offset = 0.0 if len(folds) == 1 else 0.5 * (k / (len(folds) - 1) - 0.5)
            spread = 0.18 * np.linspace(-1, 1, len(values)) if len(values) > 1 else np.zeros(1)
            spread = spread / max(1, len(folds) / 2)
            axes.plot(
                values,
                row + offset + spread,
                "o",
                ms=5,
                color=colour,
                alpha=0.65,
                mec="white",
                mew=0.5,
            )
        mean = float(np.mean(means))
        axes.plot([mean, mean], [row - 0.36, row + 0.36], color=colour, lw=2.5)
        axes.annotate(
            f"{100 * mean:.1f} %",
            (1.0, row),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=10,
            color=INK,
        )
    if chance is not None:
        axes.axvline(chance, color=GREY, ls="--", lw=1)
        axes.annotate(
            "chance",
            (chance, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
            color=GREY,
        )
    axes.set_yticks(range(len(models)), shorten(models, 28))
    axes.set_ylim(len(models) - 0.45, -0.55)
    lowest = min(float(np.min(v)) for m in models for v in scores[m].values() if len(v))
    floor = min(lowest, 1.0 if chance is None else chance)
    axes.set_xlim(max(0.0, floor - 0.05), 1.005)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.set_xlabel("accuracy on test trials (dot: one fold and seed; bar: mean)")
    tidy(axes, grid="x")
    axes.tick_params(axis="y", length=0)
    return figure
