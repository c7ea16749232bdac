"""Readouts of features: closed forms against refitting, weights against repetition."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from eegsnn.estimators import _readouts
from eegsnn.estimators._readouts import fit_readout


@pytest.fixture(params=[(30, 6), (24, 80)], ids=["tall", "wide"])
def data(request, rng):
    n, p = request.param
    codes = np.arange(n) % 3
    features = rng.normal(size=(n, p)) * np.logspace(-3, 3, p) + 100
    features[:, 1] += 2 * codes * features[:, 1].std()
    return features, codes, rng.integers(1, 4, n).astype(float)


def standardised(features):
    return (features - features.mean(axis=0)) / features.std(axis=0)


def scores(readout, features):
    return features @ readout.weights.T + readout.bias


def refitted_errors(features, codes, weights, groups, penalty):
    """Squared error of predicting each group by a ridge regression on all others."""
    x = standardised(features)
    root = np.sqrt(weights)[:, None]
    own = root * (x - weights @ x / weights.sum())
    squares = np.linalg.svd(own, compute_uv=False) ** 2
    alpha = penalty * squares[squares > 1e-10 * squares[0]].mean()
    targets, total = np.eye(3)[codes], 0.0
    for group in np.unique(groups):
        out = groups == group
        model = Ridge(alpha).fit(x[~out], targets[~out], sample_weight=weights[~out])
        total += weights[out] @ np.square(targets[out] - model.predict(x[out])).sum(axis=1)
    return total


@pytest.mark.parametrize("grouped", [False, True])
def test_the_penalty_is_the_one_that_refitting_would_choose(data, grouped, monkeypatch):
    monkeypatch.setattr(_readouts, "_PENALTIES", np.logspace(-2, 2, 3))
    features, codes, weights = data
    groups = np.arange(len(codes)) // 3 if grouped else np.arange(len(codes))
    errors = [
        refitted_errors(features, codes, weights, groups, penalty)
        for penalty in _readouts._PENALTIES
    ]
    _, penalty = fit_readout("ridge", features, codes, weights, groups if grouped else None, 0)
    assert penalty == _readouts._PENALTIES[np.argmin(errors)]


def test_ridge_scores_are_those_of_ridge_times_one_factor_and_shifted(data):
    features, codes, weights = data
    readout, penalty = fit_readout("ridge", features, codes, weights, None, 0)
    x = standardised(features)
    own = np.sqrt(weights)[:, None] * (x - weights @ x / weights.sum())
    squares = np.linalg.svd(own, compute_uv=False) ** 2
    alpha = penalty * squares[squares > 1e-10 * squares[0]].mean()
    expected = Ridge(alpha).fit(x, np.eye(3)[codes], sample_weight=weights).predict(x)
    found = scores(readout, features)
    ratio = (found - found.mean(axis=0)) / (expected - expected.mean(axis=0))
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-4)


def test_ridge_is_not_prejudiced_against_a_rare_class(rng):
    codes = np.repeat([0, 1], [200, 30])
    features = rng.normal(size=(230, 20)) + codes[:, None] * (np.arange(20) < 4)
    readout, _ = fit_readout("ridge", features, codes, np.ones(230), None, 0)
    truth = np.repeat([0, 1], [2000, 300])
    new = rng.normal(size=(2300, 20)) + truth[:, None] * (np.arange(20) < 4)
    said = np.exp(readout.log_probabilities(new))
    # As often as it is there, and found more often than by the scores as they are.
    assert 200 < said[:, 1].sum() < 400
    assert (said[truth == 1].argmax(axis=1) == 1).mean() > 0.5


@pytest.mark.parametrize("kind", _readouts.READOUTS)
def test_the_scale_of_features_does_not_matter(kind, data):
    features, codes, weights = data
    own, _ = fit_readout(kind, features, codes, weights, None, 0)
    other, _ = fit_readout(kind, 1e-6 * features, codes, weights, None, 0)
    np.testing.assert_allclose(
        own.log_probabilities(features), other.log_probabilities(1e-6 * features), rtol=1e-4
    )


@pytest.mark.parametrize("kind", _readouts.READOUTS)
def test_what_tells_classes_apart_is_found(kind, rng):
    codes = np.arange(200) % 2
    features = rng.normal(size=(200, 50))
    features[:, 7] += 3 * codes
    readout, _ = fit_readout(kind, features[:100], codes[:100], np.ones(100), None, 0)
    predicted = readout.log_probabilities(features[100:])
    assert (predicted.argmax(axis=1) == codes[100:]).mean() > 0.85
    np.testing.assert_allclose(np.exp(predicted).sum(axis=1), 1)


@pytest.mark.parametrize("kind", _readouts.READOUTS)
def test_noise_is_not_believed(kind, rng):
    codes = np.arange(60) % 2
    readout, _ = fit_readout(kind, rng.normal(size=(60, 200)), codes, np.ones(60), None, 0)
    probabilities = np.exp(readout.log_probabilities(rng.normal(size=(500, 200))))
    assert np.median(probabilities.max(axis=1)) < 0.75


@pytest.mark.parametrize("kind", _readouts.READOUTS)
@pytest.mark.parametrize("groups", [None, np.array([0, 0, 0, 1])])
def test_few_trials_and_features_that_are_constant(kind, groups):
    features = np.array([[1.0, 5.0], [1.0, 5.0], [1.0, 6.0], [1.0, 7.0]])
    readout, _ = fit_readout(kind, features, np.array([0, 0, 1, 1]), np.ones(4), groups, 0)
    assert np.isfinite(readout.log_probabilities(features)).all()
    silent, _ = fit_readout(kind, np.ones((4, 2)), np.array([0, 0, 0, 1]), np.ones(4), groups, 0)
    np.testing.assert_array_equal(silent.log_probabilities(features).argmax(axis=1), 0)
