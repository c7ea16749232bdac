"""Covariances as points on a curved space: invariances, lengths, lost ranks, shrinkage."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.filters.riemann import (
    geometric_mean,
    matrix_function,
    shrunk_covariances,
    tangent_vectors,
    whitener,
)


def definite(rng: np.random.Generator, n: int = 6, size: int = 3) -> np.ndarray:
    A = rng.normal(size=(n, size, 2 * size))
    return A @ A.transpose(0, 2, 1)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_geometric_mean_moves_with_any_mix_of_channels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    C, mix = definite(rng), rng.normal(size=(3, 3)) + 3 * np.eye(3)
    moved = geometric_mean(mix @ C @ mix.T, tol=1e-10, max_iter=100)
    expected = mix @ geometric_mean(C, tol=1e-10, max_iter=100) @ mix.T
    np.testing.assert_allclose(moved, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_tangent_vectors_have_the_length_of_the_distance(rng: np.random.Generator) -> None:
    C = definite(rng)
    W = whitener(C)
    eigenvalues = np.linalg.eigvalsh(W @ C @ W)
    distance = np.sqrt((np.log(eigenvalues) ** 2).sum(axis=1))
    np.testing.assert_allclose(np.linalg.norm(tangent_vectors(C, W), axis=1), distance, rtol=1e-8)
    # The mean lies near the origin, seen from any trial.
    centre = np.linalg.norm(tangent_vectors(C, W).mean(axis=0))
    assert centre < 0.05 * distance.min()


def test_matrix_logarithm_of_a_lost_rank_is_finite() -> None:
    C = np.diag([1.0, 0.5, 0.0])
    assert np.isfinite(matrix_function(C, np.log)).all()


def test_shrinkage_grows_with_fewer_samples(rng: np.random.Generator) -> None:
    mixing = rng.normal(size=(5, 5))

    def off_diagonal_share(n_times: int) -> float:
        X = mixing @ rng.normal(size=(50, 5, n_times))
        shrunk = shrunk_covariances(X)
        centred = X - X.mean(axis=2, keepdims=True)
        raw = centred @ centred.transpose(0, 2, 1) / n_times
        np.testing.assert_allclose(  # the power stays
            np.trace(shrunk, axis1=1, axis2=2), np.trace(raw, axis1=1, axis2=2), rtol=1e-10
        )
        return float(np.abs(shrunk[:, 0, 1]).mean() / np.abs(raw[:, 0, 1]).mean())

    assert off_diagonal_share(8) < off_diagonal_share(1000) <= 1.0
    assert off_diagonal_share(1000) > 0.95
