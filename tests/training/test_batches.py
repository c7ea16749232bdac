from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.training import ArrayBatches, step_key
from eegsnn.training.batches import equal_batches


@given(n=st.integers(1, 200), size=st.integers(1, 64))
def test_batches_are_equal_and_no_trial_comes_twice(n: int, size: int) -> None:
    batches = list(equal_batches(np.arange(n), size))
    assert len({len(batch) for batch in batches}) == 1
    joined = np.concatenate(batches)
    assert len(np.unique(joined)) == len(joined) > n - len(batches)


def test_batches_depend_on_epoch_and_seed_alone() -> None:
    batches = ArrayBatches(np.arange(30).reshape(1, 30), np.arange(30), batch_size=10)

    def order(epoch: int, seed: int) -> list[int]:
        return [i for _, labels in batches(epoch, seed) for i in labels.tolist()]

    assert order(2, 5) == order(2, 5)
    assert len({tuple(order(epoch, seed)) for epoch in (1, 2) for seed in (0, 1)}) == 4
    assert sorted(order(1, 0)) == list(range(30))


def test_inputs_and_labels_stay_together() -> None:
    x = np.arange(12, dtype=np.float32)
    for series, labels in ArrayBatches(np.stack([x, -x]), x, batch_size=4)(1, 0):
        assert mx.array_equal(series[0], labels)
        assert mx.array_equal(series[1], -labels)


def test_without_shuffling_the_order_is_kept() -> None:
    batches = ArrayBatches(np.arange(6)[:, None], batch_size=3, time_first=False, shuffle=False)
    assert [batch.flatten().tolist() for (batch,) in batches(1, 0)] == [[0, 1, 2], [3, 4, 5]]
    assert len(batches) == 2


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ((np.ones(3),), r"inputs: expected an array \[T, trials"),
        ((np.ones((5, 0)),), "inputs: expected"),
        ((np.ones((5, 3)), np.ones(5)), "array 1 beside the inputs: expected 3 trials"),
    ],
)
def test_arrays_that_do_not_fit(arrays: Any, text: str) -> None:
    with pytest.raises(DataError, match=text):
        ArrayBatches(*arrays)


def test_an_impossible_size() -> None:
    with pytest.raises(ConfigurationError, match=r"^batch_size: expected"):
        ArrayBatches(np.ones((2, 2)), batch_size=0)


def test_labels_are_numbers() -> None:
    with pytest.raises(DataError, match=r"array 1 .*: expected numbers .*<U1.*return_inverse"):
        ArrayBatches(np.ones((5, 2, 3)), np.array(["a", "b"]))


def test_a_description_tells_one_array_from_another() -> None:
    x, y = np.ones((5, 2, 3)), np.arange(2)
    first = ArrayBatches(x, y).describe()
    assert ArrayBatches(x.copy(), y).describe() == first
    assert ArrayBatches(2 * x, y).describe() != first
    assert ArrayBatches(x, y[::-1]).describe() != first


def test_keys_of_different_steps_differ() -> None:
    keys = [step_key(s, e, i) for s in range(3) for e in range(3) for i in range(3)]
    assert len({tuple(key.tolist()) for key in keys}) == 27
