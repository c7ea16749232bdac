"""`EEGSpikingClassifier()` left to itself: it finds what is there and says what it tried."""

from __future__ import annotations

import json
from copy import copy
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from eegsnn.encoding import EEGEncoder
from eegsnn.errors import ConfigurationError, DataError, DataTrapWarning, ModelFileError
from eegsnn.estimators import EEGSpikingClassifier, load_model
from eegsnn.estimators.automatic.coding import PopulationCode
from eegsnn.estimators.automatic.views import Trials, possible_views, stimulus_frequencies

SFREQ = 100.0
QUICK: dict[str, Any] = {"sfreq": SFREQ, "random_state": 0, "time_budget_s": 0.5}


def rhythm(rng: np.random.Generator, n: int = 40, n_channels: int = 3) -> tuple:
    """Half of the trials have a 10 Hz rhythm of any phase in one mix of the channels."""
    X = rng.normal(size=(n, n_channels, 200))
    y = np.repeat(["closed", "open"], n // 2)
    phases = rng.uniform(0, 2 * np.pi, (n // 2, 1, 1))
    mix = np.array([1.0, -0.5, 0.2])[:n_channels, None]
    X[: n // 2] += 0.7 * mix * np.sin(2 * np.pi * 10 * np.arange(200) / SFREQ + phases)
    return X, y


def slow(rng: np.random.Generator, n: int = 40) -> tuple:
    """Half of the trials drift up on one channel, the others down."""
    X = rng.normal(size=(n, 2, 200))
    y = np.arange(n) % 2
    X[:, 1] += 0.5 * np.where(y, 1, -1)[:, None] * np.linspace(0, 2, 200)
    return X, y


def timed(rng: np.random.Generator, n: int = 60) -> tuple:
    """A rhythm in the first half of the trial, or in the second."""
    X = rng.normal(size=(n, 3, 200))
    y, time = np.arange(n) % 2, np.arange(200) / SFREQ
    rhythm = np.sin(2 * np.pi * 10 * time + rng.uniform(0, 2 * np.pi, (n, 1)))
    X[:, 0] += 1.2 * rhythm * np.where(y[:, None], time >= 1.0, time < 1.0)
    return X, y


@pytest.fixture(scope="module")
def chosen() -> tuple[EEGSpikingClassifier, np.ndarray, np.ndarray]:
    """A model that chose on :func:`rhythm`, and its trials; not to be fitted again."""
    X, y = rhythm(np.random.default_rng(0))
    return EEGSpikingClassifier(**QUICK).fit(X, y), X, y


@pytest.mark.parametrize("make", [rhythm, slow, timed])
def test_it_finds_what_tells_the_classes_apart(make: Any, rng: np.random.Generator) -> None:
    X, y = make(rng)
    test, truth = make(rng)
    model = EEGSpikingClassifier(**QUICK).fit(X, y)
    assert model.score(test, truth) > 0.85
    best = max(model.selection_, key=lambda view: view["weight"])
    assert best["chosen"]
    assert best["score"] > 0.8
    assert ("slow" in best["name"]) == (make is slow)
    assert ("over time" in best["name"]) == (make is timed)


def test_noise_stays_at_chance(rng: np.random.Generator) -> None:
    scores = []
    for _ in range(4):
        X, y = rng.normal(size=(60, 3, 100)), np.repeat([0, 1], 30)
        model = EEGSpikingClassifier(**QUICK).fit(X[::2], y[::2])
        scores.append(model.score(X[1::2], y[1::2]))
        assert max(view["score"] or 0.0 for view in model.selection_) < 0.9
    assert 0.3 < np.mean(scores) < 0.7


def test_the_same_seed_gives_the_same_model_in_any_order(
    chosen: tuple, rng: np.random.Generator
) -> None:
    first, X, y = chosen
    order = rng.permutation(len(X))
    second = EEGSpikingClassifier(**QUICK).fit(X[order], y[order])
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_volts_and_microvolts_give_the_same(chosen: tuple) -> None:
    model, X, y = chosen
    volts = clone(model).fit(1e-6 * X, y)
    np.testing.assert_allclose(model.predict_proba(X), volts.predict_proba(1e-6 * X), atol=1e-6)
    views = [[view["log_loss"] for view in fitted.selection_] for fitted in (model, volts)]
    np.testing.assert_allclose(*views, rtol=1e-5)  # in the same inner folds


def test_prediction_of_a_trial_does_not_depend_on_others(chosen: tuple) -> None:
    model, X, _ = chosen
    alone = np.vstack([model.predict_proba(X[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(alone, model.predict_proba(X[:5]), atol=1e-6)


def test_what_was_tried_is_told(rng: np.random.Generator) -> None:
    X, y = rhythm(rng)
    model = EEGSpikingClassifier(sfreq=SFREQ, random_state=0, time_budget_s=0.05).fit(X, y)
    json.dumps(model.selection_)
    tried = [view for view in model.selection_ if not view["note"]]
    skipped = [view for view in model.selection_ if view["note"]]
    assert tried
    assert skipped
    assert all("time budget" in view["note"] and view["score"] is None for view in skipped)
    assert all(view["weight"] > 0 for view in tried if view["chosen"])


def test_one_clear_line_where_time_is_too_short(rng: np.random.Generator) -> None:
    X, y = rhythm(rng)
    with pytest.raises(ConfigurationError, match=r"^time_budget_s: expected enough time"):
        EEGSpikingClassifier(sfreq=SFREQ, time_budget_s=1e-9).fit(X, y)


def test_groups_unmask_a_view_that_knows_the_subject(rng: np.random.Generator) -> None:
    """The label belongs to the subject, as does a course that says nothing of the class."""
    subjects = np.repeat(np.arange(8), 10)
    y = subjects % 2
    X = rng.normal(size=(80, 2, 100)) + np.repeat(rng.normal(size=(8, 2, 10)), 10, axis=2)[subjects]
    free = EEGSpikingClassifier(**QUICK).fit(X, y).selection_
    honest = EEGSpikingClassifier(**QUICK).fit(X, y, groups=subjects).selection_
    name = "slow potentials"
    scores = [next(v["score"] for v in s if v["name"] == name) for s in (free, honest)]
    assert scores[0] > 0.9
    assert scores[1] < 0.8


def test_a_rare_response_is_found_in_subjects_who_differ(rng: np.random.Generator) -> None:
    """One trial of six has a wave; how large and how late, subjects differ in."""
    subjects, y = np.repeat(np.arange(4), 90), np.tile(np.arange(90) % 6 == 0, 4)
    X = np.cumsum(rng.normal(size=(360, 4, 80)), axis=2)
    X -= X.mean(axis=2, keepdims=True)
    X *= np.array([0.5, 1.0, 1.5, 2.0])[subjects, None, None]
    wave = np.exp(-((np.arange(80) - 40 - 4 * subjects[:, None]) ** 2) / 72)
    X += 6.0 * y[:, None, None] * np.array([1, 0.8, 0.4, 0.1])[None, :, None] * wave[:, None]
    train = subjects < 3
    model = EEGSpikingClassifier(**QUICK).fit(X[train], y[train], groups=subjects[train])
    weights = {view["name"]: view["weight"] for view in model.selection_ if view["chosen"]}
    assert weights["slow potentials"] > 0.6  # of the prior, a fifth is its
    found = model.predict_proba(X[~train])[:, 1]
    assert roc_auc_score(y[~train], found) > 0.95
    assert 0.05 < found.mean() < 0.35


@pytest.mark.parametrize("n_trials", [2, 3, 4, 6])
def test_very_few_trials_are_enough(n_trials: int, rng: np.random.Generator) -> None:
    X, y = slow(rng, n_trials)
    model = EEGSpikingClassifier(**QUICK)
    if n_trials < 4:  # nothing can be held out
        with pytest.warns(DataTrapWarning, match="a class has only one trial"):
            model.fit(X, y)
        assert model.predict_proba(X).max() < 0.95
    else:
        model.fit(X, y)
    assert set(model.predict(X)) <= {0, 1}


def test_a_class_of_one_group_is_told(rng: np.random.Generator) -> None:
    X, y = slow(rng, 30)
    with pytest.warns(DataTrapWarning, match="in one group only"):
        model = EEGSpikingClassifier(**QUICK).fit(X, y, groups=np.where(y, 0, np.arange(30) % 3))
    assert all(view["score"] is None for view in model.selection_)
    assert model.predict_proba(X).max() < 0.95


def test_rare_responses_are_found(rng: np.random.Generator) -> None:
    """One trial of eight has a wave; the threshold of so many features was beyond most of them."""

    def trials(n: int) -> tuple[np.ndarray, np.ndarray]:
        y = (np.arange(n) % 8 == 0).astype(int)
        wave = np.exp(-((np.arange(100) - 45) ** 2) / 200)
        X = rng.normal(size=(n, 8, 100))
        return X + 0.45 * (y * np.exp(0.3 * rng.normal(size=n)))[:, None, None] * wave, y

    model = EEGSpikingClassifier(**QUICK).fit(*trials(96))
    new, truth = trials(400)
    assert balanced_accuracy_score(truth, model.predict(new)) > 0.8


def test_a_fast_recording_costs_what_a_slow_one_does(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    slowly, y = rhythm(rng)
    X = np.repeat(slowly, 10, axis=2) + 0.1 * rng.normal(size=(40, 3, 2000))  # at 1000 Hz
    fast = {**QUICK, "sfreq": 1000.0}
    model = EEGSpikingClassifier(**fast).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.85
    half = EEGSpikingClassifier(**{**QUICK, "sfreq": 500.0}).plan((40, 3, 1000), y)
    assert EEGSpikingClassifier(**fast).plan((40, 3, 2000), ["open", "closed"]) == half
    again = load_model(model.save(tmp_path / "model"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    with pytest.raises(DataError, match="expected 2000 samples, as in training, but got 500"):
        again.predict(X[:, :, ::4])


def test_high_gamma_is_seen_where_the_recording_is_fast_enough(rng: np.random.Generator) -> None:
    time, y = np.arange(1500) / 1000, np.arange(40) // 2 % 2
    X = np.cumsum(rng.normal(size=(40, 4, 1500)), axis=2)  # as the brain's: slow is strong
    phases = rng.uniform(0, 2 * np.pi, (40, 1))
    X[:, 2] += 0.7 * y[:, None] * np.sin(2 * np.pi * 130 * time + phases)
    model = EEGSpikingClassifier(sfreq=1000.0, random_state=0).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.9
    best = max(model.selection_, key=lambda view: view["weight"])
    assert best["name"] == "high gamma power"
    slow = EEGSpikingClassifier(sfreq=250.0).plan((40, 4, 375), y)
    assert "high gamma power" not in [view["name"] for view in slow]


def test_fast_stimuli_are_still_seen(rng: np.random.Generator) -> None:
    """Lights of 70 Hz and more, whose harmonics a rate of 250 Hz would not hold."""
    time = np.arange(2000) / 1000
    y = np.repeat(["70 Hz", "80 Hz"], 12)
    waves = np.sin(2 * np.pi * np.where(y == "70 Hz", 70.0, 80.0)[:, None] * 2 * time)
    X = rng.normal(size=(24, 3, 2000)) + 0.5 * waves[:, None]
    model = EEGSpikingClassifier(sfreq=1000.0, random_state=0, time_budget_s=1.0)
    assert model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9


def test_one_channel_and_short_trials(rng: np.random.Generator) -> None:
    X, y = rng.normal(size=(20, 1, 12)), np.arange(20) % 2
    X[y == 1] += 1
    assert EEGSpikingClassifier(**QUICK).fit(X, y).score(X, y) > 0.9


def test_saved_is_kept(chosen: tuple, tmp_path: Path) -> None:
    model, X, _ = chosen
    again = EEGSpikingClassifier.load(model.save(tmp_path / "model"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.selection_ == model.selection_
    assert again.get_params() == model.get_params()
    assert again.classes_.tolist() == ["closed", "open"]


def test_a_choice_of_an_earlier_format_is_to_be_fitted_again(chosen: tuple, tmp_path: Path) -> None:
    folder = chosen[0].save(tmp_path / "model")
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 2}))
    with pytest.raises(ModelFileError, match=r"an automatic choice of format version 2.*Fit it ag"):
        load_model(folder)


def test_epochs_are_matched_by_name(rng: np.random.Generator) -> None:
    X, y = rhythm(rng)
    info = mne.create_info(["C3", "C4", "Cz"], SFREQ, "eeg")
    codes = (y == "open") + 1
    events = np.column_stack([np.arange(len(X)), np.zeros(len(X), int), codes])
    epochs = mne.EpochsArray(
        1e-6 * X, info, events, event_id={"closed": 1, "open": 2}, verbose="error"
    )
    model = EEGSpikingClassifier(random_state=0, time_budget_s=0.5).fit(epochs)
    assert model.ch_names_ == ["C3", "C4", "Cz"]
    assert model.sfreq_ == SFREQ
    moved = epochs.copy().reorder_channels(["Cz", "C3", "C4"])
    np.testing.assert_array_equal(model.predict(moved), model.predict(epochs))


def test_spikes_and_operations_are_those_of_the_views(chosen: tuple) -> None:
    model, X, _ = chosen
    names = [view["name"] for view in model.selection_ if view["chosen"]]
    spikes = model.hidden_spikes(X[:4], layer=0)
    assert spikes.dtype == bool
    assert spikes.shape[1] == 4
    for layer in range(len(names)):
        np.testing.assert_allclose(
            model.hidden_rates(X[:4], layer),
            model.hidden_spikes(X[:4], layer).mean(axis=0),
            atol=1e-6,
        )
    assert model.encode(X[:4]).shape[1] == 4
    operations = model.count_operations(X)
    assert operations.total.synaptic_operations > 0
    assert set(model.spike_rates_) == set(names)
    with pytest.raises(ConfigurationError, match="layer"):
        model.hidden_spikes(X, layer=len(names))


def test_counts_are_what_the_neurons_fire(rng: np.random.Generator) -> None:
    features = 3 * rng.normal(size=(50, 7))
    features[0], features[1] = 0.0, 100.0
    code = PopulationCode.fit(features[2:], np.ones(48), n_steps=13)
    fired = code.spikes(features).sum(axis=0).astype(int)
    np.testing.assert_array_equal(fired[:, :7] - fired[:, 7:], code.counts(features))
    error = np.abs(code.values(features[2:]) - (features[2:] - code.offset) / code.scale)
    inside = np.abs(features[2:] - code.offset) < code.limit * code.scale
    assert error[inside].max() <= code.limit / code.n_steps * 0.51


def test_a_parameter_of_the_network_trains_a_network(rng: np.random.Generator) -> None:
    X, y = rhythm(rng, 12)
    assert EEGSpikingClassifier().is_automatic
    assert not EEGSpikingClassifier(hidden=(8,)).is_automatic
    assert not EEGSpikingClassifier(EEGEncoder(bin_width=0.1)).is_automatic
    trained = EEGSpikingClassifier(sfreq=SFREQ, hidden=(8,), max_epochs=1, random_state=0)
    assert trained.fit(X, y).selection_ == []
    with pytest.raises(
        ConfigurationError, match=r"architecture: 'automatic' .* hidden, max_epochs"
    ):
        clone(trained).set_params(architecture="automatic").fit(X, y)


@pytest.mark.parametrize(
    ("n_times", "n_channels", "tried"), [(300, 3, True), (60, 3, False), (300, 1, False)]
)
def test_delayed_rhythms_need_channels_and_time(n_times: int, n_channels: int, tried: bool) -> None:
    names = [v.name for v in possible_views(Trials(20, n_channels, n_times, 2, 128.0), 0, 5)]
    assert ("tangent spaces of delayed rhythms" in names) == tried


def test_classes_that_name_frequencies_are_believed(rng: np.random.Generator) -> None:
    assert stimulus_frequencies(["13Hz", "17.5 Hz", "rest"]) == (13.0, 17.5)
    assert stimulus_frequencies(["left", "right"]) == ()
    names = [v.name for v in possible_views(Trials(20, 3, 300, 2, SFREQ, (13.0, 17.0)), 0, 5)]
    assert "stimulus frequencies" in names
    with pytest.raises(ConfigurationError, match="frequencies: expected"):
        EEGSpikingClassifier(sfreq=SFREQ, frequencies=[13.0]).fit(*rhythm(rng, 8))


def test_bad_input_is_refused_and_the_model_stays(chosen: tuple) -> None:
    model, X, y = copy(chosen[0]), *chosen[1:]
    before = model.predict_proba(X)
    broken = X.copy()
    broken[3, 1, 7] = np.inf
    with pytest.raises((DataError, ValueError)):
        model.fit(broken, y)
    with pytest.raises(DataError, match="samples"):
        model.predict(X[:, :, :150])
    with pytest.raises(ValueError, match="expected 3 channels"):
        model.predict(X[:, :2])
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_continuing_a_choice_is_training_a_network(rng: np.random.Generator) -> None:
    X, y = rhythm(rng, 16)
    model = EEGSpikingClassifier(**QUICK).partial_fit(X, y)
    assert model.committee_ is None
    assert model.predict(X).shape == (16,)


def test_what_cannot_be_chosen_from_is_refused(rng: np.random.Generator) -> None:
    X, y = rhythm(rng, 8)
    dead = X.copy()
    dead[:, 1] = 3.0
    with pytest.raises(DataError, match="Flat channel in the training data: ch1"):
        EEGSpikingClassifier(**QUICK).fit(dead, y)
    with pytest.raises(ConfigurationError, match="frequencies: 70 Hz lies beyond"):
        EEGSpikingClassifier(frequencies=[13, 70], **QUICK).fit(X, y)
    with pytest.raises(ConfigurationError, match="Did you mean 'automatic'"):
        EEGSpikingClassifier(architecture="automatc", **QUICK).fit(X, y)
    with pytest.raises(ConfigurationError, match="sampling rate is not known"):
        EEGSpikingClassifier().fit(X, y)
