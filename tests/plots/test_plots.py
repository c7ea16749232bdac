"""Figures show what they are given, say what their axes are, and refuse what they cannot draw."""

import itertools
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from eegsnn.errors import DataError
from eegsnn.plots import (
    CostPoint,
    accuracy_and_cost,
    confusion_matrix,
    differences,
    feature_raster,
    fold_scores,
    head_maps,
    known_positions,
    learning_curves,
    model_colours,
    reliability,
    selectivity_maps,
    spike_raster,
    to_png,
    to_svg,
    training_size_curve,
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


def test_spikes_of_very_many_neurons_are_shares(rng):
    spikes = rng.random((20, 3000)) < 0.2
    shares = spike_raster(spikes).axes[1].images[0].get_array()
    assert shares.shape == (300, 20)
    assert shares.mean() == pytest.approx(spikes.mean())


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


def test_differences_have_intervals_and_fill_where_they_can_be_told():
    figure = differences(
        [("lda", 0.05, 0.01, 0.09, True), ("csp", -0.01, -0.04, 0.02, False)], ours="ours"
    )
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == pytest.approx([5.0, -1.0])
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, True]
    assert figure.axes[0].get_xlim()[0] < -4 < 9 < figure.axes[0].get_xlim()[1]


def test_reliability_draws_confidence_against_accuracy():
    figure = reliability({"ours": [(0.55, 0.5, 10), (0.9, 0.95, 30)], "lda": []})
    top, below = figure.axes
    assert top.lines[1].get_xydata().tolist() == [[0.55, 0.5], [0.9, 0.95]]
    assert below.lines[0].get_ydata().tolist() == [0.25, 0.75]


def test_costs_have_a_mark_per_model_on_axes_of_powers():
    ours = CostPoint("ours", True, 0.9, 0.85, 0.94, 2e3, 1e2, 2.3)
    twin = CostPoint("twin", False, 0.9, 0.85, 0.94, 0, 9e4, 400.0)
    unknown = CostPoint("unknown", False, 0.8, 0.7, 0.9, 0, 0, 0)
    figure = accuracy_and_cost([ours, twin, unknown], chance=0.5)
    left, right = figure.axes
    assert {axes.get_xscale() for axes in (left, right)} == {"log"}
    drawn = {
        float(line.get_xdata()[0])
        for line in left.lines
        if line.get_marker() in "os" and len(line.get_xdata())
    }
    assert drawn == {2e3, 2.1e3, 9e4}
    assert len(figure.legends[0].get_texts()) == 2


def test_costs_within_a_decade_have_ticks_that_do_not_meet():
    models = [CostPoint(f"{n}", False, 0.5, 0.4, 0.6, 0, 1e3 * n, float(n)) for n in (264, 794)]
    figure = accuracy_and_cost(models)
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [tick.get_window_extent() for tick in axes.get_xticklabels() if tick.get_text()]
        assert len(boxes) >= 2
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_numbers_of_models_that_cost_and_score_the_same_do_not_meet():
    models = [CostPoint(name, False, 0.9, 0.85, 0.94, 0, 9e4, 400.0) for name in "abcd"]
    figure = accuracy_and_cost(models)
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert len(boxes) == 4
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_training_sizes_are_the_ticks_and_means_the_line():
    rows = [
        {"model": "ours", "n_train": n, "accuracy": a} for n, a in ((10, 0.5), (10, 0.7), (40, 0.8))
    ]
    axes = training_size_curve(rows, chance=0.5).axes[0]
    line = next(line for line in axes.lines if line.get_label() == "ours")
    assert line.get_xydata().tolist() == [[10, 0.6], [40, 0.8]]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["10", "40"]


def test_heads_are_drawn_for_channels_whose_place_is_known(rng):
    names = ["Fz", "C3", "EMG", "cz", "C4", "Pz", "T7", "T3"]
    assert known_positions(names) == [0, 1, 3, 4, 5, 6]
    figure = head_maps(rng.normal(size=(7, 8)), names, [f"filter {k}" for k in range(7)])
    assert [axes.get_title() for axes in figure.axes[:7]] == [f"filter {k}" for k in range(7)]


@pytest.mark.parametrize(
    ("names", "least", "most"),
    [
        (["Oz", "O1", "O2", "PO3", "POz", "PO4"], 0.05, 0.3),
        (["Fz", "F7", "F8", "C3", "C4", "Cz", "P7", "P8", "Oz"], 0.8, 1.2),
    ],
)
def test_heads_are_blank_where_there_is_no_electrode(names, least, most):
    figure = head_maps(np.ones((1, len(names))), names, ["map"])
    figure.draw_without_rendering()
    axes = figure.axes[0]
    coloured = axes.images[0].get_clip_path().get_fully_transformed_path().get_extents()
    head = max(line.get_window_extent().height for line in axes.lines)
    assert least * head < coloured.height < most * head


def test_selectivity_is_sorted_by_frequency(rng):
    change = np.zeros((3, 2, 4))
    change[0, 1, 3], change[1, 0, 0], change[2, 1, 1] = -1.0, 0.5, 0.3
    figure = selectivity_maps(change, [2.0, 4.0, 8.0, 16.0], ["C3", "C4"])
    neurons = figure.axes[1].images[0].get_array()
    assert neurons.argmax(axis=1).tolist()[:2] == [0, 1]
    assert neurons[2, 3] == -1.0
    assert len(selectivity_maps(change[:, :1], [2.0, 4.0, 8.0, 16.0], ["C3"]).axes[0].lines) == 1


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (learning_curves, ([{}],)),
        (confusion_matrix, ([[1, 2]], ["a", "b"])),
        (fold_scores, ({},)),
        (spike_raster, (np.zeros((3, 4, 5)),)),
        (feature_raster, (np.zeros((0, 4)),)),
        (trial_rasters, ([],)),
        (differences, ([], "ours")),
        (reliability, ({"a": []},)),
        (accuracy_and_cost, ([],)),
        (training_size_curve, ([],)),
        (selectivity_maps, (np.zeros((2, 3)), [1.0], ["Cz"])),
        (head_maps, (np.zeros((1, 2)), ["Fz", "C3"], ["a"])),
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


def test_a_figure_says_in_words_what_it_shows():
    figure = confusion_matrix([[1, 0], [0, 1]], ["left", "right"])
    assert to_svg(figure, 'Hands & "feet"').startswith(
        '<svg role="img" aria-label="Hands &amp; &quot;feet&quot;" '
    )


@pytest.mark.parametrize("classes", [["left", "right"], ["eyes open", "eyes closed", "asleep"]])
def test_the_picture_is_as_wide_as_its_labels_need(classes):
    figure = confusion_matrix(np.eye(len(classes), dtype=int), classes)
    svg = to_svg(figure)
    width = float(re.search(r'viewBox="0 0 ([0-9.]+)', svg)[1])
    assert width >= 72 * figure.get_tightbbox().width


def test_a_model_keeps_its_colour_from_figure_to_figure():
    colours = model_colours(["a", "b", "c"])
    lines = fold_scores({"c": {"1": [0.5]}, "a": {"1": [0.7]}}, colours=colours).axes[0].lines
    assert {line.get_color() for line in lines} >= {colours["a"], colours["c"]}
    assert colours["b"] not in {line.get_color() for line in lines}
