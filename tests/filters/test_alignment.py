"""Alignment: each group's mean covariance becomes the identity, without a look at labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.filters import ALIGNMENTS, Alignment, align, alignment_matrix
from eegsnn.filters.alignment import riemannian_mean, trial_covariances


def trials(seed, n_trials=15, n_channels=4, n_times=80):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(n_channels, n_channels)) + 3 * np.eye(n_channels)
    return mixing @ (
        rng.normal(size=(n_trials, n_channels, n_times)) * rng.lognormal(size=(n_trials, 1, 1))
    )


@pytest.mark.parametrize("group", ["a", "b"])
def test_the_arithmetic_mean_of_each_group_becomes_the_identity(group):
    X = np.concatenate([trials(0), 1e-6 * trials(1)])
    groups = np.repeat(["a", "b"], 15)
    aligned, _ = align(X, groups)
    mean = trial_covariances(aligned[groups == group]).mean(axis=0)
    np.testing.assert_allclose(mean, np.eye(4), atol=1e-9)


def test_the_riemannian_mean_becomes_the_identity():
    aligned, _ = align(trials(2), method="riemannian")
    np.testing.assert_allclose(riemannian_mean(trial_covariances(aligned)), np.eye(4), atol=1e-7)


@settings(deadline=None)
@given(st.integers(0, 50))
def test_the_riemannian_mean_of_two_is_halfway_between_them(seed):
    first, second = trial_covariances(trials(seed, n_trials=2))
    root = linalg.sqrtm(first).real
    inverse = np.linalg.inv(root)
    halfway = root @ linalg.sqrtm(inverse @ second @ inverse).real @ root
    found = riemannian_mean(np.stack([first, second]))
    np.testing.assert_allclose(found, halfway, rtol=1e-6, atol=1e-9 * np.abs(halfway).max())


@pytest.mark.parametrize("method", ALIGNMENTS)
def test_any_mixing_of_channels_is_undone_up_to_a_rotation(method, rng):
    X = trials(3)
    mixing = rng.normal(size=(4, 4)) + 2 * np.eye(4)
    one, other = alignment_matrix(X, method) @ X, alignment_matrix(mixing @ X, method) @ mixing @ X
    # Inner products within a sample do not change with a rotation.
    np.testing.assert_allclose(
        np.einsum("kct,kcs->kts", one, one), np.einsum("kct,kcs->kts", other, other), atol=1e-6
    )


@pytest.mark.parametrize("method", ALIGNMENTS)
def test_what_an_average_reference_took_away_stays_away(method):
    X = trials(4)
    X -= X.mean(axis=1, keepdims=True)
    aligned, _ = align(X, method=method)
    assert np.isfinite(aligned).all()
    np.testing.assert_allclose(aligned.sum(axis=1), 0, atol=1e-8)
    values = np.linalg.eigvalsh(trial_covariances(aligned).mean(axis=0))
    assert (values > 0.1).sum() == 3


def test_groups_do_not_know_of_each_other():
    X = np.concatenate([trials(0), trials(1)])
    groups = np.repeat(["a", "b"], 15)
    before, _ = align(X, groups)
    X[groups == "b"] *= 100
    after, _ = align(X, groups)
    np.testing.assert_array_equal(before[:15], after[:15])
    np.testing.assert_allclose(before[15:], after[15:], atol=1e-9)


def test_a_transformer_remembers_groups_and_meets_new_ones():
    X = np.concatenate([trials(0), trials(1)])
    groups = np.repeat(["a", "b"], 15)
    both, _ = align(X, groups)
    alignment = Alignment().fit(X[:15], groups=groups[:15])
    np.testing.assert_allclose(alignment.transform(X[:3], groups=groups[:3]), both[:3])
    np.testing.assert_allclose(alignment.transform(X[15:], groups=groups[15:]), both[15:])
    assert set(alignment.matrices_) == {"a"}


def test_single_precision_stays_single():
    aligned, _ = align(trials(0).astype(np.float32))
    assert aligned.dtype == np.float32


def test_what_cannot_be_aligned_is_refused_and_named():
    X = trials(0)
    groups = np.repeat(["a", "b", "c"], 5)
    with pytest.raises(ConfigurationError, match="Did you mean 'euclidean'"):
        align(X, groups, "euclidian")
    with pytest.raises(DataError, match="15 trials, but got shape"):
        align(X, groups[:4])
    flat = X.copy()
    flat[5:10] = 0
    with pytest.raises(DataError, match="b: alignment: the trials are flat"):
        align(flat, groups)
    short = trials(0, n_times=3)
    with pytest.raises(DataError, match="the covariance of trial 0 has no full rank"):
        align(short, method="riemannian")
