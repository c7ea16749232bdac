"""Codes for still inputs: the meanings that snnTorch's users know."""

import numpy as np
import pytest

from eegsnn.encoding import (
    delta_encode,
    direct_encode,
    latency_encode,
    rate_encode,
    repeat_encode,
)
from eegsnn.errors import ConfigurationError, DataError


def test_rate_is_the_probability_at_every_step():
    x = np.array([[0.0, 0.25, 1.0, 2.0]])
    spikes = rate_encode(x, 20_000, random_state=1)
    assert spikes.dtype == np.float32
    np.testing.assert_allclose(spikes.mean(axis=0)[0], [0, 0.25, 1, 1], atol=0.02)
    assert np.array_equal(rate_encode(x, 20_000, random_state=1), spikes)
    late = rate_encode(x, 10, first_spike_time=4, random_state=1)
    assert not late[:4].any()
    assert late[4:, 0, 2].all()
    half = rate_encode(x, 20_000, gain=0.5, offset=0.1, random_state=1).mean(axis=0)[0]
    np.testing.assert_allclose(half, [0.1, 0.225, 0.6, 1], atol=0.02)


def test_latency_as_in_the_examples_users_know():
    x = np.array([0.02, 0.5, 1.0])
    linear = latency_encode(x, 5, linear=True, normalize=True)
    assert linear.argmax(axis=0).tolist() == [4, 2, 0]
    assert linear.sum() == 3
    logarithmic = latency_encode(x, 5, tau=5.0)
    expected = np.rint(5 * np.log(x / (x - 0.01)))
    assert logarithmic.argmax(axis=0).tolist() == expected.tolist() == [3, 0, 0]
    assert latency_encode([0.0, 1.0], 5, normalize=True, clip=True).sum(axis=0).tolist() == [0, 1]
    assert latency_encode([0.0, 1.0], 5, normalize=True).argmax(axis=0).tolist() == [4, 0]
    assert latency_encode([0.0, 1.0], 9, linear=True, normalize=True, first_spike_time=2).argmax(
        axis=0
    ).tolist() == [8, 2]


def test_delta_as_in_the_examples_users_know():
    assert delta_encode([1, 2, 2.9, 3, 3.9], 1).tolist() == [1, 1, 0, 0, 0]
    assert delta_encode([1, 2, 2.9, 3, 3.9], 1, padding=True).tolist() == [0, 1, 0, 0, 0]
    assert delta_encode([1, 2, 0, 2, 2.9], 1, off_spike=True).tolist() == [1, 1, -1, 1, 0]
    assert delta_encode([1, 2, 0, 2, 2.9], 1, padding=True, off_spike=True).tolist() == [
        0, 1, -1, 1, 0]  # fmt: skip
    assert delta_encode(np.zeros((6, 2, 3))).shape == (6, 2, 3)


def test_direct_and_repeat():
    x = np.random.default_rng(0).random((3, 4))
    assert np.array_equal(direct_encode(x, 5), np.stack([x.astype(np.float32)] * 5))
    assert np.array_equal(repeat_encode(x, 2), np.concatenate([x, x]).astype(np.float32))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rate_encode([0.5], 0), "num_steps"),
        (lambda: rate_encode([0.5], 4, first_spike_time=4), "first_spike_time"),
        (lambda: rate_encode([np.nan], 4), "NaN"),
        (lambda: latency_encode([0.5], 1), "at least 2 steps"),
        (lambda: latency_encode([1.5], 4), r"\[0, 1\]"),
        (lambda: latency_encode([0.011], 4, tau=4.0), "Give more steps"),
        (lambda: delta_encode([0.5], 0.0), "threshold"),
        (lambda: direct_encode([0.5], 0), "num_steps"),
        (lambda: repeat_encode([0.5], 0), "num_repeats"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises((ConfigurationError, DataError), match=message):
        call()
