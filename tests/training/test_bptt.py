from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlx.optimizers import SGD
from mlx.utils import tree_flatten

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.layers import BNTT, Dropout, Linear, Sequential, TdBN
from eegsnn.neurons import Leaky, LeakyIntegrator
from eegsnn.training import bptt_forward, truncated_bptt

BATCH, INPUTS, OUTPUTS = 3, 4, 2


def make_model(*between: Any) -> Sequential:
    first, second = mx.random.split(mx.random.key(0))
    return Sequential(
        Linear(INPUTS, 6, key=first),
        *between,
        Leaky(0.9, learn_beta=True),
        Linear(6, OUTPUTS, key=second),
        LeakyIntegrator(0.8, learn_beta=True),
    )


def make_input(n_steps: int, seed: int = 1) -> mx.array:
    return 2 * mx.random.normal((n_steps, BATCH, INPUTS), key=mx.random.key(seed))


Run = Callable[[Any, mx.array, Any], tuple[mx.array, Any]]


def gradients(model: Any, x: mx.array, state: Any, run: Run) -> dict[str, np.ndarray]:
    """Outputs, and gradients of weights, input and state, of a loss that sees every output."""
    target = mx.random.normal((len(x), BATCH, OUTPUTS), key=mx.random.key(9))

    def loss(x: mx.array, state: Any) -> mx.array:
        outputs, after = run(model, x, state)
        return mx.square(outputs - target).mean() + mx.square(after[-1]["mem"]).sum()

    _, of_weights = nn.value_and_grad(model, loss)(x, state)
    of_input, of_state = mx.grad(loss, argnums=(0, 1))(x, state)
    found = {"outputs": run(model, x, state)[0], "x": of_input}
    found |= dict(tree_flatten(of_weights)) | dict(tree_flatten({"state": of_state}))
    return {name: np.array(value) for name, value in found.items()}


def assert_same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    assert first.keys() == second.keys()
    for name in first:
        scale = max(np.abs(first[name]).max(), 1e-6)
        np.testing.assert_allclose(
            second[name] / scale, first[name] / scale, atol=2e-5, err_msg=name
        )


def plain(model: Any, x: mx.array, state: Any) -> tuple[mx.array, Any]:
    return model.run(x, state)


@given(
    n_steps=st.integers(1, 25), checkpoint=st.one_of(st.just("sqrt"), st.integers(1, 30)), seed=...
)
@settings(max_examples=8, deadline=None)
def test_recomputation_changes_no_gradient(n_steps: int, checkpoint: Any, seed: bool) -> None:
    model, x = make_model(), make_input(n_steps, int(seed))
    state = model.init_state(BATCH, INPUTS)
    saving = gradients(
        model, x, state, lambda m, x, s: bptt_forward(m, x, s, checkpoint=checkpoint)
    )
    assert_same(gradients(model, x, state, plain), saving)


def test_the_state_may_be_left_out() -> None:
    model, x = make_model(), make_input(10)
    outputs, state = bptt_forward(model, x, checkpoint=3)
    expected, after = model.run(x)
    assert mx.array_equal(outputs, expected)
    assert mx.array_equal(state[-1]["mem"], after[-1]["mem"])


def test_a_single_neuron_is_a_model() -> None:
    lif, x = Leaky(0.9), make_input(10)
    assert mx.array_equal(bptt_forward(lif, x, checkpoint="sqrt")[0], lif.run(x)[0])


def test_weights_and_inputs_stay_what_they_were() -> None:
    model, x = make_model(), make_input(9)
    before = {name: np.array(value) for name, value in tree_flatten(model.parameters())}
    nn.value_and_grad(model, lambda: bptt_forward(model, x, checkpoint=2)[0].sum())()
    bptt_forward(model, x, checkpoint=2)
    for name, value in tree_flatten(model.parameters()):
        np.testing.assert_array_equal(value, before[name])


def test_dropout_of_one_key_is_one_mask_for_all_segments() -> None:
    model, x, key = make_model(Dropout(0.5)), make_input(20), mx.random.key(3)
    state = model.init_state(BATCH, INPUTS)
    assert_same(
        gradients(model, x, state, lambda m, x, s: m.run(x, s, key=key)),
        gradients(model, x, state, lambda m, x, s: bptt_forward(m, x, s, checkpoint=6, key=key)),
    )


def test_numbers_of_the_global_generator_are_drawn_again() -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = mx.array(1.0)

        def run(self, x: mx.array, state: Any = None) -> tuple[mx.array, Any]:
            return self.gain * x * mx.random.normal(x.shape), state

    model, x = Noisy(), mx.ones((8, 1, 1))
    mx.random.seed(5)
    value, grads = nn.value_and_grad(model, lambda: bptt_forward(model, x, checkpoint=2)[0].sum())()
    following = mx.random.uniform()
    # The model is linear in its gain, which is 1: the gradient is the value, if noise is the same.
    assert grads["gain"].item() == pytest.approx(value.item(), rel=1e-6)
    mx.random.seed(5)
    bptt_forward(model, x, checkpoint=2)
    assert mx.random.uniform().item() == following.item()


def test_statistics_of_a_layer_move_once() -> None:
    def statistics(checkpoint: int | None) -> np.ndarray:
        model, x = make_model(BNTT(6, 12)), make_input(12)
        nn.value_and_grad(model, lambda: bptt_forward(model, x, checkpoint=checkpoint)[0].sum())()
        return np.array(model.layers[1].running_mean)

    np.testing.assert_allclose(statistics(4), statistics(None), atol=1e-6)
    assert np.abs(statistics(None)).max() > 0


