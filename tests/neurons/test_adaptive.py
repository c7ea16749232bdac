from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError
from eegsnn.neurons import ALIF, RALIF, RESET_MECHANISMS, Leaky, RLeaky


def test_steps_follow_the_equations_by_hand() -> None:
    # A' = rho·A + S, U' = beta·U + X' − S·theta, threshold theta + b·A'.
    neuron = ALIF(beta=0.5, rho=0.5, b=1.0)
    spikes, states = neuron.trace(mx.array([1.5, 1.5, 2.0, 0.5, 1.0])[:, None, None])
    #            U: 1.5 | .75 + 1.5 − 1 | .625 + 2 | 1.3125 + .5 − 1 | .40625 + 1
    expected = [1.5, 1.25, 2.625, 0.8125, 1.40625]
    np.testing.assert_allclose(states["mem"].flatten(), expected, rtol=1e-6)
    #            A: 0 | 1 | .5 | 1.25 | .625;  threshold: 1 | 2 | 1.5 | 2.25 | 1.625
    np.testing.assert_allclose(states["adaptation"].flatten(), [0, 1, 0.5, 1.25, 0.625])
    assert spikes.flatten().tolist() == [1, 0, 1, 0, 0]
    assert states["spk"].flatten().tolist() == spikes.flatten().tolist()


@pytest.mark.parametrize("detach_reset", [True, False])
@pytest.mark.parametrize("reset_delay", [True, False])
@pytest.mark.parametrize("reset_mechanism", RESET_MECHANISMS)
def test_without_adaptation_they_are_leaky(
    reset_mechanism: str, reset_delay: bool, detach_reset: bool, rng: np.random.Generator
) -> None:
    options = {
        "reset_mechanism": reset_mechanism,
        "reset_delay": reset_delay,
        "detach_reset": detach_reset,
    }
    x = mx.array(rng.normal(0.3, 0.8, (20, 2, 3)), mx.float32)
    pairs = [
        (ALIF(0.9, b=0.0, **options), Leaky(0.9, **options)),
        (
            RALIF(0.9, b=0.0, V=0.3, all_to_all=False, **options),
            RLeaky(0.9, 0.3, all_to_all=False, **options),
        ),
    ]
    for adaptive, plain in pairs:
        np.testing.assert_array_equal(adaptive.run(x)[0], plain.run(x)[0])
        got = mx.grad(lambda x, neuron: neuron.run(x)[0].sum())(x, adaptive)
        expected = mx.grad(lambda x, neuron: neuron.run(x)[0].sum())(x, plain)
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_intervals_grow_under_a_constant_current() -> None:
    spikes, _ = ALIF(0.9, rho=0.99, b=0.2).run(mx.full((150, 1, 1), 0.5))
    intervals = np.diff(np.flatnonzero(np.array(spikes).ravel()))
    assert intervals[-1] >= 2 * intervals[0]
    assert (np.diff(intervals) >= -1).all()  # steps are whole: an interval may be one off


def test_the_gradient_flows_through_the_adaptation() -> None:
    neuron = ALIF(0.9, rho=0.95, b=0.5, learn_rho=True, learn_b=True)
    x = mx.full((20, 1, 1), 0.5)

    def spikes(b: mx.array) -> mx.array:
        state = neuron.init_state(1, 1)
        total = mx.zeros(())
        for t in range(20):
            out, state = neuron.step(x[t], state, {**neuron.values(x[0]), "b": b})
            total = total + out.sum()
        return total

    assert mx.grad(spikes)(mx.array(0.5)).item() < 0  # a higher threshold, fewer spikes


def test_a_negative_strength_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"b: expected increments .* at least 0"):
        ALIF(b=-0.1)
