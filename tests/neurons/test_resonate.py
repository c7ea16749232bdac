from __future__ import annotations

from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.utils import tree_flatten

from eegsnn.errors import ConfigurationError
from eegsnn.neurons import ResonateAndFire
from eegsnn.neurons.sequence import scan

SFREQ = 250.0


def sine(frequency: float, amplitude: float, n_neurons: int, n_steps: int = 1000) -> mx.array:
    wave = amplitude * np.sin(2 * np.pi * frequency * np.arange(n_steps) / SFREQ)
    return mx.array(np.repeat(wave[:, None, None], n_neurons, axis=2), mx.float32)


@pytest.mark.parametrize("frequency", [8.0, 12.0, 20.0])
def test_the_amplitude_is_largest_at_its_own_frequency(frequency: float) -> None:
    own = np.arange(6.0, 26.0, 1.0)
    neurons = ResonateAndFire(own, damping=3.0, dt=1 / SFREQ, reset_mechanism="none")
    _, states = neurons.trace(sine(frequency, 0.02, len(own)))
    amplitude = np.abs(np.array(states["mem"])[500:, 0]).max(axis=0)
    assert own[amplitude.argmax()] == frequency
    expected = 0.02 / (2 * 3.0 / SFREQ)
    assert amplitude.max() == pytest.approx(expected, rel=0.1)


def test_it_spikes_most_at_its_own_frequency() -> None:
    own = np.array([8.0, 10.0, 12.0, 15.0])
    neurons = ResonateAndFire(own, damping=2.0, dt=1 / SFREQ)
    for i, frequency in enumerate(own):
        spikes, _ = neurons.run(sine(frequency, 0.04, 4, 500))
        counts = np.array(spikes.sum(axis=(0, 1)))
        assert counts.argmax() == i
        assert counts[i] > 2 * np.delete(counts, i).max()


def test_free_oscillation_is_exact_for_any_step() -> None:
    for dt in (1.0, 0.25):
        neuron = ResonateAndFire(0.1, 0.2, dt, reset_mechanism="none")
        state = {"real": mx.array([[1.0]]), "mem": mx.array([[0.0]])}
        _, after = neuron.run(mx.zeros((int(3 / dt), 1, 1)), state)
        z = np.exp(3 * (-0.2 + 2j * np.pi * 0.1))
        assert after["real"].item() == pytest.approx(z.real, abs=1e-6)
        assert after["mem"].item() == pytest.approx(z.imag, abs=1e-6)


def test_hertz_and_seconds_are_cycles_per_step(rng: np.random.Generator) -> None:
    x = mx.array(rng.normal(0, 0.5, (200, 1, 1)), mx.float32)
    in_hertz = ResonateAndFire(10.0, 5.0, 1 / SFREQ).run(x)[1]
    per_step = ResonateAndFire(10.0 / SFREQ, 5.0 / SFREQ).run(x)[1]
    np.testing.assert_allclose(in_hertz["mem"], per_step["mem"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "real", "mem"),
    [
        ({"reset_mechanism": "none"}, 2.0, 2.0),
        ({"reset_mechanism": "subtract", "reset_delay": False}, 2.0, 1.0),
        ({"reset_mechanism": "zero", "reset_delay": False}, 0.0, 0.0),
    ],
)
def test_resets_take_what_they_say(options: dict[str, Any], real: float, mem: float) -> None:
    neuron = ResonateAndFire(0.25, 1e-6, **options)  # a quarter turn per step: i·z
    start = {"real": mx.array([[2.0]]), "mem": mx.array([[0.0]])}
    spikes, state = neuron(mx.array([[2.0]]), start)
    assert spikes.item() == 1
    assert state["real"].item() == pytest.approx(real, abs=1e-5)
    assert state["mem"].item() == pytest.approx(mem, abs=1e-5)


def test_a_delayed_reset_to_zero_keeps_the_input() -> None:
    neuron = ResonateAndFire(0.25, 1e-6)
    above = {"real": mx.array([[0.7]]), "mem": mx.array([[1.5]])}
    _, state = neuron(mx.array([[0.3]]), above)
    assert state["real"].item() == pytest.approx(0.3)
    assert state["mem"].item() == 0.0


@pytest.mark.parametrize(("own", "sign"), [(9.0, 1), (11.0, -1)])
def test_gradients_lead_to_the_frequency_of_the_input(own: float, sign: int) -> None:
    neuron = ResonateAndFire(own, 5.0, 1 / SFREQ, learn=("frequency",), reset_mechanism="none")
    x = sine(10.0, 0.02, 1, 125)

    def power(neuron: ResonateAndFire) -> mx.array:
        return mx.square(neuron.trace(x)[1]["mem"]).mean()

    _, gradients = nn.value_and_grad(neuron, power)(neuron)
    assert list(gradients) == ["frequency_log"]
    assert sign * gradients["frequency_log"].item() > 0


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("frequency", {"frequency": 10.0}),
        ("frequency", {"frequency": 130.0, "dt": 1 / SFREQ}),
        ("frequency", {"frequency": 0.0}),
        ("damping", {"damping": 0.0}),
        ("dt", {"dt": 0.0}),
        ("learn", {"learn": ("dt",)}),
        ("reset_mechanism", {"reset_mechanism": "hard"}),
    ],
    ids=str,
)
def test_impossible_values_are_refused(name: str, given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}: expected"):
        ResonateAndFire(**given)


@pytest.mark.parametrize("reset", ["zero", "subtract", "none"])
def test_the_kernel_equals_the_scan_gradients_included(
    reset: str, rng: np.random.Generator
) -> None:
    neuron = ResonateAndFire(
        np.linspace(0.03, 0.2, 7),
        0.05,
        threshold=0.8,
        learn=("frequency", "damping", "threshold"),
        reset_mechanism=reset,
        surrogate="arctan",
    )
    x = mx.array(rng.normal(size=(40, 3, 7)), mx.float32)
    weights = mx.array(rng.normal(size=x.shape), mx.float32)

    def run(fast: bool) -> tuple[mx.array, Any, list[mx.array]]:
        def score(parameters: Any, x: mx.array) -> mx.array:
            neuron.update(parameters)
            state = neuron.rest(tuple(x.shape[1:]), x.dtype)
            if fast:
                spikes, states = neuron.trace(x, state)
            else:
                spikes, states = scan(neuron.step, x, state, neuron.values(x[0]))
            return ((spikes + 0.1 * states["mem"] + 0.2 * states["real"]) * weights).sum()

        spikes = (
            neuron.run(x)[0]
            if fast
            else scan(neuron.step, x, neuron.rest((3, 7), x.dtype), neuron.values(x[0]))[0]
        )
        value, gradients = mx.value_and_grad(score, argnums=(0, 1))(neuron.parameters(), x)
        return spikes, value, [array for _, array in tree_flatten(gradients)]

    kernel, reference = run(True), run(False)
    assert mx.array_equal(kernel[0], reference[0]).item()
    assert 0.01 < kernel[0].mean().item() < 0.9
    for got, expected in zip(kernel[2], reference[2], strict=True):
        np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-4)
