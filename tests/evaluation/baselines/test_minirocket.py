"""MiniRocket against its published definition, written as plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.evaluation import Signal, build_baseline
from eegsnn.evaluation.baselines.minirocket import KERNELS, MiniRocket, dilations_for


def plain_features(model, trial):
    """Proportions of one trial (channels, times), kernel by kernel, sample by sample."""
    n_times = trial.shape[1]
    ends = [*model.first_channel_[1:]]
    features = []
    for number, (first, last) in enumerate(zip(model.first_channel_, ends, strict=False)):
        d, k = divmod(number, 84)
        dilation = model.dilations_[d]
        weights = np.full(9, -1.0)
        weights[KERNELS[k]] = 2.0
        total = trial[model.channels_[first:last]].sum(axis=0)
        padded = np.pad(total, 4 * dilation)
        response = np.zeros(n_times)
        for t in range(n_times):
            response[t] = sum(weights[j] * padded[t + j * dilation] for j in range(9))
        if (d + k) % 2:
            response = response[4 * dilation : n_times - 4 * dilation]
        start = model.first_bias_[number]
        for bias in model.biases_[start : start + model.n_biases_[d]]:
            features.append(np.mean(response > bias))
    return features


@pytest.mark.parametrize(("n_channels", "n_times"), [(1, 40), (3, 33)])
def test_features_are_those_of_the_definition(rng, n_channels, n_times):
    # Whole numbers: sums are exact in any order, so that nothing is decided by rounding.
    X = rng.integers(-9, 10, size=(4, n_channels, n_times)).astype(float)
    model = MiniRocket(84 * 10, random_state=3).fit(X)
    features = model.transform(X)
    assert features.shape == (4, 840)
    np.testing.assert_allclose(features[2], plain_features(model, X[2]), rtol=1e-6)


def test_the_kernels_are_the_84_that_sum_to_zero():
    assert len(KERNELS) == len({tuple(kernel) for kernel in KERNELS}) == 84
    assert all(3 * 2 - 6 * 1 == 0 and len(set(kernel)) == 3 for kernel in KERNELS)


@given(st.integers(9, 5000), st.integers(1, 150))
@settings(max_examples=50, deadline=None)
def test_the_longest_kernel_fits_and_no_feature_is_lost(n_times, per_kernel):
    dilations, features = dilations_for(n_times, per_kernel)
    assert dilations[0] == 1
    assert dilations[-1] * 8 <= n_times - 1
    assert (np.diff(dilations) > 0).all()
    assert features.sum() == per_kernel
    assert len(dilations) <= 32


@given(st.floats(1e-6, 1e6))
@settings(max_examples=10, deadline=None)
def test_the_unit_does_not_matter(scale):
    X = np.random.default_rng(0).normal(size=(5, 2, 60))
    exact = 2.0 ** np.round(np.log2(scale))  # rounding then is the same in both units
    expected = MiniRocket(168).fit(X).transform(X)
    np.testing.assert_array_equal(MiniRocket(168).fit(X * exact).transform(X * exact), expected)


def test_one_seed_gives_one_transform_and_another_seed_another(rng):
    X = rng.normal(size=(6, 3, 50))
    first, again, other = (MiniRocket(840, seed).fit(X).transform(X) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_thresholds_are_taken_from_the_training_trials(rng):
    X = rng.normal(size=(6, 1, 50))
    model = MiniRocket(840).fit(X)
    assert 0.4 < model.transform(X).mean() < 0.6
    assert model.transform(np.zeros_like(X)).std() > 0.1


def test_it_learns_what_differs_in_time_only(rng):
    y = np.arange(60) % 2
    X = rng.normal(size=(60, 2, 100))
    X[:, 0] += 2 * np.sin(2 * np.pi * np.arange(100) * np.where(y, 0.2, 0.13)[:, None])
    model = build_baseline("minirocket-ridge", {"n_features": 840}, Signal(100.0, 2, 100))
    model.fit(X[:40], y[:40])
    assert model.score(X[40:], y[40:]) >= 0.95
    assert model.macs_ > 0


def test_short_trials_and_few_features_are_refused():
    with pytest.raises(ConfigurationError, match="at least 9 samples"):
        build_baseline("minirocket-ridge", {}, Signal(100.0, 2, 8))
    with pytest.raises(ConfigurationError, match="n_features"):
        build_baseline("minirocket-ridge", {"n_features": 83}, Signal(100.0, 2, 80))
    with pytest.raises(DataError, match="at least 9 samples"):
        MiniRocket().fit(np.zeros((2, 1, 8)))
