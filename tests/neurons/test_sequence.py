from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.neurons import RESET_MECHANISMS, leaky_loop, leaky_sequence
from eegsnn.surrogate import SURROGATES, Surrogate, get_surrogate

Runner = Callable[..., tuple[mx.array, mx.array]]
GRADIENTS = ("x", "mem", "beta", "threshold")


def make_arguments(
    n_steps: int, size: int, per_neuron: bool, rng: np.random.Generator
) -> list[mx.array]:
    """Currents, first membranes (some beyond the threshold), decay and threshold."""
    shape = (size,) if per_neuron else ()
    arrays = (
        rng.normal(0.3, 0.8, size=(n_steps, 3, size)),
        rng.normal(0.5, 1.0, size=(3, size)),
        rng.uniform(0.5, 0.98, size=shape),
        rng.uniform(0.7, 1.3, size=shape),
    )
    return [mx.array(array.astype(np.float32)) for array in arrays]


def values_and_gradients(
    run: Runner, arguments: list[mx.array], cotangents: tuple[mx.array, mx.array], **options: Any
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    def forward(*arguments: mx.array) -> list[mx.array]:
        x, mem, beta, threshold = arguments
        return list(run(x, mem, beta=beta, threshold=threshold, **options))

    outputs, gradients = mx.vjp(forward, arguments, list(cotangents))
    return [np.array(a) for a in outputs], [np.array(a) for a in gradients]


def test_sequences_follow_the_golden_vectors(golden: Any, currents: list[float]) -> None:
    x = mx.array(currents)[:, None, None]
    for run in (leaky_loop, leaky_sequence):
        spikes, membranes = run(
            x,
            mx.zeros((1, 1)),
            beta=golden.beta,
            reset_mechanism=golden.reset_mechanism,
            reset_delay=golden.reset_delay,
        )
        assert "".join(str(int(s)) for s in np.array(spikes)[:, 0, 0]) == golden.spikes
        np.testing.assert_allclose(np.array(membranes)[:, 0, 0], golden.membranes, atol=2e-6)


@pytest.mark.parametrize("per_neuron", [False, True], ids=["scalars", "per neuron"])
@pytest.mark.parametrize("reset_mechanism", RESET_MECHANISMS)
@pytest.mark.parametrize("n_steps", [1, 2, 25])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_kernel_equals_loop_gradients_included(
    size: int, n_steps: int, reset_mechanism: str, per_neuron: bool, rng: np.random.Generator
) -> None:
    arguments = make_arguments(n_steps, size, per_neuron, rng)
    cotangents = tuple(mx.array(rng.normal(size=(n_steps, 3, size)), mx.float32) for _ in range(2))
    options = {"reset_mechanism": reset_mechanism, "surrogate": get_surrogate("arctan")}
    expected, expected_gradients = values_and_gradients(
        leaky_loop, arguments, cotangents, **options
    )
    got, gradients = values_and_gradients(leaky_sequence, arguments, cotangents, **options)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)
    for name, ours, theirs in zip(GRADIENTS, gradients, expected_gradients, strict=True):
        assert ours.shape == theirs.shape
        difference = np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-3)
        assert difference < 1e-5, name


