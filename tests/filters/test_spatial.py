"""Spatial filters on mixtures of sources that are known."""

import json

import numpy as np
import pytest
from sklearn.base import clone

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.filters import SpatialFilter


def mixture(rng, n_trials=60, n_channels=6, n_classes=2, n_times=300):
    """Class k has source k three times as strong; returns X, y and the mixing columns."""
    mixing = rng.normal(size=(n_channels, n_channels))
    y = np.arange(n_trials) % n_classes
    sources = rng.normal(size=(n_trials, n_channels, n_times))
    for k in range(n_classes):
        sources[y == k, k] *= 3
    return (mixing @ sources)[:, None], y, mixing


def cosine(a, b):
    return abs(a @ b) / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_csp_finds_the_source_of_every_class(rng, n_classes):
    X, y, mixing = mixture(rng, n_classes=n_classes)
    csp = SpatialFilter("csp", n_components=n_classes, shrinkage=0.0).fit(X, y)
    best = [
        max(cosine(pattern, mixing[:, k]) for pattern in csp.patterns_[0]) for k in range(n_classes)
    ]
    assert min(best) > 0.97


def test_components_alternate_between_the_classes(rng):
    X, y, _ = mixture(rng)
    power = SpatialFilter("csp", n_components=4).fit(X, y).transform(X)[:, 0].var(axis=2)
    ratio = power[y == 0].mean(axis=0) / power[y == 1].mean(axis=0)
    assert ratio[0] > 4
    assert ratio[1] < 1 / 4
    assert ratio[0] > ratio[2] > ratio[3] > ratio[1]


def test_filters_of_bands_are_their_own(rng):
    first, y, _ = mixture(rng)
    second, _, _ = mixture(rng)
    both = SpatialFilter("csp", 2).fit(np.concatenate([first, second], axis=1), y)
    np.testing.assert_allclose(both.filters_[1], SpatialFilter("csp", 2).fit(second, y).filters_[0])
    assert both.transform(np.concatenate([first, second], axis=1)).shape == (60, 2, 2, 300)


@pytest.mark.parametrize("method", ["csp", "whitening"])
def test_a_lost_rank_does_no_harm(rng, method):
    X, y, _ = mixture(rng)
    X = X - X.mean(axis=2, keepdims=True)  # an average reference
    spatial = SpatialFilter(method, n_components=6).fit(X, y)
    assert spatial.n_components_ == 5
    assert np.isfinite(spatial.transform(X)).all()
    assert np.abs(spatial.filters_).max() < 1e3


def test_a_scale_changes_nothing_that_matters(rng):
    X, y, _ = mixture(rng)
    volts = SpatialFilter("csp", 4).fit(X * 1e-6, y)
    np.testing.assert_allclose(
        volts.filters_, SpatialFilter("csp", 4).fit(X, y).filters_, rtol=1e-6
    )


def test_one_loud_trial_does_not_decide(rng):
    X, y, mixing = mixture(rng)
    X[0] += 1e3 * rng.normal(size=X[0].shape)
    csp = SpatialFilter("csp", 2).fit(X, y)
    assert cosine(csp.patterns_[0, 1], mixing[:, 1]) > 0.9


def test_labels_may_be_anything_sortable(rng):
    X, y, _ = mixture(rng)
    named = np.array(["left", "right"])[y]
    assert np.array_equal(
        SpatialFilter("csp", 2).fit(X, named).filters_, SpatialFilter("csp", 2).fit(X, y).filters_
    )


def test_whitening_gives_uncorrelated_components_of_equal_power(rng):
    X, _, _ = mixture(rng, n_classes=1)
    white = SpatialFilter("whitening", n_components=4).fit_transform(X)[:, 0]
    covariance = np.mean(white @ white.transpose(0, 2, 1), axis=0)
    np.testing.assert_allclose(covariance / covariance[0, 0], np.eye(4), atol=0.05)


def test_average_reference_keeps_every_channel(rng):
    X = rng.normal(size=(3, 2, 5, 100))
    spatial = SpatialFilter("average").fit(X)
    np.testing.assert_allclose(spatial.transform(X), X - X.mean(axis=2, keepdims=True), atol=1e-12)
    assert spatial.component_names(list("abcde")) == list("abcde")


def test_patterns_invert_the_filters_and_point_upward(rng):
    X, y, _ = mixture(rng)
    csp = SpatialFilter("csp", 6, shrinkage=0.0).fit(X, y)
    # All components together: filters and patterns are inverse to each other.
    np.testing.assert_allclose(csp.filters_[0] @ csp.patterns_[0].T, np.eye(6), atol=1e-8)
    assert (csp.patterns_[0][np.arange(6), np.abs(csp.patterns_[0]).argmax(axis=1)] > 0).all()


def test_with_few_trials_shrinkage_comes_nearer_to_the_source(rng):
    X, y, mixing = mixture(rng, n_trials=8, n_channels=20, n_times=60)
    X += 0.5 * rng.normal(size=X.shape)
    shrunk, plain = (SpatialFilter("csp", 1, shrinkage=s).fit(X, y) for s in ("auto", 0.0))
    match = [cosine(csp.patterns_[0, 0], mixing[:, 0]) for csp in (shrunk, plain)]
    assert match[0] > match[1]
    assert match[0] > 0.9


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"method": "cps"}, "Did you mean 'csp'"),
        ({"n_components": 0}, "n_components"),
        ({"n_components": 7}, "number of channels, 6"),
        ({"shrinkage": 2}, "shrinkage"),
        ({"shrinkage": "some"}, "shrinkage"),
    ],
)
def test_impossible_parameters(rng, parameters, message):
    X, y, _ = mixture(rng, n_trials=6)
    with pytest.raises(ConfigurationError, match=message):
        SpatialFilter(**parameters).fit(X, y)


def test_impossible_data(rng):
    X, y, _ = mixture(rng, n_trials=6)
    with pytest.raises(DataError, match="no y"):
        SpatialFilter().fit(X)
    with pytest.raises(DataError, match="only one"):
        SpatialFilter().fit(X, np.zeros(6))
    with pytest.raises(DataError, match="one label per trial"):
        SpatialFilter().fit(X, y[:3])
    with pytest.raises(DataError, match="trials, bands, channels, times"):
        SpatialFilter().fit(X[:, 0], y)
    with pytest.raises(DataError, match="NaN"):
        SpatialFilter().fit(X * np.nan, y)
    with pytest.raises(DataError, match="no power"):
        SpatialFilter().fit(X * 0, y)
    with pytest.raises(DataError, match="6 channels"):
        SpatialFilter().fit(X, y).transform(X[:, :, :4])


def test_description_and_clone():
    spatial = SpatialFilter("whitening", n_components=3, shrinkage=0.1)
    copy = SpatialFilter.from_dict(json.loads(json.dumps(spatial.to_dict())))
    assert copy.get_params() == spatial.get_params() == clone(spatial).get_params()
    with pytest.raises(ConfigurationError, match="keys"):
        SpatialFilter.from_dict({"methode": "csp"})
