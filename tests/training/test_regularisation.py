from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.training import (
    l1_rate_penalty,
    l1_rate_sparsity,
    l2_rate_penalty,
    rate_range_penalty,
    rate_target_penalty,
)

# Two trials, two neurons, four steps: counts 4 and 2, 0 and 2.
SPIKES = mx.array(
    [[[1, 1], [0, 1]], [[1, 1], [0, 1]], [[1, 0], [0, 0]], [[1, 0], [0, 0]]], mx.float32
)


def test_penalties_are_what_they_say() -> None:
    assert l1_rate_penalty(SPIKES).item() == pytest.approx((4 + 2 + 0 + 2) / 4)
    assert l2_rate_penalty(SPIKES).item() == pytest.approx((16 + 4 + 0 + 4) / 4)
    assert l1_rate_sparsity(SPIKES, 0.5).item() == pytest.approx(4.0)
    rates = np.array([1.0, 0.5, 0.0, 0.5])
    wanted = np.mean((rates - 0.25) ** 2)
    assert rate_target_penalty(SPIKES, 0.25).item() == pytest.approx(wanted)


def test_within_the_range_nothing_is_penalised() -> None:
    assert rate_range_penalty(SPIKES, 0.1, 0.5).item() == 0  # over trials, both have rate 0.5
    assert rate_range_penalty(SPIKES, 0.6, 0.9).item() == pytest.approx(0.01)
    assert rate_range_penalty(SPIKES, 0.1, 0.3).item() == pytest.approx(0.04)


def test_a_silent_neuron_is_pushed_up_and_a_busy_one_down() -> None:
    spikes = mx.stack([mx.zeros((5, 2)), mx.ones((5, 2))], axis=-1)
    gradient = mx.grad(rate_range_penalty)(spikes)
    assert (gradient[..., 0] < 0).all()
    assert (gradient[..., 1] > 0).all()


def test_penalties_of_convolutional_layers() -> None:
    assert l1_rate_penalty(mx.ones((3, 2, 4, 4, 1))).item() == 3


def test_bad_input_is_named() -> None:
    with pytest.raises(DataError, match=r"\[T, batch, …\].*\(3,\)"):
        l1_rate_penalty(mx.zeros(3))
    with pytest.raises(ConfigurationError, match=r"low.*high = 0.1.*0.2"):
        rate_range_penalty(SPIKES, 0.2, 0.1)
    with pytest.raises(ConfigurationError, match="target_rate"):
        rate_target_penalty(SPIKES, 2)
