"""What labelled trials are evidence of."""

from __future__ import annotations

import numpy as np
import pytest

from eegsnn.training.evidence import class_logs, n_independent, one_class_each, rarity


def test_how_frequent_classes_are() -> None:
    codes = (np.arange(120) % 6 == 0).astype(int)
    np.testing.assert_allclose(np.exp(class_logs(codes, 2)), [5 / 6, 1 / 6])
    weights = np.where(codes, 5.0, 1.0)  # class_weight="balanced"
    np.testing.assert_allclose(class_logs(codes, 2, weights), np.log([0.5, 0.5]))


def test_how_many_were_recruited_is_no_frequency() -> None:
    codes = np.repeat([0, 0, 0, 1], 10)
    subjects, sessions = np.repeat(np.arange(4), 10), np.tile([0, 1], 20)
    np.testing.assert_allclose(class_logs(codes, 2, groups=subjects), np.log([0.5, 0.5]))
    np.testing.assert_allclose(class_logs(codes, 2, groups=sessions), np.log([0.75, 0.25]))
    assert n_independent(codes, subjects) == 4
    assert n_independent(codes, sessions) == n_independent(codes, None) == 40
    assert not one_class_each(codes, np.zeros(40))  # one group is no sample of groups


def test_weights_do_not_make_a_class_better_known() -> None:
    codes = np.repeat([0, 1], [80, 20])
    balanced = np.where(codes, 4.0, 1.0)
    np.testing.assert_allclose(rarity(codes, 2, balanced), rarity(codes, 2))
    assert np.diff(rarity(codes, 2))[0] == pytest.approx(np.log(4))
    # Ten trials of full weight and ten that hardly count are as good as ten.
    unequal = np.concatenate([np.ones(80), np.ones(10), np.full(10, 1e-6)])
    assert np.diff(rarity(codes, 2, unequal))[0] == pytest.approx(np.log(8), abs=1e-4)
