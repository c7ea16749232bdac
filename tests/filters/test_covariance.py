"""Covariances of trials, normalised and shrunk."""

import numpy as np
import pytest

from eegsnn.filters.covariance import normalised_covariances, shrunk_mean


def test_trace_is_one_whatever_the_amplitude(rng):
    X = rng.normal(size=(3, 4, 50)) * np.array([1e-6, 1, 1e6])[:, None, None]
    covariances = normalised_covariances(X)
    np.testing.assert_allclose(np.trace(covariances, axis1=1, axis2=2), 1)
    assert not normalised_covariances(np.zeros((1, 4, 50))).any()


def test_shrinkage_by_hand_keeps_the_trace():
    covariances = np.diag([3.0, 1.0])[None]
    np.testing.assert_allclose(shrunk_mean(covariances, 0.5), np.diag([2.5, 1.5]))
    np.testing.assert_allclose(shrunk_mean(covariances, 1.0), np.diag([2.0, 2.0]))


def test_trials_that_agree_are_not_shrunk_and_few_that_differ_are(rng):
    same = np.repeat(np.diag([3.0, 1.0])[None], 5, axis=0)
    np.testing.assert_allclose(shrunk_mean(same), same[0])
    white = normalised_covariances(rng.normal(size=(4, 10, 12)))
    others = ~np.eye(10, dtype=bool)
    shrunk, plain = np.abs(shrunk_mean(white)[others]), np.abs(white.mean(axis=0)[others])
    assert shrunk.max() < 0.3 * plain.max()


def test_a_basis_is_applied_to_the_mean_alone(rng):
    inside = np.linalg.qr(rng.normal(size=(6, 4)))[0]  # trials span four dimensions of six
    X = inside @ rng.normal(size=(9, 4, 30))
    covariances = normalised_covariances(X)
    each = shrunk_mean(inside.T @ covariances @ inside)
    np.testing.assert_allclose(shrunk_mean(covariances, basis=inside), each, atol=1e-12)


def test_automatic_shrinkage_comes_nearer_to_the_truth(rng):
    scales = np.linspace(1, 2, 15)
    truth = np.diag(scales**2) / np.sum(scales**2)
    covariances = normalised_covariances(rng.normal(size=(6, 15, 20)) * scales[:, None])
    error = [np.linalg.norm(shrunk_mean(covariances, s) - truth) for s in ("auto", 0.0)]
    assert error[0] < error[1]
    assert np.trace(shrunk_mean(covariances)) == pytest.approx(1)
