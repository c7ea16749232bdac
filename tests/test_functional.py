"""The names of the mlx-snn documentation mean what it says."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from eegsnn import functional, training
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.functional import (
    activity_reg_loss,
    ce_count_loss,
    ce_rate_loss,
    custom_surrogate,
    fire,
    if_step,
    l1_spike_loss,
    l2_spike_loss,
    lif_step,
    membrane_loss,
    mse_count_loss,
    mse_membrane_loss,
    rate_coding_loss,
    reset_subtract,
    reset_zero,
    spike_count,
    spike_rate,
)
from eegsnn.neurons import IF, Leaky
from eegsnn.surrogate import get_surrogate

INPUT = [0.6, 0.6, 0.6, 1.5, 0.0, 0.9, 0.9, -0.5, 2.5, 0.3]


@pytest.fixture
def spikes(rng: np.random.Generator) -> mx.array:
    return mx.array((rng.random((8, 4, 3)) < 0.4).astype(np.float32))


TARGETS = mx.array([0, 2, 1, 1])


def log_softmax(scores: np.ndarray) -> np.ndarray:
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


def cross_entropy(scores: np.ndarray) -> float:
    return float(-log_softmax(scores)[np.arange(4), np.asarray(TARGETS)].mean())


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_lif_step_is_the_documented_update(reset: str) -> None:
    mem, ours = mx.zeros(1), []
    for current in INPUT:
        _, mem = lif_step(mx.array([current]), mem, 0.9, 1.0, reset, "fast_sigmoid", 25.0)
        ours.append(mem.item())
    x = mx.array(INPUT).reshape(-1, 1, 1)
    _, states = Leaky(0.9, reset_mechanism=reset).trace(x)
    assert ours == pytest.approx(states["mem"].reshape(-1).tolist(), rel=1e-6)


def test_if_step_forgets_nothing() -> None:
    mem, ours = mx.zeros(1), []
    for current in INPUT:
        spikes, mem = if_step(mx.array([current]), mem)
        ours.append(spikes.item())
    assert ours == IF().run(mx.array(INPUT).reshape(-1, 1, 1))[0].reshape(-1).tolist()


@pytest.mark.parametrize("name", ["fast_sigmoid", "arctan", "sigmoid", "straight_through"])
@pytest.mark.parametrize("scale", [None, 3.0])
def test_surrogates_by_name_and_scale(name: str, scale: float | None) -> None:
    x = mx.array([0.3])
    gradient = mx.grad(
        lambda x: lif_step(x, mx.zeros(1), surrogate_fn=name, surrogate_scale=scale)[0].sum()
    )(x)
    assert gradient.item() == pytest.approx(get_surrogate(name, scale).gradient(x - 1).item())


def test_a_surrogate_may_be_a_function() -> None:
    u = mx.array([-0.4, 0.2])
    gradient = mx.grad(lambda m: fire(m, 1.0, lambda u: mx.sigmoid(4 * u)).sum())(u + 1)
    value = 1 / (1 + np.exp(-4 * np.asarray(u)))
    np.testing.assert_allclose(np.asarray(gradient), 4 * value * (1 - value), rtol=1e-4)


def test_a_custom_surrogate_serves_a_whole_layer() -> None:
    own = custom_surrogate(lambda u: mx.arctan(mx.pi * u) / mx.pi)  # arctan with slope 2
    x = mx.array(INPUT).reshape(-1, 1, 1)
    ours, theirs = (
        mx.grad(lambda x, s=surrogate: Leaky(surrogate=s).run(x)[0].sum())(x)
        for surrogate in (own, "arctan")
    )
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-5)


def test_fire_and_resets() -> None:
    mem = mx.array([0.5, 1.0, 1.5])
    spk = fire(mem, 1.0, "arctan")
    assert spk.tolist() == [0.0, 0.0, 1.0]
    assert reset_subtract(mem, spk, 1.0).tolist() == [0.5, 1.0, 0.5]
    assert reset_zero(mem, spk).tolist() == [0.5, 1.0, 0.0]


def test_rates_and_counts(spikes: mx.array) -> None:
    counts = np.asarray(spikes).sum(axis=0)
    np.testing.assert_allclose(np.asarray(spike_count(spikes)), counts)
    np.testing.assert_allclose(np.asarray(spike_rate(spikes)), counts / 8)


def test_cross_entropies(spikes: mx.array, rng: np.random.Generator) -> None:
    counts = np.asarray(spikes).sum(axis=0)
    assert ce_count_loss(spikes, TARGETS).item() == pytest.approx(cross_entropy(counts), rel=1e-5)
    assert rate_coding_loss(spikes, TARGETS).item() == ce_count_loss(spikes, TARGETS).item()
    rates = counts / 8
    assert ce_rate_loss(spikes, TARGETS).item() == pytest.approx(cross_entropy(rates), rel=1e-5)
    mem = mx.array(rng.normal(size=(8, 4, 3)).astype(np.float32))
    wanted = cross_entropy(np.asarray(mem)[-1])
    assert membrane_loss(mem, TARGETS).item() == pytest.approx(wanted, rel=1e-5)


def test_squared_errors(spikes: mx.array, rng: np.random.Generator) -> None:
    wanted = rng.uniform(0, 8, (4, 3)).astype(np.float32)
    counts = np.asarray(spikes).sum(axis=0)
    got = mse_count_loss(spikes, mx.array(wanted))
    assert got.item() == pytest.approx(np.mean((counts - wanted) ** 2), rel=1e-5)
    mem = rng.normal(size=(4, 3)).astype(np.float32)
    target = np.where(np.eye(3, dtype=bool)[np.asarray(TARGETS)], 1.5, -0.5)
    got = mse_membrane_loss(mx.array(mem), TARGETS, 1.5, -0.5)
    assert got.item() == pytest.approx(np.mean((mem - target) ** 2), rel=1e-5)


def test_regularisers(spikes: mx.array) -> None:
    counts = np.asarray(spikes).sum(axis=0)
    assert l1_spike_loss(spikes).item() == pytest.approx(counts.mean())
    assert l2_spike_loss(spikes).item() == pytest.approx((counts**2).mean())
    wanted = np.mean((counts / 8 - 0.2) ** 2)
    assert activity_reg_loss(spikes, 0.2).item() == pytest.approx(wanted, rel=1e-5)


def test_two_losses_share_a_name_with_snntorch_and_not_its_meaning(spikes: mx.array) -> None:
    assert ce_rate_loss(spikes, TARGETS) < training.ce_rate_loss(spikes, TARGETS)  # Jensen
    with pytest.raises(DataError, match=r"wanted count.*\(4, 3\).*\(4,\)"):
        mse_count_loss(spikes, TARGETS)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'fast_sigmoid'"):
        lif_step(mx.zeros(1), mx.zeros(1), surrogate_fn="fastsigmoid")
    with pytest.raises(ConfigurationError, match="reset_mechanism"):
        lif_step(mx.zeros(1), mx.zeros(1), reset_mechanism="hard")


def test_the_documented_names_are_there() -> None:
    names = (
        "lif_step if_step fire reset_subtract reset_zero ce_rate_loss ce_count_loss mse_count_loss "
        "mse_membrane_loss membrane_loss rate_coding_loss activity_reg_loss l1_spike_loss "
        "l2_spike_loss spike_rate spike_count"
    )
    assert set(names.split()) <= set(functional.__all__)
