from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from eegsnn.training.readouts import (
    shrinkage_discriminant,
    trial_coordinates,
)


def make(rng: np.random.Generator, n: int, d: int, n_classes: int = 2) -> tuple:
    codes = np.arange(n) % n_classes
    centres = rng.normal(size=(n_classes, d))
    return rng.normal(size=(n, d)) + centres[codes], codes


def test_with_many_trials_it_is_the_linear_discriminant(rng: np.random.Generator) -> None:
    values, codes = make(rng, 4000, 3, 3)
    values = values @ np.array([[1.0, 0.6, 0.0], [0.0, 1.0, 0.3], [0.2, 0.0, 2.0]])
    ours = np.exp(shrinkage_discriminant(values, codes, 3).log_probabilities(values))
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(values, codes).predict_proba(values)
    np.testing.assert_allclose(ours, theirs, atol=0.01)


@given(seed=st.integers(0, 2**32 - 1), d=st.integers(2, 60))
@settings(max_examples=25, deadline=None)
def test_a_rotation_of_the_features_changes_nothing(seed: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    values, codes = make(rng, 20, d)
    rotation = np.linalg.qr(rng.normal(size=(d, d)))[0]
    plain = shrinkage_discriminant(values, codes, 2).log_probabilities(values)
    rotated = shrinkage_discriminant(values @ rotation, codes, 2)
    np.testing.assert_allclose(rotated.log_probabilities(values @ rotation), plain, atol=1e-6)


def test_coordinates_serve_every_subset_of_trials(rng: np.random.Generator) -> None:
    values, codes = make(rng, 40, 300, 3)
    coordinates = trial_coordinates(values)
    assert coordinates.shape[1] < 40
    train, test = np.arange(30), np.arange(30, 40)
    plain = shrinkage_discriminant(values[train], codes[train], 3)
    short = shrinkage_discriminant(coordinates[train], codes[train], 3, n_features=300)
    np.testing.assert_allclose(
        short.log_probabilities(coordinates[test]),
        plain.log_probabilities(values[test]),
        rtol=1e-6,
        atol=1e-6,
    )


def test_more_features_than_trials_is_the_same_problem(rng: np.random.Generator) -> None:
    """Features without variance change the dimension that shrinkage counts, and nothing else."""
    values, codes = make(rng, 30, 29)
    wide = np.hstack([values, np.zeros((30, 2))])  # 31 features: solved in the trials' space
    readout = shrinkage_discriminant(wide, codes, 2)
    assert readout.weights.shape == (2, 31)
    np.testing.assert_allclose(readout.weights[:, 29:], 0, atol=1e-9)
    plain = shrinkage_discriminant(values, codes, 2).log_probabilities(values)
    assert np.mean(plain.argmax(axis=1) == readout.log_probabilities(wide).argmax(axis=1)) > 0.95


def test_weight_two_is_a_trial_given_twice(rng: np.random.Generator) -> None:
    values, codes = make(rng, 40, 5)
    weights = np.ones(40)
    weights[:10] = 2
    weighted = shrinkage_discriminant(values, codes, 2, weights)
    repeated = shrinkage_discriminant(
        np.vstack([values, values[:10]]), np.concatenate([codes, codes[:10]]), 2
    )
    # Shrinkage knows that ten trials were not drawn anew: the directions agree, not every digit.
    cosine = np.sum(weighted.weights[0] * repeated.weights[0]) / (
        np.linalg.norm(weighted.weights[0]) * np.linalg.norm(repeated.weights[0])
    )
    assert cosine > 0.99


def test_trials_without_any_spread_are_still_told_apart() -> None:
    values = np.array([[0.0], [0.0], [1.0], [1.0]])
    readout = shrinkage_discriminant(values, np.array([0, 0, 1, 1]), 2)
    assert readout.log_probabilities(values).argmax(axis=1).tolist() == [0, 0, 1, 1]