@pytest.mark.parametrize("name", SURROGATES)
def test_kernel_equals_loop_for_every_surrogate(name: str, rng: np.random.Generator) -> None:
    arguments = make_arguments(12, 5, True, rng)
    cotangents = (mx.ones((12, 3, 5)), mx.zeros((12, 3, 5)))
    options = {"surrogate": get_surrogate(name)}
    _, expected = values_and_gradients(leaky_loop, arguments, cotangents, **options)
    _, got = values_and_gradients(leaky_sequence, arguments, cotangents, **options)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "formula",
    [
        lambda u, slope, xp: xp.abs(u) < slope,
        lambda u, slope, xp: slope,
        lambda u, slope, xp: u,
    ],
    ids=["booleans", "one number", "its input"],
)
def test_kernel_equals_loop_for_custom_surrogates(formula: Any, rng: np.random.Generator) -> None:
    arguments = make_arguments(12, 5, True, rng)
    cotangents = (mx.ones((12, 3, 5)), mx.ones((12, 3, 5)))
    options = {"surrogate": Surrogate("custom", 0.5, formula)}
    _, expected = values_and_gradients(leaky_loop, arguments, cotangents, **options)
    _, got = values_and_gradients(leaky_sequence, arguments, cotangents, **options)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_plain_numbers_change_no_gradient(rng: np.random.Generator) -> None:
    x, mem, _, _ = make_arguments(9, 4, False, rng)
    cotangents = [mx.ones((9, 3, 4)), mx.ones((9, 3, 4))]

    def gradients(beta: Any, threshold: Any) -> list[mx.array]:
        def forward(x: mx.array, mem: mx.array) -> list[mx.array]:
            return list(leaky_sequence(x, mem, beta=beta, threshold=threshold))

        return mx.vjp(forward, [x, mem], cotangents)[1]

    arrays = gradients(mx.array(0.9), mx.array(1.1))
    for ours, theirs in zip(gradients(0.9, 1.1), arrays, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("used", ["spikes", "membranes"])
def test_gradients_of_one_output_alone(used: str, rng: np.random.Generator) -> None:
    x, mem, beta, threshold = make_arguments(9, 4, False, rng)

    def loss(run: Runner) -> Callable[[mx.array], mx.array]:
        index = 0 if used == "spikes" else 1
        return lambda x: mx.square(run(x, mem, beta=beta, threshold=threshold)[index]).sum()

    expected = mx.grad(loss(leaky_loop))(x)
    np.testing.assert_allclose(mx.grad(loss(leaky_sequence))(x), expected, rtol=1e-4, atol=1e-5)


def test_parameters_with_an_axis_of_size_one(rng: np.random.Generator) -> None:
    x, mem, _, _ = make_arguments(6, 4, False, rng)
    arguments = [x, mem, mx.full((3, 1), 0.8), mx.full((1, 4), 0.9)]
    cotangents = (mx.ones((6, 3, 4)), mx.ones((6, 3, 4)))
    _, expected = values_and_gradients(leaky_loop, arguments, cotangents)
    _, got = values_and_gradients(leaky_sequence, arguments, cotangents)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_gradients_without_reset_have_a_known_value() -> None:
    x = mx.array([0.3, -0.2, 0.5, 0.1])[:, None, None]
    mem, beta = mx.array([[0.4]]), mx.array(0.8)

    def last(x: mx.array, mem: mx.array, beta: mx.array) -> mx.array:
        return leaky_sequence(x, mem, beta=beta, reset_mechanism="none")[1][-1].sum()

    by_x, by_mem, by_beta = mx.grad(last, argnums=(0, 1, 2))(x, mem, beta)
    np.testing.assert_allclose(by_x.flatten(), [0.8**3, 0.8**2, 0.8, 1], rtol=1e-6)
    assert by_mem.item() == pytest.approx(0.8**4, rel=1e-6)
    # m4 = β⁴·m0 + β³·x1 + β²·x2 + β·x3 + x4
    derivative = 4 * 0.8**3 * 0.4 + 3 * 0.8**2 * 0.3 - 2 * 0.8 * 0.2 + 0.5
    assert by_beta.item() == pytest.approx(derivative, rel=1e-5)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 12),
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.sampled_from(RESET_MECHANISMS),
    st.booleans(),
    st.integers(0, 2**31),
)
def test_kernel_equals_loop_for_any_shape(
    n_steps: int, shape: list[int], reset_mechanism: str, reset_delay: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = mx.array(rng.normal(0.3, 1, size=(n_steps, *shape)), mx.float32)
    mem = mx.array(rng.normal(0.5, 1, size=shape), mx.float32)
    options = {"beta": 0.9, "reset_mechanism": reset_mechanism, "reset_delay": reset_delay}
    expected = leaky_loop(x, mem, **options)
    got = leaky_sequence(x, mem, **options)
    np.testing.assert_allclose(got[1], expected[1], rtol=1e-5, atol=1e-5)
    clear = np.abs(np.array(expected[1]) - 1) > 1e-4  # not a matter of rounding
    np.testing.assert_array_equal(np.array(got[0])[clear], np.array(expected[0])[clear])


@pytest.mark.parametrize("reset_delay", [True, False])
@pytest.mark.parametrize("reset_mechanism", RESET_MECHANISMS)
def test_chunks_that_carry_the_state_equal_one_run(
    reset_mechanism: str, reset_delay: bool, rng: np.random.Generator
) -> None:
    x, mem, beta, threshold = make_arguments(25, 6, True, rng)
    options = {
        "beta": beta,
        "threshold": threshold,
        "reset_mechanism": reset_mechanism,
        "reset_delay": reset_delay,
    }
    expected = leaky_sequence(x, mem, **options)
    chunks = []
    for first, last in ((0, 1), (1, 10), (10, 25)):
        chunks.append(leaky_sequence(x[first:last], mem, **options))
        mem = chunks[-1][1][-1]
    for part, whole in zip(zip(*chunks, strict=True), expected, strict=True):
        np.testing.assert_array_equal(np.concatenate(part), whole)


def test_inputs_are_left_as_they_were(rng: np.random.Generator) -> None:
    arguments = make_arguments(8, 3, True, rng)
    before = [np.array(a) for a in arguments]
    cotangents = (mx.ones((8, 3, 3)), mx.ones((8, 3, 3)))
    for reset_mechanism in RESET_MECHANISMS:
        values_and_gradients(leaky_sequence, arguments, cotangents, reset_mechanism=reset_mechanism)
    for kept, array in zip(before, arguments, strict=True):
        np.testing.assert_array_equal(kept, array)
    np.testing.assert_array_equal(cotangents[0], np.ones((8, 3, 3)))


@pytest.mark.parametrize("dtype", [mx.float16, mx.bfloat16])
def test_half_precision_goes_through_the_loop(dtype: mx.Dtype) -> None:
    x, mem = mx.ones((5, 2, 3), dtype), mx.zeros((2, 3), dtype)
    spikes, membranes = leaky_sequence(x, mem, beta=0.5)
    assert (spikes.dtype, membranes.dtype) == (dtype, dtype)
    assert membranes[:, 0, 0].tolist() == [1.0, 1.5, 0.75, 1.375, 0.6875]
    mixed, _ = leaky_sequence(mx.ones((5, 2, 3)), mem, beta=0.5)
    assert mixed.tolist() == spikes.tolist()


@pytest.mark.parametrize("run", [leaky_loop, leaky_sequence])
class TestRefusals:
    def test_state_of_another_batch(self, run: Runner) -> None:
        with pytest.raises(DataError, match=r"\(2, 3\), but got \(4, 3\).*init_state"):
            run(mx.zeros((5, 2, 3)), mx.zeros((4, 3)), beta=0.9)

    def test_a_state_that_would_broadcast(self, run: Runner) -> None:
        with pytest.raises(DataError, match=r"\(2, 3\), but got \(1, 3\)"):
            run(mx.zeros((5, 2, 3)), mx.zeros((1, 3)), beta=0.9)

    def test_no_steps(self, run: Runner) -> None:
        with pytest.raises(DataError, match="at least one time step"):
            run(mx.zeros((0, 2, 3)), mx.zeros((2, 3)), beta=0.9)

    @pytest.mark.parametrize("name", ["beta", "threshold"])
    @pytest.mark.parametrize("shape", [(2,), (4, 1, 1), (5, 2, 3)])
    def test_parameters_of_another_size(
        self, shape: tuple[int, ...], name: str, run: Runner
    ) -> None:
        parameters = {"beta": mx.array(0.9), name: mx.ones(shape)}
        with pytest.raises(ConfigurationError, match=f"{name}: expected a scalar or one value per"):
            run(mx.zeros((5, 2, 3)), mx.zeros((2, 3)), **parameters)

    def test_unknown_reset(self, run: Runner) -> None:
        with pytest.raises(ConfigurationError, match="reset_mechanism"):
            run(mx.zeros((5, 2, 3)), mx.zeros((2, 3)), beta=0.9, reset_mechanism="hard")
