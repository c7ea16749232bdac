from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eegsnn.errors import DataError
from eegsnn.estimators._inputs import draw_seed, hold_out

LABELS = st.lists(st.integers(0, 2), min_size=4, max_size=60)
FRACTIONS = st.floats(0.05, 0.6)


@given(LABELS, FRACTIONS, st.integers(0, 2**31))
def test_every_class_gives_its_share(labels: list[int], fraction: float, seed: int) -> None:
    codes = np.array(labels)
    counts = np.bincount(codes)
    assume((counts[counts > 0] >= 2).all())
    train, held = hold_out(codes, None, fraction, seed)
    assert sorted([*train, *held]) == list(range(len(codes)))
    for code in np.unique(codes):
        n_held = (codes[held] == code).sum()
        assert 1 <= n_held < counts[code]
        assert abs(n_held - fraction * counts[code]) <= 1


@given(LABELS, st.integers(2, 6), FRACTIONS, st.integers(0, 2**31))
def test_whole_groups_are_held_out(
    labels: list[int], n_groups: int, fraction: float, seed: int
) -> None:
    codes = np.array(labels)
    groups = np.arange(len(codes)) % n_groups
    try:
        train, held = hold_out(codes, groups, fraction, seed)
    except DataError:
        # Only where every group has the last trial of some class.
        for group in np.unique(groups):
            assert set(codes[groups != group]) != set(codes)
        return
    assert len(held) > 0
    assert sorted([*train, *held]) == list(range(len(codes)))
    assert not set(groups[train]) & set(groups[held])
    assert set(codes[train]) == set(codes)


@pytest.mark.parametrize("groups", [None, np.repeat(np.arange(5), 4)])
def test_the_choice_depends_on_the_seed_alone(groups: np.ndarray | None) -> None:
    codes = np.tile([0, 1], 10)
    choices = [tuple(hold_out(codes, groups, 0.2, seed)[1]) for seed in range(8)]
    assert choices == [tuple(hold_out(codes, groups, 0.2, seed)[1]) for seed in range(8)]
    assert len(set(choices)) > 1


def test_seeds_come_from_anything_scikit_learn_takes() -> None:
    assert draw_seed(3) == draw_seed(3) == draw_seed(np.random.RandomState(3))
    assert isinstance(draw_seed(None), int)
