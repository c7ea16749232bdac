from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from eegsnn.training.discriminants import discriminant_and_held_out, shrinkage_discriminant


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


def plainly(
    values: np.ndarray, codes: np.ndarray, n_classes: int, share: np.ndarray, new: np.ndarray
) -> np.ndarray:
    """Probabilities of new trials, by the textbook: every matrix written out."""
    share = share / share.sum()
    priors = np.array([share[codes == c].sum() for c in range(n_classes)])
    means = np.array([share[codes == c] @ values[codes == c] / priors[c] for c in range(n_classes)])
    residuals = values - means[codes]
    covariance = (share[:, None] * residuals).T @ residuals
    power = np.trace(covariance) / len(covariance)
    target = power * np.eye(len(covariance))
    deviations = [np.sum((np.outer(row, row) - covariance) ** 2) for row in residuals]
    # Ledoit & Wolf: the mean's own variance, over its distance from the target.
    spread = np.sum(share**2) * (share @ np.array(deviations))
    amount = np.clip(spread / np.sum((covariance - target) ** 2), 1e-6, 1.0)
    inverse = np.linalg.inv((1 - amount) * covariance + amount * target)
    deltas = new[:, None, :] - means[None]
    scores = np.log(priors) - 0.5 * np.einsum("tci,ij,tcj->tc", deltas, inverse, deltas)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


@given(
    seed=st.integers(0, 2**32 - 1),
    n_features=st.integers(2, 70),
    n_classes=st.integers(2, 4),
    n_folds=st.integers(2, 5),
)
@settings(max_examples=40, deadline=None)
def test_readout_and_folds_are_the_textbooks(
    seed: int, n_features: int, n_classes: int, n_folds: int
) -> None:
    """With more features than trials and with fewer, weighted, in units with an offset."""
    rng = np.random.default_rng(seed)
    values, codes = make(rng, 36, n_features, n_classes)
    values = values * rng.exponential(size=n_features) + 3.0
    share = 0.1 + rng.exponential(size=36)
    places = np.arange(36) // n_classes % n_folds
    folds = [(np.flatnonzero(places != f), np.flatnonzero(places == f)) for f in range(n_folds)]
    readout, logs = discriminant_and_held_out(values, codes, n_classes, folds, share)
    new = values + rng.normal(size=values.shape)
    expected = plainly(values, codes, n_classes, share, new)
    np.testing.assert_allclose(np.exp(readout.log_probabilities(new)), expected, atol=1e-8)
    for train, test in folds:
        expected = plainly(values[train], codes[train], n_classes, share[train], values[test])
        np.testing.assert_allclose(np.exp(logs[test]), expected, atol=1e-8)


@pytest.mark.parametrize("n_features", [10, 80])
@pytest.mark.parametrize("far", ["a class", "a trial", "the origin"])
def test_what_lies_far_away_takes_no_digits_from_the_rest(
    far: str, n_features: int, rng: np.random.Generator
) -> None:
    values, codes = make(rng, 60, n_features, 3)
    if far == "a class":
        values[:, 0] += 1e7 * (codes == 2)
    elif far == "a trial":
        values[3] *= 1e7
    else:
        values += 1e7
    folds = [(np.setdiff1d(np.arange(60), test), test) for test in np.split(np.arange(60), 5)]
    _, logs = discriminant_and_held_out(values, codes, 3, folds)
    for train, test in folds:
        expected = plainly(values[train], codes[train], 3, np.ones(48), values[test])
        np.testing.assert_allclose(np.exp(logs[test]), expected, atol=1e-5)


def test_trials_that_no_fold_tests_are_not_told_apart(rng: np.random.Generator) -> None:
    values, codes = make(rng, 20, 3)
    _, logs = discriminant_and_held_out(values, codes, 2, [(np.arange(10), np.arange(10, 15))])
    np.testing.assert_allclose(logs[15:], np.log(0.5))
    assert not np.allclose(logs[10:15], np.log(0.5))


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
