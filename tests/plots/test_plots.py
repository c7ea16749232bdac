"""Figures show what they are given, say what their axes are, and refuse what they cannot draw."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from eegsnn.errors import DataError
from eegsnn.plots import (
    confusion_matrix,
    feature_raster,
    fold_scores,
    learning_curves,
    spike_raster,
    to_png,
    to_svg,
    trial_rasters,
)


def labels(figure: Figure) -> set[str]:
    return {text for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel()) if text}


def test_learning_curves_of_fits_of_different_length():
    figure = learning_curves(
        [{"loss": [3.0, 2.0, 1.0], "validation": [0.5, 0.6, 0.7]}, {"loss": [2.0]}]
    )
    assert labels(figure) == {"epoch", "training loss", "validation score"}
    median = next(line for line in figure.axes[0].lines if line.get_label() == "median")
    assert median.get_ydata().tolist() == [2.5, 2.0, 1.0]


def test_a_history_without_validation_has_one_panel():
    assert len(learning_curves([{"loss": [1.0, 0.5]}]).axes) == 1


def test_confusion_matrix_shows_shares_of_the_true_class_and_counts():
    figure = confusion_matrix([[3, 1], [0, 4]], ["rest", "move"])
    shown = {text.get_text() for text in figure.axes[0].texts}
    assert {"75 %", "25 %", "3", "4"} <= shown
    assert {"true", "decided"} <= labels(figure)


def test_confusion_matrix_of_a_class_without_trials():
    confusion_matrix([[3, 1], [0, 0]], ["rest", "move"])


def test_fold_scores_draw_every_score_and_chance():
    scores = {"a": {"f1": [0.5, 0.7], "f2": [0.9]}, "b": {"f1": [0.6]}}
    figure = fold_scores(scores, chance=0.5)
    drawn = [
        x for line in figure.axes[0].lines if line.get_marker() == "o" for x in line.get_xdata()
    ]
    assert sorted(drawn) == [0.5, 0.6, 0.7, 0.9]
    assert any(text.get_text() == "75.0 %" for text in figure.axes[0].texts)


def test_spike_raster_draws_one_bar_per_spike(rng):
    spikes = rng.random((20, 6)) < 0.3
    figure = spike_raster(spikes, step=0.05, title="hidden")
    bars = figure.axes[1].collections[0]
    assert len(bars.get_paths()) == spikes.sum()
    assert "time (s)" in labels(figure)
    assert "step" in labels(spike_raster(spikes))


def test_a_silent_raster_is_drawn():
    to_svg(spike_raster(np.zeros((10, 4))))


def test_feature_raster_names_its_rows_while_they_fit(rng):
    counts = rng.poisson(1.0, (10, 3))
    figure = feature_raster(counts, ["C3_alpha", "C4_alpha", "Cz_alpha"], step=0.1)
    assert figure.axes[0].get_yticklabels()[0].get_text() == "C3_alpha"
    assert "events per step" in labels(figure)
    assert "input current" in labels(feature_raster(rng.normal(size=(10, 3))))


def test_trial_rasters_have_a_row_per_kind(rng):
    features, spikes = rng.normal(size=(10, 3)), rng.random((10, 5)) < 0.2
    assert len(trial_rasters([("a", features, spikes), ("b", features, spikes)]).axes) == 4
    assert len(trial_rasters([("a", None, spikes)]).axes) == 1


def test_features_of_different_size_are_all_seen():
    features = np.column_stack([np.linspace(0, 1e-6, 10), np.linspace(0, 100, 10)])
    image = trial_rasters([("a", features, None)]).axes[0].images[0]
    assert image.get_array().max(axis=1).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (learning_curves, ([{}],)),
        (confusion_matrix, ([[1, 2]], ["a", "b"])),
        (fold_scores, ({},)),
        (spike_raster, (np.zeros((3, 4, 5)),)),
        (feature_raster, (np.zeros((0, 4)),)),
        (trial_rasters, ([],)),
    ],
)
def test_what_cannot_be_drawn_is_refused(function, arguments):
    with pytest.raises(DataError, match=function.__name__):
        function(*arguments)


def test_svg_is_the_same_every_time_and_needs_nothing_else():
    first, second = (to_svg(confusion_matrix([[1, 0], [0, 1]], ["a", "b"])) for _ in range(2))
    assert first == second
    assert first.startswith("<svg")
    links = re.findall(r'href="([^"]*)"', first)
    assert all(link.startswith(("#", "data:")) for link in links)
    names = set(re.findall(r'\bid="([^"]+)"', first))
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', first))
    assert used <= names


def test_names_in_two_figures_do_not_meet():
    figures = [to_svg(confusion_matrix([[n, 0], [0, 1]], ["a", "b"])) for n in (1, 2)]
    first, second = (set(re.findall(r'\bid="([^"]+)"', svg)) for svg in figures)
    assert not first & second


def test_png_is_a_data_address():
    assert to_png(spike_raster(np.eye(5))).startswith("data:image/png;base64,")


def test_no_figure_is_left_to_pyplot():
    import matplotlib.pyplot as plt

    spike_raster(np.eye(5))
    assert plt.get_fignums() == []
