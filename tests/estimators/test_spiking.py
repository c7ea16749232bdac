from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eegsnn.errors import (
    ConfigurationError,
    DataError,
    InterruptedTrainingWarning,
    SilentNetworkWarning,
)
from eegsnn.estimators import SpikingClassifier, _base
from eegsnn.surrogate import Surrogate


class CtrlC(Surrogate):
    """A surrogate during whose n-th gradient Ctrl-C is pressed: one gradient per training step."""

    def __init__(self, at_step: int) -> None:
        super().__init__("arctan", 2.0, self._formula)
        object.__setattr__(self, "left", at_step)

    def _formula(self, u: Any, slope: float, xp: Any) -> Any:
        object.__setattr__(self, "left", self.left - 1)
        if self.left == 0:
            raise KeyboardInterrupt
        return 1.0 / (1.0 + xp.square(xp.pi * u))


def weights_of(model: SpikingClassifier) -> list[np.ndarray]:
    return [array for member in model._ensemble.weights for array in member.values()]


def same_weights(first: SpikingClassifier, second: SpikingClassifier) -> bool:
    pairs = zip(weights_of(first), weights_of(second), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def series_of_rows(rows: Any, n_times: int = 12) -> np.ndarray:
    """Trials (trials, channels, times) whose channels wobble about the values of the rows."""
    noise = np.random.default_rng(3).normal(scale=0.5, size=(*rows.X.shape, n_times))
    return rows.X[:, :, None] + noise


class TestLearning:
    @pytest.mark.parametrize("input_coding", ["direct", "poisson"])
    @pytest.mark.parametrize("readout", ["membrane", "rate"])
    def test_rows(self, readout: str, input_coding: str, rows: Any, quick: dict) -> None:
        quick |= {"max_epochs": 20, "n_steps": 10}
        model = SpikingClassifier(readout=readout, input_coding=input_coding, **quick)
        # Ten steps of random spikes tell a value but roughly.
        least = 0.9 if input_coding == "direct" else 0.75
        assert model.fit(rows.X, rows.y).score(rows.X, rows.y) > least

    @pytest.mark.parametrize("input_coding", ["direct", "poisson"])
    def test_series(self, input_coding: str, rows: Any, quick: dict) -> None:
        X = series_of_rows(rows)
        model = SpikingClassifier(input_coding=input_coding, **quick | {"max_epochs": 15})
        # As in the test above: all trials are compared with the same few random numbers.
        least = 0.85 if input_coding == "direct" else 0.75
        assert model.fit(X, rows.y).score(X, rows.y) > least
        assert model.hidden_spikes(X).shape == (12, 60, 16)

    def test_the_order_of_samples_matters(self, quick: dict) -> None:
        rng = np.random.default_rng(0)
        rising = np.tile(np.linspace(-1, 1, 16), (40, 1, 1)) + rng.normal(0, 0.2, (40, 1, 16))
        y = np.arange(40) % 2
        X = np.where(y[:, None, None] == 1, rising, rising[:, :, ::-1])
        model = SpikingClassifier(**quick | {"max_epochs": 20})
        assert model.fit(X, y).score(X, y) > 0.9

    def test_probabilities_are_of_the_classes_in_order(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick).fit(rows.X, rows.y)
        assert model.classes_.tolist() == ["move", "rest"]
        probabilities = model.predict_proba(rows.X)
        assert probabilities.dtype == np.float64
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
        assert probabilities[rows.y == "move", 0].mean() > 0.6

    def test_several_networks_average_their_probabilities(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick, n_networks=2).fit(rows.X, rows.y)
        first = SpikingClassifier(**quick).fit(rows.X, rows.y)
        assert len(model.histories_) == 2
        both = model.predict_proba(rows.X)
        one = first.predict_proba(rows.X)
        other = 2 * both - one
        assert not np.allclose(one, other)
        assert (other > 0).all()
        np.testing.assert_allclose(other.sum(axis=1), 1, rtol=1e-9)

    def test_a_constant_feature_does_not_drown_the_others(self, rows: Any, quick: dict) -> None:
        # 0.1 is no sum of powers of two: its mean over 60 trials differs by rounding.
        X = np.column_stack([rows.X, np.full(60, 0.1)])
        model = SpikingClassifier(**quick).fit(X, rows.y)
        shifted = X.copy()
        shifted[:, 4] += 1e-3
        np.testing.assert_allclose(model.predict_proba(shifted), model.predict_proba(X), atol=0.05)

    @pytest.mark.parametrize(("scale", "offset"), [(1e-6, 0.0), (1e6, 0.0), (1e-6, 1.0)])
    def test_units_do_not_matter(self, scale: float, offset: float, rows: Any, quick: dict) -> None:
        plain = SpikingClassifier(**quick).fit(rows.X, rows.y)
        moved = SpikingClassifier(**quick).fit(scale * rows.X + offset, rows.y)
        agree = plain.predict(rows.X) == moved.predict(scale * rows.X + offset)
        assert agree.mean() > 0.9

    def test_records_of_training(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick).fit(rows.X, rows.y)
        assert model.n_iter_ == len(model.loss_curve_) == 6
        assert model.loss_curve_[-1] < model.loss_curve_[0]
        assert model.validation_scores_ == []
        assert model.spike_rates_.keys() == {"hidden1"}
        assert not model.interrupted_

    def test_rates_are_those_of_the_spikes(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick | {"hidden": (8, 6)}).fit(rows.X, rows.y)
        for layer, size in ((0, 8), (1, 6)):
            spikes = model.hidden_spikes(rows.X, layer=layer)
            assert spikes.shape == (5, 60, size)
            assert spikes.dtype == bool
            assert model.spike_rates_[f"hidden{layer + 1}"] == pytest.approx(spikes.mean())

    def test_output_spikes_are_counted_with_the_rate_readout(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(readout="rate", **quick).fit(rows.X, rows.y)
        assert model.spike_rates_.keys() == {"hidden1", "output"}


class TestSameness:
    def test_one_seed_one_model(self, rows: Any, quick: dict) -> None:
        quick |= {"dropout": 0.2, "input_coding": "poisson", "early_stopping": True}
        first, second = (SpikingClassifier(**quick).fit(rows.X, rows.y) for _ in range(2))
        assert same_weights(first, second)
        other = SpikingClassifier(**quick | {"random_state": 1}).fit(rows.X, rows.y)
        assert not same_weights(first, other)

    def test_a_generator_as_seed_is_used_up(self, rows: Any, quick: dict) -> None:
        quick["random_state"] = np.random.RandomState(0)
        first, second = (SpikingClassifier(**quick).fit(rows.X, rows.y) for _ in range(2))
        assert not same_weights(first, second)

    @pytest.mark.parametrize("input_coding", ["direct", "poisson"])
    def test_the_order_of_trials_does_not_matter(
        self, input_coding: str, rows: Any, quick: dict
    ) -> None:
        quick["input_coding"] = input_coding
        order = np.random.default_rng(0).permutation(60)
        first = SpikingClassifier(**quick).fit(rows.X, rows.y)
        second = SpikingClassifier(**quick).fit(rows.X[order], rows.y[order])
        assert same_weights(first, second)

    @pytest.mark.parametrize("kind", ["rows", "series"])
    def test_a_weight_of_two_is_a_trial_given_twice(
        self, kind: str, rows: Any, quick: dict
    ) -> None:
        X = rows.X if kind == "rows" else series_of_rows(rows)
        weights = np.random.default_rng(0).integers(0, 4, size=60)
        repeated = np.repeat(np.arange(60), weights)
        first = SpikingClassifier(**quick).fit(X, rows.y, sample_weight=weights)
        second = SpikingClassifier(**quick).fit(X[repeated], rows.y[repeated])
        assert same_weights(first, second)

    @pytest.mark.parametrize("input_coding", ["direct", "poisson"])
    @pytest.mark.parametrize("kind", ["rows", "series"])
    def test_a_trial_alone_is_predicted_as_among_others(
        self, kind: str, input_coding: str, rows: Any, quick: dict
    ) -> None:
        X = rows.X if kind == "rows" else series_of_rows(rows)
        X, y = np.concatenate([X, X + 0.01]), np.concatenate([rows.y, rows.y])
        model = SpikingClassifier(input_coding=input_coding, **quick).fit(X, y)
        together = model.predict_proba(X)
        for trial in (0, 1, 63, 64, 119):  # on either side of a batch's end
            np.testing.assert_array_equal(
                model.predict_proba(X[trial : trial + 1])[0], together[trial]
            )
        np.testing.assert_array_equal(model.predict_proba(X[::-1]), together[::-1])

    def test_a_dark_trial_is_predicted_the_same_among_bright_ones(self, quick: dict) -> None:
        # Spikes come as events among dark trials, and densely among bright ones.
        rng = np.random.default_rng(0)
        X = rng.random((80, 100)) * np.where(np.arange(80) < 20, 0.3, 1.0)[:, None]
        y = X[:, 0] > X[:, 1]
        model = SpikingClassifier(input_coding="poisson", **quick).fit(X, y)
        alone, among = model.predict_proba(X[:20]), model.predict_proba(X)[:20]
        np.testing.assert_allclose(alone, among, rtol=1e-4)


class TestWeights:
    def test_trials_of_weight_zero_are_left_out(self, rows: Any, quick: dict) -> None:
        wrong = np.arange(60) < 40
        y = np.where(wrong, np.where(rows.y == "move", "rest", "move"), rows.y)
        weighted = SpikingClassifier(**quick).fit(rows.X, y, sample_weight=~wrong)
        assert same_weights(weighted, SpikingClassifier(**quick).fit(rows.X[40:], y[40:]))

    def test_balanced_classes_help_the_rare_one(self, quick: dict) -> None:
        rng = np.random.default_rng(0)
        y = (np.arange(100) < 10).astype(int)
        X = rng.normal(size=(100, 2)) + 1.2 * y[:, None]
        plain = SpikingClassifier(**quick).fit(X, y).predict(X)
        balanced = SpikingClassifier(class_weight="balanced", **quick).fit(X, y).predict(X)
        assert (balanced[y == 1] == 1).mean() > (plain[y == 1] == 1).mean() + 0.2

    def test_weights_of_classes_multiply_weights_of_trials(self, rows: Any, quick: dict) -> None:
        by_class = SpikingClassifier(class_weight={"move": 3.0}, **quick).fit(rows.X, rows.y)
        by_trial = SpikingClassifier(**quick).fit(
            rows.X, rows.y, sample_weight=np.where(rows.y == "move", 3.0, 1.0)
        )
        assert same_weights(by_class, by_trial)

    def test_negative_weights_are_refused(self, rows: Any, quick: dict) -> None:
        for method in ("fit", "partial_fit"):
            with pytest.raises(DataError, match="sample_weight: expected weights ≥ 0"):
                getattr(SpikingClassifier(**quick), method)(
                    rows.X, rows.y, sample_weight=np.full(60, -1.0)
                )

    def test_weights_for_one_class_only_are_refused(self, rows: Any, quick: dict) -> None:
        with pytest.raises(DataError, match="at least two classes"):
            SpikingClassifier(**quick).fit(rows.X, rows.y, sample_weight=rows.y == "move")
        with pytest.raises(DataError, match="at least two classes"):
            SpikingClassifier(class_weight={"move": 0}, **quick).fit(rows.X, rows.y)

    def test_a_weight_for_a_label_that_does_not_occur_is_refused(
        self, rows: Any, quick: dict
    ) -> None:
        with pytest.raises(ConfigurationError, match=r"class_weight: .*\['move', 'rest'\].*'feet'"):
            SpikingClassifier(class_weight={"feet": 2.0}, **quick).fit(rows.X, rows.y)


class TestEarlyStopping:
    def test_holds_out_trials_and_stops(self, rows: Any, quick: dict) -> None:
        quick |= {"max_epochs": 200, "early_stopping": True, "n_iter_no_change": 3}
        model = SpikingClassifier(**quick).fit(rows.X, rows.y)
        assert 3 < model.n_iter_ < 200
        assert len(model.validation_scores_) == model.n_iter_
        assert max(model.validation_scores_) > 0.7

    def test_by_whole_groups(self, rows: Any, quick: dict) -> None:
        # Two subjects with opposite rules: whichever is held out, what was learned on the other
        # is wrong there. One trial of both sides in training would spoil that.
        groups = np.repeat(["s1", "s2"], 30)
        y = np.where(groups == "s2", np.where(rows.y == "move", "rest", "move"), rows.y)
        for seed in range(3):
            quick |= {"random_state": seed, "max_epochs": 15, "n_iter_no_change": 15}
            model = SpikingClassifier(early_stopping=True, validation_fraction=0.1, **quick)
            model.fit(rows.X, y, groups=groups)
            assert model.validation_scores_[-1] < 0.2

    def test_a_class_of_one_trial_is_refused_by_name(self, rows: Any, quick: dict) -> None:
        y = rows.y.copy()
        y[0] = "feet"
        with pytest.raises(DataError, match=r"early_stopping: .*class 'feet' has 1"):
            SpikingClassifier(early_stopping=True, **quick).fit(rows.X, y)

    def test_one_group_is_too_few(self, rows: Any, quick: dict) -> None:
        with pytest.raises(DataError, match=r"early_stopping: no group can be held out"):
            SpikingClassifier(early_stopping=True, **quick).fit(rows.X, rows.y, groups=np.zeros(60))

    def test_groups_of_another_length_are_refused(self, rows: Any, quick: dict) -> None:
        with pytest.raises(DataError, match=r"groups: .*60 trials.*\(59,\)"):
            SpikingClassifier(**quick).fit(rows.X, rows.y, groups=np.zeros(59))


class TestPartialFit:
    def test_learns_over_calls(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick)
        for _ in range(8):
            model.partial_fit(rows.X, rows.y)
        assert model.score(rows.X, rows.y) > 0.9
        assert model.n_iter_ == len(model.loss_curve_) == 8
        assert model.loss_curve_[-1] < model.loss_curve_[0]

    def test_batches_may_lack_classes_named_at_first(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick)
        move = rows.y == "move"
        model.partial_fit(rows.X, rows.y, classes=["rest", "move", "feet"])
        model.partial_fit(rows.X[move], rows.y[move])
        assert model.classes_.tolist() == ["feet", "move", "rest"]
        assert model.predict_proba(rows.X).shape == (60, 3)

    def test_goes_on_after_a_fit(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick).fit(rows.X, rows.y)
        before = model.predict_proba(rows.X)
        model.partial_fit(rows.X, rows.y)
        assert model.n_iter_ == 7
        change = np.abs(model.predict_proba(rows.X) - before).max()
        assert 0 < change < 0.5

    def test_scales_are_those_of_the_first_call(self, rows: Any, quick: dict) -> None:
        first = SpikingClassifier(**quick).partial_fit(rows.X, rows.y)
        loud = SpikingClassifier(**quick).partial_fit(rows.X, rows.y)
        first.partial_fit(rows.X, rows.y)
        loud.partial_fit(100 * rows.X, rows.y)
        assert not same_weights(first, loud)

    def test_weights_count(self, rows: Any, quick: dict) -> None:
        weights = np.where(rows.y == "move", 3.0, 1.0)
        by_trial = SpikingClassifier(**quick).partial_fit(rows.X, rows.y, sample_weight=weights)
        by_class = SpikingClassifier(class_weight={"move": 3.0}, **quick)
        assert same_weights(by_class.partial_fit(rows.X, rows.y), by_trial)
        assert not same_weights(SpikingClassifier(**quick).partial_fit(rows.X, rows.y), by_trial)

    def test_unknown_labels_are_refused(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick).partial_fit(rows.X, rows.y)
        with pytest.raises(DataError, match=r"y: .*\['move', 'rest'\], but got \['feet'\]"):
            model.partial_fit(rows.X, np.where(rows.y == "move", "feet", "rest"))
        with pytest.raises(DataError, match=r"classes: .*'feet'"):
            model.partial_fit(rows.X, rows.y, classes=["move", "feet"])

    def test_balanced_weights_are_refused(self, rows: Any, quick: dict) -> None:
        with pytest.raises(ConfigurationError, match=r"class_weight: .*partial_fit"):
            SpikingClassifier(class_weight="balanced", **quick).partial_fit(rows.X, rows.y)

    def test_another_kind_of_trials_is_refused(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick).partial_fit(rows.X, rows.y)
        with pytest.raises(DataError, match=r"fitted on rows"):
            model.partial_fit(series_of_rows(rows), rows.y)


class TestWarmStart:
    def test_goes_on_from_the_weights(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(warm_start=True, **quick).fit(rows.X, rows.y)
        first = model.loss_curve_
        model.fit(rows.X, rows.y)
        assert model.loss_curve_[0] < first[0]
        assert model.loss_curve_[-1] < first[-1]

    def test_without_it_training_begins_anew(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick).fit(rows.X, rows.y)
        first = model.loss_curve_
        assert model.fit(rows.X, rows.y).loss_curve_ == first

    def test_a_failure_after_training_keeps_the_weights_before(
        self, rows: Any, quick: dict, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = SpikingClassifier(warm_start=True, **quick).fit(rows.X, rows.y)
        before = model.predict_proba(rows.X)
        monkeypatch.setattr(_base, "_SATURATED", 0.01)
        with pytest.raises(SilentNetworkWarning):  # an error here: see pyproject.toml
            model.fit(rows.X, rows.y)
        np.testing.assert_array_equal(model.predict_proba(rows.X), before)

    def test_more_networks_are_added(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(warm_start=True, **quick).fit(rows.X, rows.y)
        model.set_params(n_networks=2).fit(rows.X, rows.y)
        assert len(model.histories_) == 2
        assert len(model._ensemble.weights) == 2

    @pytest.mark.parametrize(
        ("change", "error", "words"),
        [
            ({"hidden": (5,)}, ConfigurationError, "warm_start: .*network of the first fit"),
            ({"beta": 0.7}, ConfigurationError, "warm_start: .*network of the first fit"),
        ],
    )
    def test_another_network_is_refused(
        self, change: dict, error: type, words: str, rows: Any, quick: dict
    ) -> None:
        model = SpikingClassifier(warm_start=True, **quick).fit(rows.X, rows.y)
        before = model.predict_proba(rows.X)
        with pytest.raises(error, match=words):
            model.set_params(**change).fit(rows.X, rows.y)
        np.testing.assert_array_equal(model.predict_proba(rows.X), before)

    def test_other_classes_or_inputs_are_refused(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(warm_start=True, **quick).fit(rows.X, rows.y)
        before = model.predict_proba(rows.X)
        with pytest.raises(DataError, match=r"warm_start: .*classes of the first fit"):
            model.fit(rows.X, np.where(rows.y == "move", "feet", "rest"))
        with pytest.raises(DataError, match="fitted on 4 inputs, but got 3"):
            model.fit(rows.X[:, :3], rows.y)
        with pytest.raises(DataError, match="fitted on rows"):
            model.fit(series_of_rows(rows), rows.y)
        np.testing.assert_array_equal(model.predict_proba(rows.X), before)


class TestInterruption:
    def test_keeps_the_weights_so_far(self, rows: Any, quick: dict) -> None:
        # 6 steps an epoch: in the middle of the sixth.
        model = SpikingClassifier(**quick | {"max_epochs": 50, "surrogate": CtrlC(33)})
        with pytest.warns(InterruptedTrainingWarning, match=r"after 5 of 50 epochs.*max_epochs"):
            model.fit(rows.X, rows.y)
        assert model.interrupted_
        assert model.n_iter_ == 5
        assert model.score(rows.X, rows.y) > 0.9

    def test_in_the_second_network_the_first_is_kept(self, rows: Any, quick: dict) -> None:
        alone = SpikingClassifier(**quick | {"surrogate": CtrlC(-1)}).fit(rows.X, rows.y)
        model = SpikingClassifier(**quick | {"surrogate": CtrlC(6 * 6 + 3)}, n_networks=3)
        with pytest.warns(
            InterruptedTrainingWarning, match=r"first epoch of network 2 of 3.*n_networks"
        ):
            model.fit(rows.X, rows.y)
        assert model.interrupted_
        assert same_weights(model, alone)

    @pytest.mark.filterwarnings("error")
    def test_in_the_first_epoch_nothing_changes(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick).fit(rows.X, rows.y)
        before = model.predict_proba(rows.X)
        model.set_params(surrogate=CtrlC(3), random_state=5)
        with pytest.raises(KeyboardInterrupt):
            model.fit(rows.X[:, :3], np.where(rows.y == "move", 1, 0))
        assert model.classes_.tolist() == ["move", "rest"]
        np.testing.assert_array_equal(model.predict_proba(rows.X), before)

    def test_the_first_fit_leaves_an_unfitted_model(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick | {"surrogate": CtrlC(3)})
        with pytest.raises(KeyboardInterrupt):
            model.fit(rows.X, rows.y)
        assert not hasattr(model, "classes_")

    def test_a_partial_fit_changes_all_or_nothing(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick | {"surrogate": CtrlC(6 + 3)})
        model.partial_fit(rows.X, rows.y)
        before = model.predict_proba(rows.X)
        with pytest.raises(KeyboardInterrupt):
            model.partial_fit(rows.X, rows.y)
        assert model.n_iter_ == 1
        np.testing.assert_array_equal(model.predict_proba(rows.X), before)
        model.partial_fit(rows.X, rows.y)
        assert model.n_iter_ == 2


class TestWarnings:
    def test_silent_layers_are_named(self, quick: dict) -> None:
        quick |= {"hidden": (16, 8)}
        with pytest.warns(SilentNetworkWarning) as caught:
            SpikingClassifier(**quick).fit(np.zeros((20, 3)), np.arange(20) % 2)
        assert [str(w.message).split(" (")[0] for w in caught] == [
            "Layer hidden1 hardly spikes",
            "Layer hidden2 hardly spikes",
        ]
        assert all("lower threshold" in str(w.message) for w in caught)
        assert {w.filename for w in caught} == {__file__}  # the line that called fit

    def test_a_saturated_layer_is_named(
        self, rows: Any, quick: dict, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Calibrated networks do not saturate by any setting known: the bound is lowered instead.
        monkeypatch.setattr(_base, "_SATURATED", 0.01)
        with pytest.warns(
            SilentNetworkWarning, match=r"hidden1 spikes at nearly every step.*raise threshold"
        ):
            SpikingClassifier(**quick).fit(rows.X, rows.y)


def test_progress_goes_to_standard_error(
    rows: Any, quick: dict, capfd: pytest.CaptureFixture[str]
) -> None:
    SpikingClassifier(verbose=1, early_stopping=True, **quick).fit(rows.X, rows.y)
    out, err = capfd.readouterr()
    assert out == ""
    assert "network 1, epoch 6: loss" in err
    assert "held-out accuracy" in err
    SpikingClassifier(**quick).fit(rows.X, rows.y)
    assert capfd.readouterr() == ("", "")


class TestRefusals:
    def test_one_class_only(self, rows: Any, quick: dict) -> None:
        with pytest.raises(DataError, match=r"at least two classes, but all 60 .*one class, 'a'"):
            SpikingClassifier(**quick).fit(rows.X, ["a"] * 60)

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_samples_that_are_not_finite_are_located(
        self, bad: float, rows: Any, quick: dict
    ) -> None:
        X = series_of_rows(rows)
        model = SpikingClassifier(**quick | {"max_epochs": 1}).fit(X, rows.y)
        X[7, 2, 3] = bad
        for call in (
            lambda: SpikingClassifier(**quick).fit(X, rows.y),
            lambda: SpikingClassifier(**quick).partial_fit(X, rows.y),
            lambda: model.predict(X),
        ):
            with pytest.raises(DataError, match=r"1 of 2880 samples.*trial 7, channel 2"):
                call()

    def test_rows_that_are_not_finite(self, rows: Any, quick: dict) -> None:
        X = rows.X.copy()
        X[3, 1] = np.nan
        with pytest.raises(ValueError, match="NaN"):
            SpikingClassifier(**quick).fit(X, rows.y)

    @pytest.mark.parametrize("shape", [(60, 4, 0), (60, 4, 2, 3)])
    def test_other_shapes(self, shape: tuple[int, ...], rows: Any, quick: dict) -> None:
        with pytest.raises(DataError, match=r"X: expected rows .* or series .*but got shape"):
            SpikingClassifier(**quick).fit(np.zeros(shape), rows.y)

    def test_another_kind_or_number_at_prediction(self, rows: Any, quick: dict) -> None:
        series = series_of_rows(rows)
        on_rows = SpikingClassifier(**quick).fit(rows.X, rows.y)
        on_series = SpikingClassifier(**quick | {"max_epochs": 1}).fit(series, rows.y)
        with pytest.raises(DataError, match=r"fitted on rows .*other kind"):
            on_rows.predict(series)
        with pytest.raises(DataError, match=r"fitted on series .*other kind"):
            on_series.predict(rows.X)
        with pytest.raises(DataError, match=r"expected 4 channels, as in training, but got 3"):
            on_series.predict(series[:, :3])
        with pytest.raises(ValueError, match="3 features"):
            on_rows.predict(rows.X[:, :3])

    def test_series_of_another_length(self, rows: Any, quick: dict) -> None:
        series = series_of_rows(rows)
        quick["max_epochs"] = 1
        free = SpikingClassifier(**quick).fit(series, rows.y)
        assert free.predict(series[:, :, :9]).shape == (60,)
        bound = SpikingClassifier(readout_weights=True, **quick).fit(series, rows.y)
        with pytest.raises(DataError, match=r"expected 12 time steps.*but got 9"):
            bound.predict(series[:, :, :9])

    def test_a_hidden_layer_that_is_not_there(self, rows: Any, quick: dict) -> None:
        model = SpikingClassifier(**quick).fit(rows.X, rows.y)
        with pytest.raises(ConfigurationError, match=r"layer: expected an integer in \[0, 0\]"):
            model.hidden_spikes(rows.X, layer=1)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("hidden", ()),
            ("beta", 2.0),
            ("n_steps", 0),
            ("input_coding", "latency"),
            ("max_epochs", 0),
            ("learning_rate", "fast"),
            ("validation_fraction", 1.0),
            ("n_networks", 0),
            ("class_weight", "equal"),
            ("class_weight", {"move": -1.0}),
            ("warm_start", "yes"),
            ("random_state", "seed"),
            ("random_state", -1),
            ("verbose", "loud"),
            ("verbose", -1),
        ],
    )
    def test_impossible_parameters_by_name(
        self, name: str, value: Any, rows: Any, quick: dict
    ) -> None:
        model = SpikingClassifier(**quick | {name: value})
        with pytest.raises(ConfigurationError, match=rf"^{name}.*: expected"):
            model.check_parameters()
        with pytest.raises(ConfigurationError, match=rf"^{name}.*: expected"):
            model.fit(rows.X, rows.y)