def test_it_works_inside_compiled_functions() -> None:
    lif, x = Leaky(0.9, learn_beta=True), make_input(8)

    def loss(x: mx.array, checkpoint: int | None) -> mx.array:
        return (bptt_forward(lif, x, checkpoint=checkpoint)[0] * x).sum()

    expected = mx.grad(loss)(x, None)
    compiled = mx.compile(mx.grad(lambda x: loss(x, 3)))(x)
    np.testing.assert_allclose(compiled, expected, atol=1e-5)


@given(n_steps=st.integers(1, 25), beyond=st.integers(0, 5))
@settings(max_examples=5, deadline=None)
def test_a_window_of_all_steps_is_the_full_gradient(n_steps: int, beyond: int) -> None:
    model, x = make_model(), make_input(n_steps)
    state = model.init_state(BATCH, INPUTS)
    run = lambda m, x, s: bptt_forward(m, x, s, window=n_steps + beyond)  # noqa: E731
    full = gradients(model, x, state, plain)
    for name, value in gradients(model, x, state, run).items():
        np.testing.assert_array_equal(value, full[name])


@pytest.mark.parametrize("checkpoint", [None, 2, "sqrt"])
def test_a_window_cuts_the_gradient_and_carries_the_state(checkpoint: Any) -> None:
    integrator = LeakyIntegrator(0.5)
    x = mx.ones((8, 1, 1))

    def last(x: mx.array) -> mx.array:
        return bptt_forward(integrator, x, window=4, checkpoint=checkpoint)[0][-1].sum()

    assert last(x).item() == pytest.approx(sum(0.5**k for k in range(8)))
    grad = np.array(mx.grad(last)(x)).ravel()
    np.testing.assert_allclose(grad, [0, 0, 0, 0, 0.125, 0.25, 0.5, 1.0])


def test_windows_in_turn_are_the_sum_of_the_cut_gradient() -> None:
    model, x = make_model(), make_input(11)
    target = mx.random.normal((11, BATCH, OUTPUTS), key=mx.random.key(2))

    def loss(outputs: mx.array, steps: slice) -> mx.array:
        return mx.square(outputs - target[steps]).sum()

    whole = nn.value_and_grad(
        model, lambda: loss(bptt_forward(model, x, window=4)[0], slice(None))
    )()
    parts = list(truncated_bptt(model, loss, x, window=4))
    assert [(p.steps.start, p.steps.stop) for p in parts] == [(0, 4), (4, 8), (8, 11)]
    assert sum(p.loss.item() for p in parts) == pytest.approx(whole[0].item(), rel=1e-5)
    expected = dict(tree_flatten(whole[1]))
    for name, value in expected.items():
        total = sum(np.array(dict(tree_flatten(p.gradients))[name]) for p in parts)
        np.testing.assert_allclose(total, value, rtol=1e-4, atol=1e-4, err_msg=name)


def test_weights_may_change_between_windows() -> None:
    model, optimizer = LeakyIntegrator(0.3, learn_beta=True), SGD(0.5)
    x = mx.ones((40, 1, 1))
    target, _ = LeakyIntegrator(0.7).run(x)
    losses = []
    for part in truncated_bptt(
        model, lambda out, steps: mx.square(out - target[steps]).mean(), x, window=5
    ):
        optimizer.update(model, part.gradients)
        losses.append(part.loss.item())
    assert losses[-1] < 0.1 * max(losses)


@pytest.mark.parametrize("given_", [{"checkpoint": 2}, {"window": 3}])
@pytest.mark.parametrize("layer", [TdBN, nn.BatchNorm])
def test_a_layer_over_all_steps_cannot_go_in_parts(layer: Any, given_: dict[str, int]) -> None:
    model = make_model(layer(6))
    with pytest.raises(ConfigurationError, match=r"layers\.1.*all time steps together"):
        bptt_forward(model, make_input(8), **given_)
    model.eval()
    np.testing.assert_allclose(
        bptt_forward(model, make_input(8), **given_)[0], model.run(make_input(8))[0], atol=1e-6
    )


@pytest.mark.parametrize(
    ("given_", "text"),
    [
        ({"checkpoint": 0}, "^checkpoint: expected"),
        ({"checkpoint": "square"}, "^checkpoint: expected a number of steps, 'sqrt' or None"),
        ({"window": 0}, "^window: expected"),
        ({"window": 5, "checkpoint": 3}, "^window: expected a multiple of the 3 steps"),
    ],
)
def test_impossible_values_are_refused_by_name(given_: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        bptt_forward(Leaky(), make_input(12), **given_)


@pytest.mark.parametrize("x", [np.ones((3, 2, 1)), mx.ones((3,)), mx.ones((0, 2, 1))])
def test_input_without_steps_is_refused(x: Any) -> None:
    with pytest.raises(DataError, match=r"^x: expected an MLX array \[T, batch"):
        bptt_forward(Leaky(), x)
    with pytest.raises(DataError, match=r"^x: expected an MLX array \[T, batch"):
        next(truncated_bptt(Leaky(), lambda *_: mx.array(0.0), x, window=2))


def test_recomputation_needs_a_fraction_of_the_memory() -> None:
    # Wide hidden layers: what is recomputed outweighs input and output, which stay whole.
    model, x = (
        make_model(
            Linear(6, 64, key=mx.random.key(3)), Leaky(0.9), Linear(64, 6, key=mx.random.key(4))
        ),
        make_input(900),
    )

    def peak(checkpoint: str | None) -> int:
        loss = nn.value_and_grad(
            model, lambda x: bptt_forward(model, x, checkpoint=checkpoint)[0].sum()
        )
        mx.eval(x, model.parameters())
        mx.reset_peak_memory()
        before = mx.get_active_memory()
        mx.eval(loss(x))
        return mx.get_peak_memory() - before

    assert peak("sqrt") < peak(None) / 3
