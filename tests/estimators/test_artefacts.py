"""Trials that are exceptions are left out, channels that are spoilt are estimated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.encoding import EEGEncoder
from eegsnn.errors import ConfigurationError, DataTrapWarning
from eegsnn.estimators import EEGSpikingClassifier, load_model
from eegsnn.estimators.artefacts import artefact_trials

QUICK: dict[str, Any] = {"sfreq": 100.0, "random_state": 0, "time_budget_s": 0.5}


def background(rng: np.random.Generator, n_trials: int = 40) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=(n_trials, 4, 200)), np.arange(n_trials) % 2


def drifts(rng: np.random.Generator, n_trials: int) -> tuple[np.ndarray, np.ndarray]:
    """Sixteen channels that share a walk; four of them drift up or down a little."""
    X = rng.normal(size=(n_trials, 16, 200))
    X += 0.3 * np.cumsum(rng.normal(size=(n_trials, 1, 200)), axis=2)
    y = np.arange(n_trials) % 2
    X[:, :4] += 0.1 * np.where(y, 1, -1)[:, None, None] * np.linspace(0, 2, 200)
    return X, y


def popped(X: np.ndarray, trials: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return trials of which some have five electrodes that jump and come back slowly."""
    X = X.copy()
    decay = 200.0 * np.exp(-np.arange(X.shape[2]) / 50)
    for trial in trials:
        X[trial, rng.choice(X.shape[1], 5, replace=False)] += decay
    return X


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_few_artefacts_cost_little(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, y = drifts(rng, 80)
    test, truth = drifts(rng, 200)
    trials = rng.choice(80, 12, replace=False)
    spoilt = popped(X, trials, rng)
    clean = EEGSpikingClassifier(**QUICK).fit(X, y)
    assert clean.artefacts_ == []
    dropping = EEGSpikingClassifier(**QUICK).fit(spoilt, y)
    assert dropping.artefacts_ == sorted(trials.tolist())
    keeping = EEGSpikingClassifier(**QUICK, clean_artefacts=False).fit(spoilt, y)
    assert keeping.artefacts_ == []
    assert dropping.score(test, truth) > keeping.score(test, truth) + 0.1
    assert dropping.score(test, truth) > clean.score(test, truth) - 0.05


def blinking(rng: np.random.Generator, X: np.ndarray, share: float) -> np.ndarray:
    """Return trials of which some have a blink: twenty times the power, always in one mix."""
    X, n_trials = X.copy(), len(X)
    blinks = np.flatnonzero(rng.permutation(n_trials) < share * n_trials)
    blink = np.exp(-0.5 * ((np.arange(X.shape[2]) - 100) / 8) ** 2)
    X[blinks] += 20 * np.linspace(1, 0, X.shape[1])[:, None] * blink
    return X


def test_what_recurs_is_how_the_recording_is(rng: np.random.Generator) -> None:
    X, y = background(rng, 100)
    seldom, often = blinking(rng, X, 0.06), blinking(rng, X, 0.2)
    assert artefact_trials(seldom, y).sum() == 6
    assert not artefact_trials(often, y).any()
    often[3, 2] *= 50.0  # beside them, an electrode that jumped
    assert np.flatnonzero(artefact_trials(often, y)).tolist() == [3]
    # What is given twice is no more frequent.
    blinks = np.flatnonzero(artefact_trials(seldom, y))
    trials = np.concatenate([np.arange(100), np.repeat(blinks, 5)])
    assert artefact_trials(seldom[trials], y[trials]).sum() == 36


def test_leaving_out_is_what_not_giving_would_be(rng: np.random.Generator) -> None:
    X, y = drifts(rng, 40)
    X[7, 2] *= 20.0
    left_out = EEGSpikingClassifier(**QUICK).fit(X, y)
    absent = EEGSpikingClassifier(**QUICK).fit(np.delete(X, 7, axis=0), np.delete(y, 7))
    assert left_out.artefacts_ == [7]
    np.testing.assert_array_equal(left_out.predict_proba(X), absent.predict_proba(X))


def test_trials_of_no_weight_say_nothing_of_what_is_usual(rng: np.random.Generator) -> None:
    X, y = background(rng)
    X[7, 2] *= 20.0
    X[20:] *= 20.0
    weights = np.repeat([1.0, 0.0], 20)
    model = EEGSpikingClassifier(**QUICK).fit(X, y, sample_weight=weights)
    assert model.artefacts_ == [7]


def test_a_class_of_other_power_is_no_artefact(rng: np.random.Generator) -> None:
    X, y = background(rng)
    X[y == 1] *= 30.0
    assert not artefact_trials(X, y).any()


def test_a_group_of_other_power_is_no_artefact(rng: np.random.Generator) -> None:
    X, y = background(rng, 60)
    groups = np.repeat(np.arange(6), 10)
    X[groups == 4] *= 30.0
    assert not artefact_trials(X, y, groups).any()
    X[[3, 45], 1] *= 20.0
    assert np.flatnonzero(artefact_trials(X, y, groups)).tolist() == [3, 45]


def test_at_most_a_quarter_of_a_class_and_the_worst(rng: np.random.Generator) -> None:
    X, y = background(rng)
    X[:16] *= np.linspace(10, 20, 16)[:, None, None]
    found = np.flatnonzero(artefact_trials(X, y))
    assert found.tolist() == list(range(6, 16))


def test_few_trials_are_all_kept(rng: np.random.Generator) -> None:
    X, y = background(rng, 14)
    X[3] *= 100.0
    assert not artefact_trials(X, y).any()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), factor=st.sampled_from([1e-6, 1.0, 1e3]))
