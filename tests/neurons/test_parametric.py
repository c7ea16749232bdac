from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError
from eegsnn.neurons import Leaky, ParametricLeaky, loop


@pytest.mark.parametrize("decay_input", [True, False])
def test_it_is_leaky_with_the_decay_of_its_time_constant(
    decay_input: bool, rng: np.random.Generator
) -> None:
    tau = np.array([1.5, 2.0, 8.0], np.float32)
    x = mx.array(rng.normal(0.8, 1.0, (25, 2, 3)), mx.float32)
    spikes, states = ParametricLeaky(tau, decay_input=decay_input).trace(x)
    scaled = x / mx.array(tau) if decay_input else x
    expected, plain = Leaky(1 - 1 / tau).trace(scaled)
    np.testing.assert_array_equal(spikes, expected)
    np.testing.assert_allclose(states["mem"], plain["mem"], rtol=1e-5, atol=1e-6)


def test_the_weight_is_that_of_spikingjelly() -> None:
    neuron = ParametricLeaky(tau=3.0)
    assert neuron.tau_logit.item() == pytest.approx(-np.log(2.0), rel=1e-6)
    assert 1 / neuron.tau.item() == pytest.approx(mx.sigmoid(neuron.tau_logit).item())


@pytest.mark.parametrize("learn", [True, False])
@pytest.mark.parametrize("options", [{}, {"reset_delay": False}, {"decay_input": False}], ids=str)
def test_a_run_equals_the_loop_gradients_included(
    options: dict[str, Any], learn: bool, rng: np.random.Generator
) -> None:
    neuron = ParametricLeaky([1.5, 2.0, 4.0], learn_tau=learn, learn_threshold=True, **options)
    x = mx.array(rng.normal(0.8, 1.0, (40, 2, 3)), mx.float32)

    def loss(neuron: ParametricLeaky, plain: bool) -> mx.array:
        state = neuron.init_state(2, 3)
        if plain:
            spikes, states = loop(neuron.step, x, state, neuron.values(x[0]))
            last = states["mem"][-1]
        else:
            spikes, final = neuron.run(x, state)
            last = final["mem"]
        return spikes.sum() + mx.square(last).sum()

    value, got = nn.value_and_grad(neuron, loss)(neuron, False)
    expected, gradients = nn.value_and_grad(neuron, loss)(neuron, True)
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    assert set(got) == ({"tau_logit"} if learn else set()) | {"threshold_log"}
    for name, gradient in gradients.items():
        np.testing.assert_allclose(got[name], gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("tau", [1.0, 0.5, float("inf"), "two"])
def test_time_constants_of_a_step_or_less_are_refused(tau: Any) -> None:
    with pytest.raises(ConfigurationError, match="tau: expected time constants"):
        ParametricLeaky(tau)
