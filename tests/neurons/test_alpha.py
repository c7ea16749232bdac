from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError
from eegsnn.neurons import Alpha, DualExponential, Synaptic


def impulse(n_steps: int) -> mx.array:
    return mx.concatenate([mx.ones((1, 1, 1)), mx.zeros((n_steps - 1, 1, 1))])


def test_an_input_to_alpha_becomes_a_difference_of_exponentials() -> None:
    neuron = Alpha(0.9, 0.7, reset_mechanism="none")
    _, states = neuron.trace(impulse(12))
    t = np.arange(12)
    tau = np.log(0.9) / (np.log(0.7) - np.log(0.9)) + 1
    np.testing.assert_allclose(states["mem"].flatten(), tau * (0.9**t - 0.7**t), atol=1e-6)


def test_an_input_to_the_dual_exponential_passes_three_decays() -> None:
    neuron = DualExponential(0.8, 0.5, 100.0)
    _, states = neuron.trace(impulse(15))
    t = np.arange(15)
    np.testing.assert_allclose(states["syn_exc"].flatten(), 0.8**t, rtol=1e-5)
    np.testing.assert_allclose(states["syn_inh"].flatten(), (t + 1) * 0.8**t, rtol=1e-5)
    membrane = np.convolve((t + 1) * 0.8**t, 0.5**t)[:15]
    np.testing.assert_allclose(states["mem"].flatten(), membrane, rtol=1e-5)


def test_the_membrane_of_the_dual_exponential_is_that_of_synaptic_behind_a_filter(
    currents: list[float],
) -> None:
    x = mx.array(currents)[:, None, None]
    dual, plain = DualExponential(0.6, 0.8), Synaptic(0.6, 0.8)
    filtered = [mx.zeros((1, 1))]
    for current in x:
        filtered.append(0.6 * filtered[-1] + current)
    expected, _ = plain.run(mx.stack(filtered[1:]))
    np.testing.assert_array_equal(dual.run(x)[0], expected)


def test_a_reset_empties_the_currents_of_alpha() -> None:
    neuron = Alpha(0.9, 0.8, 0.1)
    state = {name: mx.full((1, 1), 2.0) for name in neuron.states}
    _, after = neuron(mx.ones((1, 1)), state)
    assert [after[name].item() for name in neuron.states] == [0.0, 0.0, 0.0]
    at_once = Alpha(0.9, 0.8, 0.1, reset_delay=False)
    start = {"syn_exc": mx.full((1, 1), 2.0), "syn_inh": mx.zeros((1, 1)), "mem": mx.zeros((1, 1))}
    spikes, after = at_once(mx.ones((1, 1)), start)
    assert spikes.item() == 1
    assert [after[name].item() for name in neuron.states] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("beta", [0.9, 0.95, [0.5, 0.91]])
def test_alpha_has_to_decay_more_slowly_than_beta(beta: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"alpha: expected decays greater than beta.*Dual"):
        Alpha(0.9, beta)
    neuron = Alpha(0.9, [0.5, 0.8])
    with pytest.raises(ConfigurationError, match="alpha: expected decays greater than beta"):
        neuron.beta = beta


def test_learned_decays_of_alpha_keep_their_order() -> None:
    neuron = Alpha(0.82, 0.8, 5.0, learn_alpha=True, learn_beta=True)
    x = mx.ones((6, 1, 1))

    def loss(neuron: Alpha) -> mx.array:
        return neuron.run(x)[1]["mem"].sum()

    for _ in range(60):
        _, gradient = nn.value_and_grad(neuron, loss)(neuron)
        # Downhill for beta is uphill here, so that it would pass alpha.
        neuron.update({"beta_logit": neuron.beta_logit + 0.2 * mx.sign(gradient["beta_logit"] + 1)})
    assert neuron.beta.item() > neuron.alpha.item()
    values = neuron.values(x[0])
    assert values["beta"].item() < values["alpha"].item()
    assert mx.isfinite(neuron.run(x)[1]["mem"]).all().item()