def test_neither_unit_nor_order_nor_repetition_matters(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    X, y = background(rng, 24)
    X[rng.choice(24, 3, replace=False), rng.integers(4)] *= 20.0
    found = artefact_trials(X, y)
    order = rng.permutation(24)
    np.testing.assert_array_equal(artefact_trials(factor * X[order], y[order]), found[order])
    twice = np.concatenate([order, order[:10]])
    np.testing.assert_array_equal(artefact_trials(X[twice], y[twice]), found[twice])


def test_what_was_left_out_is_kept_with_the_model(rng: np.random.Generator, tmp_path: Path) -> None:
    X, y = background(rng)
    X[3, 0] *= 20.0
    EEGSpikingClassifier(**QUICK).fit(X, y).save(tmp_path / "model")
    assert load_model(tmp_path / "model").artefacts_ == [3]


def test_a_spoilt_channel_of_a_new_trial_is_estimated_from_the_others() -> None:
    rng = np.random.default_rng(1)
    X, y = drifts(rng, 80)
    test, truth = drifts(rng, 200)
    spoilt, dead = test.copy(), test.copy()
    channels = rng.integers(16, size=200)
    spoilt[np.arange(200), channels] += 80.0 * np.exp(-np.arange(200) / 50)
    dead[np.arange(200), channels] = 0.0
    believing = EEGSpikingClassifier(**QUICK, clean_artefacts=False).fit(X, y)
    model = EEGSpikingClassifier(**QUICK).fit(X, y)
    marked = model.artefact_channels(spoilt)
    assert marked.sum() == 200
    np.testing.assert_array_equal(marked.argmax(axis=1), channels)
    np.testing.assert_array_equal(model.artefact_channels(dead), marked)
    assert not model.artefact_channels(test).any()
    np.testing.assert_array_equal(model.predict_proba(test), believing.predict_proba(test))
    assert model.score(spoilt, truth) > believing.score(spoilt, truth) + 0.1
    # What the channel held no longer matters.
    np.testing.assert_allclose(model.predict_proba(spoilt), model.predict_proba(dead))


def network(**own: Any) -> EEGSpikingClassifier:
    encoder = EEGEncoder({"slow": (0, 4)}, method="direct", bin_width=0.2)
    return EEGSpikingClassifier(encoder, sfreq=100.0, max_epochs=30, random_state=0, **own)


def test_a_trained_network_minds_artefacts_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    X, test = rng.normal(size=(80, 6, 200)), rng.normal(size=(100, 6, 200))
    y, truth = np.arange(80) % 2, np.arange(100) % 2
    for data, labels in ((X, y), (test, truth)):
        data += 0.3 * np.where(labels, 1, -1)[:, None, None] * np.linspace(-1, 1, 200)
    X[:4, 3] *= 100.0
    test[np.arange(100), rng.integers(5, size=100)] -= 80.0 * np.exp(-np.arange(200) / 50)
    test[:, 5] = 0.0
    believing = network(clean_artefacts=False).fit(X, y)
    model = network().fit(X, y)
    assert (believing.artefacts_, model.artefacts_) == ([], [0, 1, 2, 3])
    assert model.score(test, truth) > believing.score(test, truth) + 0.1
    assert model.artefact_channels(test)[:, 5].all()
    model.save(tmp_path / "model")
    kept = load_model(tmp_path / "model")
    assert kept.artefacts_ == [0, 1, 2, 3]
    np.testing.assert_array_equal(kept.predict_proba(test), model.predict_proba(test))
    names = [f"E{number}" for number in range(6)]
    model.fit(X, y, ch_names=names)
    info = mne.create_info(names, 100.0, "eeg")
    epochs = mne.EpochsArray(test, info, verbose="error").reorder_channels(names[::-1])
    np.testing.assert_array_equal(model.predict_proba(epochs), kept.predict_proba(test))


def test_a_network_that_learns_batch_by_batch_believes_everything(rng: np.random.Generator) -> None:
    X, y = drifts(rng, 40)
    X[3] *= 100.0
    model = network()
    model.partial_fit(X[:20], y[:20]).partial_fit(X[20:], y[20:])
    assert model.artefacts_ == []
    with pytest.raises(ConfigurationError, match="artefact_channels"):
        model.artefact_channels(X)


def test_another_unit_is_no_artefact(rng: np.random.Generator) -> None:
    X, y = drifts(rng, 40)
    model = EEGSpikingClassifier(**QUICK).fit(X, y)
    assert not model.artefact_channels(1e3 * X).any()


@pytest.mark.parametrize("n_channels", [1, 4])
@pytest.mark.parametrize("architecture", ["automatic", "feedforward"])
@pytest.mark.parametrize(
    ("factor", "told"), [(1e6, r"about 1e\+06 times"), (1e-6, "about 1e-06"), (0, "no signal")]
)
def test_a_unit_other_than_that_of_training_is_told(
    rng: np.random.Generator, architecture: str, n_channels: int, factor: float, told: str
) -> None:
    X, y = background(rng)
    X = X[:, :n_channels]
    budget = {"time_budget_s": 0.5} if architecture == "automatic" else {"max_epochs": 2}
    model = EEGSpikingClassifier(
        architecture=architecture, sfreq=100.0, random_state=0, **budget
    ).fit(X, y)
    model.predict(X[:3] * 20.0)
    with pytest.warns(DataTrapWarning, match=f"{told}.*in the unit of training"):
        model.predict(np.concatenate([X[:3], X[:2] * factor]))


def test_which_channels_are_artefacts_is_kept_with_the_model(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    X, y = background(rng)
    model = EEGSpikingClassifier(**QUICK).fit(X, y)
    X[2, 1] *= 30.0
    model.save(tmp_path / "model")
    kept = load_model(tmp_path / "model")
    assert np.argwhere(kept.artefact_channels(X)).tolist() == [[2, 1]]
    np.testing.assert_array_equal(kept.predict_proba(X), model.predict_proba(X))


def test_who_does_not_know_says_so(rng: np.random.Generator) -> None:
    X, y = background(rng)
    for own, data in (({"clean_artefacts": False}, X), ({}, X[:, :2])):
        model = EEGSpikingClassifier(**QUICK, **own).fit(data, y)
        with pytest.raises(ConfigurationError, match=r"^artefact_channels: only a model of"):
            model.artefact_channels(data)


def test_a_wrong_switch_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^clean_artefacts: expected true or false"):
        EEGSpikingClassifier(clean_artefacts="yes").fit(np.zeros((2, 1, 9)), [0, 1])
