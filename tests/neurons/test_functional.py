from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError
from eegsnn.neurons import integrator_step, leaky_step


def test_steps_follow_the_golden_vectors(golden: Any, currents: list[float]) -> None:
    neuron = golden.neuron()
    state = neuron.init_state(batch=1, features=1)
    spikes, membranes = "", []
    for current in currents:
        fired, state = neuron(mx.array([[current]]), state)
        spikes += str(int(fired.item()))
        membranes.append(state["mem"].item())
    assert spikes == golden.spikes
    np.testing.assert_allclose(membranes, golden.membranes, atol=2e-6)


def test_a_membrane_at_the_threshold_does_not_spike() -> None:
    spikes, _ = leaky_step(mx.array([1.0, 1.0000001]), mx.zeros((2,)), beta=0.9)
    assert spikes.tolist() == [0.0, 1.0]


def test_decay_and_threshold_may_differ_from_neuron_to_neuron() -> None:
    x, mem = mx.array([[1.0, 1.0, 1.0]]), mx.array([[0.5, 0.5, 0.5]])
    spikes, mem = leaky_step(
        x, mem, beta=mx.array([0.0, 0.5, 1.0]), threshold=mx.array([0.9, 1.3, 1.4])
    )
    np.testing.assert_allclose(mem, [[1.0, 1.25, 1.5]])
    assert spikes.tolist() == [[1.0, 0.0, 1.0]]


@pytest.mark.parametrize("reset_delay", [True, False])
@pytest.mark.parametrize("reset_mechanism", ["subtract", "zero", "none"])
def test_the_reset_has_no_gradient(reset_mechanism: str, reset_delay: bool) -> None:
    # Were it not detached, the steep surrogate at mem = 1.01 would show up here.
    def next_membrane(mem: mx.array) -> mx.array:
        _, after = leaky_step(
            mx.array([0.2]),
            mem,
            beta=0.9,
            reset_mechanism=reset_mechanism,
            reset_delay=reset_delay,
        )
        return after.sum()

    gradient = mx.grad(next_membrane)(mx.array([1.01])).item()
    # After a reset to zero nothing of the old membrane is left, except where the reset of the
    # previous step is undone by the rule for the immediate one.
    assert gradient == pytest.approx(0.0 if reset_mechanism == "zero" else 0.9, abs=1e-6)


def test_half_precision_stays_half_precision() -> None:
    x = mx.array([0.6, 2.0]).astype(mx.float16)
    spikes, mem = leaky_step(x, mx.zeros_like(x), beta=0.9)
    assert (spikes.dtype, mem.dtype) == (mx.float16, mx.float16)
    assert spikes.tolist() == [0.0, 1.0]


def test_an_unknown_reset_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"reset_mechanism: .*Did you mean 'subtract'"):
        leaky_step(mx.zeros((1,)), mx.zeros((1,)), beta=0.9, reset_mechanism="substract")


def test_the_integrator_adds_up_what_it_has_not_forgotten(currents: list[float]) -> None:
    mem = mx.zeros((1,))
    for current in currents:
        mem = integrator_step(mx.array([current]), mem, beta=0.9)
    expected = sum(0.9**age * current for age, current in enumerate(reversed(currents)))
    assert mem.item() == pytest.approx(expected, rel=1e-6)
