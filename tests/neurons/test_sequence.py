from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError
from eegsnn.neurons import RESET_MECHANISMS, Leaky, LeakyIntegrator, Neuron, loop, scan
from eegsnn.neurons.fast import Problem, kernel_serves, run_kernel
from eegsnn.neurons.sequence import State
from eegsnn.surrogate import SURROGATES, Surrogate, get_surrogate

Run = Callable[[Neuron, mx.array, State, State], tuple[mx.array, State]]
BATCH = 3


def in_a_loop(neuron: Neuron, x: mx.array, state: State, values: State) -> tuple[mx.array, State]:
    return loop(neuron.step, x, state, values)


def in_a_scan(neuron: Neuron, x: mx.array, state: State, values: State) -> tuple[mx.array, State]:
    return scan(neuron.step, x, state, values)


def by_kernel(
    neuron: Neuron, x: mx.array, state: State, values: State, every_state: bool
) -> tuple[mx.array, State]:
    kernel = neuron.kernel_for(values)
    assert kernel is not None
    problem = Problem(x, state, values, frozenset(values), neuron.firing, neuron.whole())
    assert kernel_serves(problem)
    return run_kernel(kernel, problem, every_state)


def in_a_kernel(neuron: Neuron, *problem: Any) -> tuple[mx.array, State]:
    return by_kernel(neuron, *problem, every_state=True)


def last_in_a_kernel(neuron: Neuron, *problem: Any) -> tuple[mx.array, State]:
    return by_kernel(neuron, *problem, every_state=False)


def last_in_a_loop(neuron: Neuron, *problem: Any) -> tuple[mx.array, State]:
    outputs, states = in_a_loop(neuron, *problem)
    return outputs, {name: values[-1] for name, values in states.items()}


def a_state(neuron: Neuron, kind: Any, size: int, rng: np.random.Generator) -> State:
    """State of neurons that have been busy for a while."""
    state = neuron.run(kind.currents((6, BATCH, size), rng))[1]
    mx.eval(state)
    return {name: mx.array(np.array(values)) for name, values in state.items()}


def differentiate(
    run: Run, neuron: Neuron, x: mx.array, state: State, seed: int = 1
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Outputs and states; gradients of their random sum by input, state and every parameter."""
    values = neuron.values(x[0])
    names, constants = list(state), list(values)

    def forward(*arguments: mx.array) -> list[mx.array]:
        rest = arguments[1:]
        first = dict(zip(names, rest[: len(names)], strict=True))
        parameters = dict(zip(constants, rest[len(names) :], strict=True))
        outputs, states = run(neuron, arguments[0], first, parameters)
        return [outputs, *(states[name] for name in names)]

    arguments = [x, *state.values(), *values.values()]
    rng = np.random.default_rng(seed)
    cotangents = [mx.array(rng.normal(size=a.shape), mx.float32) for a in forward(*arguments)]
    outputs, gradients = mx.vjp(forward, arguments, cotangents)
    keys = ["x", *names, *constants]
    return (
        {k: np.array(v) for k, v in zip(["outputs", *names], outputs, strict=True)},
        {k: np.array(v) for k, v in zip(keys, gradients, strict=True)},
    )


def assert_same(got: Any, expected: Any, rtol: float = 1e-6, by_gradient: float = 1e-5) -> None:
    for name, values in expected[0].items():
        assert got[0][name].shape == values.shape
        scale = max(np.abs(values).max(), 1.0)
        np.testing.assert_allclose(got[0][name], values, rtol, rtol * scale, err_msg=name)
    for name, values in expected[1].items():
        assert got[1][name].shape == values.shape
        # Gradients of scalars are sums of many terms that may cancel: their rounding is that of
        # the terms, whose size the gradient of the input shows.
        scale = max(np.abs(values).max(), np.abs(expected[1]["x"]).max(), 1e-3)
        assert np.abs(got[1][name] - values).max() / scale < by_gradient, name


@pytest.mark.parametrize("per_neuron", [False, True], ids=["scalars", "per neuron"])
def test_scan_equals_loop_gradients_included(
    kind: Any, per_neuron: bool, rng: np.random.Generator
) -> None:
    for n_steps, size in ((1, 7), (2, 1), (25, 7)):
        neuron = kind.build(size, per_neuron, rng)
        x, state = kind.currents((n_steps, BATCH, size), rng), a_state(neuron, kind, size, rng)
        expected = differentiate(in_a_loop, neuron, x, state)
        assert_same(differentiate(in_a_scan, neuron, x, state), expected)


@pytest.mark.parametrize(("n_steps", "size"), [(1, 1000), (2, 64), (333, 7)])
def test_scan_equals_loop_for_long_and_wide_input(
    fast_class: Any, n_steps: int, size: int, rng: np.random.Generator
) -> None:
    neuron = fast_class.build(size, True, rng)
    x, state = fast_class.currents((n_steps, 1, size), rng), neuron.init_state(1, size)
    expected = differentiate(in_a_loop, neuron, x, state)
    assert_same(differentiate(in_a_scan, neuron, x, state), expected)


# Short and long, narrow and wide: each length and size once, and once with one value for all.
GRID = [(1, 1, True), (1, 1000, True), (2, 7, True), (2, 64, False), (25, 64, True)]
GRID += [(25, 1, False), (25, 1000, False), (333, 7, True)]


@pytest.mark.parametrize(("n_steps", "size", "per_neuron"), GRID)
def test_kernel_equals_loop_gradients_included(
    fast_kind: Any, n_steps: int, size: int, per_neuron: bool, rng: np.random.Generator
) -> None:
    if "linear_features" in fast_kind.options and n_steps > 2:
        size = min(size, 200)  # size² weights
    options = {} if fast_kind.make is LeakyIntegrator else {"surrogate": get_surrogate("arctan")}
    neuron = fast_kind.build(size, per_neuron, rng, **options)
    x = fast_kind.currents((n_steps, BATCH, size), rng)
    state = a_state(neuron, fast_kind, size, rng)
    # The reference goes through scan where the plain loop's O(T²) would take too long.
    every = differentiate(in_a_loop if n_steps < 100 else in_a_scan, neuron, x, state)
    assert_same(differentiate(in_a_kernel, neuron, x, state), every)
    if n_steps < 100:
        last = differentiate(last_in_a_loop, neuron, x, state)
        assert_same(differentiate(last_in_a_kernel, neuron, x, state), last)


@pytest.mark.parametrize("n_steps", [1, 2, 25, 333])
@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_leaky_equals_the_plain_loop_at_every_size(
    n_steps: int, size: int, rng: np.random.Generator
) -> None:
    neuron = Leaky(mx.array(rng.uniform(0.5, 0.98, size), mx.float32))
    x = mx.array(rng.normal(0.3, 0.8, size=(n_steps, 1, size)), mx.float32)
    state = {"mem": mx.array(rng.normal(0.5, 1, size=(1, size)), mx.float32)}
    expected = differentiate(in_a_loop, neuron, x, state)
    assert_same(differentiate(in_a_scan, neuron, x, state), expected)
    assert_same(differentiate(in_a_kernel, neuron, x, state), expected)


@pytest.mark.parametrize("reset", RESET_MECHANISMS)
def test_every_reset_is_the_loops(fast_class: Any, reset: str, rng: np.random.Generator) -> None:
    if fast_class.make is LeakyIntegrator:
        pytest.skip("it never spikes")
    neuron = fast_class.build(5, True, rng, reset_mechanism=reset, surrogate="sigmoid")
    x, state = fast_class.currents((12, BATCH, 5), rng), a_state(neuron, fast_class, 5, rng)
    expected = differentiate(in_a_loop, neuron, x, state)
    assert_same(differentiate(in_a_kernel, neuron, x, state), expected)


def test_kernel_equals_scan_where_columns_are_shared_among_cores(
    fast_kind: Any, rng: np.random.Generator
) -> None:
    size = 200 if "linear_features" in fast_kind.options else 1000
    neuron = fast_kind.build(size, True, rng)
    if size == 200:
        # Sums of multiples of 1/256 are exact in any order: no spike hangs on their rounding.
        for name in ("recurrent_weight", "recurrent_bias"):
            setattr(neuron, name, mx.round(256 * getattr(neuron, name)) / 256)
    x = fast_kind.currents((120, BATCH, size), rng)  # more elements than one core is given
    state = a_state(neuron, fast_kind, size, rng)
    expected = differentiate(in_a_scan, neuron, x, state)
    assert_same(differentiate(in_a_kernel, neuron, x, state), expected)


def test_the_number_of_cores_changes_no_bit(
    fast_class: Any, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    neuron = fast_class.build(40, True, rng)
    x = mx.array(rng.normal(0.3, 0.8, size=(90, 75, 40)), mx.float32)  # enough to be shared
    state = neuron.init_state(75, 40)
    shared = differentiate(in_a_kernel, neuron, x, state)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    alone = differentiate(in_a_kernel, neuron, x, state)
    for got, expected in zip(shared, alone, strict=True):
        for name, values in expected.items():
            np.testing.assert_array_equal(got[name], values, err_msg=name)


def test_a_module_learns_as_the_loop_does(
    kind: Any, learn_all: Any, rng: np.random.Generator
) -> None:
    """Gradients of the weights themselves, by way of their logarithms and logits."""
    neuron = kind.build(4, True, rng, **learn_all(kind))
    x, weights = kind.currents((12, BATCH, 4), rng), mx.array(rng.normal(size=(12, BATCH, 4)))
    weights = weights.astype(mx.float32)

    def loss(neuron: Neuron, run: Run) -> mx.array:
        state = neuron.init_state(BATCH, 4)
        outputs, states = run(neuron, x, state, neuron.values(x[0]))
        return (weights * outputs).sum() + sum((weights * s).sum() for s in states.values())

    def in_a_trace(neuron: Neuron, x: mx.array, state: State, _: State) -> tuple[mx.array, State]:
        return neuron.trace(x, state)

    value_and_grad = nn.value_and_grad(neuron, loss)
    value, gradients = value_and_grad(neuron, in_a_trace)
    expected_value, expected = value_and_grad(neuron, in_a_loop)
    assert value.item() == pytest.approx(expected_value.item(), rel=1e-4)
    assert len(gradients) == len(neuron.learned()) > 0
    largest = max(float(mx.abs(gradient).max()) for gradient in expected.values())
    for name, gradient in expected.items():
        difference = float(mx.abs(gradients[name] - gradient).max())
        assert difference <= 2e-5 * max(float(mx.abs(gradient).max()), 1e-3 * largest), name


@pytest.mark.parametrize("name", SURROGATES)
@pytest.mark.parametrize("run", [in_a_scan, in_a_kernel])
def test_every_surrogate_is_the_loops(run: Run, name: str, rng: np.random.Generator) -> None:
    neuron = Leaky(0.8, surrogate=name)
    x = mx.array(rng.normal(0.3, 0.8, size=(12, BATCH, 5)), mx.float32)
    state = {"mem": mx.array(rng.normal(0.5, 1, size=(BATCH, 5)), mx.float32)}
    expected = differentiate(in_a_loop, neuron, x, state)
    assert_same(differentiate(run, neuron, x, state), expected)


@pytest.mark.parametrize(
    "surrogate",
    [
        Surrogate("own", 0.5, lambda u, slope, xp: xp.abs(u) < slope),
        Surrogate("own", 0.5, lambda u, slope, xp: slope),
        Surrogate("own", 0.5, lambda u, slope, xp: u),
        lambda u: mx.exp(-2.0 * mx.square(u)),
        lambda u: 0.5,
    ],
    ids=["booleans", "one number", "its input", "function", "function of nothing"],
)
@pytest.mark.parametrize("run", [in_a_scan, in_a_kernel])
def test_custom_surrogates_are_the_loops(
    run: Run, surrogate: Any, rng: np.random.Generator
) -> None:
    neuron = Leaky(0.8, surrogate=surrogate)
    x = mx.array(rng.normal(0.3, 0.8, size=(12, BATCH, 5)), mx.float32)
    state = neuron.init_state(BATCH, 5)
    expected = differentiate(in_a_loop, neuron, x, state)
    assert_same(differentiate(run, neuron, x, state), expected)


@pytest.mark.parametrize("used", ["spikes", "last membrane", "membranes"])
def test_gradients_of_one_output_alone(used: str, rng: np.random.Generator) -> None:
    neuron = Leaky(0.8)
    x = mx.array(rng.normal(0.3, 0.8, size=(9, BATCH, 4)), mx.float32)

    def loss(x: mx.array, run: Any) -> mx.array:
        outputs, states = run(x)
        return mx.square(outputs if used == "spikes" else states["mem"]).sum()

    def reference(x: mx.array) -> tuple[mx.array, State]:
        run = last_in_a_loop if used == "last membrane" else in_a_loop
        return run(neuron, x, neuron.init_state(BATCH, 4), neuron.values(x[0]))

    ours = neuron.run if used == "last membrane" else neuron.trace
    expected = mx.grad(lambda x: loss(x, reference))(x)
    np.testing.assert_allclose(mx.grad(lambda x: loss(x, ours))(x), expected, 1e-4, 1e-5)


def test_parameters_with_an_axis_of_size_one(rng: np.random.Generator) -> None:
    neuron = Leaky(np.full((BATCH, 1), 0.8), np.full((1, 4), 0.9))
    x = mx.array(rng.normal(0.3, 0.8, size=(6, BATCH, 4)), mx.float32)
    state = neuron.init_state(BATCH, 4)
    expected = differentiate(in_a_loop, neuron, x, state)
    for run in (in_a_scan, in_a_kernel):
        assert_same(differentiate(run, neuron, x, state), expected)


def test_gradients_without_reset_have_a_known_value() -> None:
    x = mx.array([0.3, -0.2, 0.5, 0.1])[:, None, None]
    neuron = Leaky(0.8, reset_mechanism="none")

    def last(x: mx.array, mem: mx.array, beta: mx.array) -> mx.array:
        parameters = {"beta": beta, "threshold": mx.array(1.0)}
        return in_a_kernel(neuron, x, {"mem": mem}, parameters)[1]["mem"][-1].sum()

    by_x, by_mem, by_beta = mx.grad(last, argnums=(0, 1, 2))(x, mx.array([[0.4]]), mx.array(0.8))
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
    st.booleans(),
    st.integers(0, 2**31),
)
def test_a_run_equals_the_loop_for_any_shape(
    n_steps: int, shape: list[int], reset: str, delay: bool, detach: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = mx.array(rng.normal(0.3, 1, size=(n_steps, *shape)), mx.float32)
    state = {"mem": mx.array(rng.normal(0.5, 1, size=shape), mx.float32)}
    neuron = Leaky(0.9, reset_mechanism=reset, reset_delay=delay, detach_reset=detach)
    spikes, states = in_a_loop(neuron, x, state, neuron.values(x[0]))
    got, trace = neuron.trace(x, state)
    np.testing.assert_allclose(trace["mem"], states["mem"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(neuron.run(x, state)[1]["mem"], states["mem"][-1], 1e-5, 1e-5)
    clear = np.abs(np.array(states["mem"]) - 1) > 1e-4  # not a matter of rounding
    np.testing.assert_array_equal(np.array(got)[clear], np.array(spikes)[clear])


def test_chunks_that_carry_the_state_equal_one_run(kind: Any, rng: np.random.Generator) -> None:
    neuron = kind.build(6, True, rng)
    x, state = kind.currents((25, BATCH, 6), rng), a_state(neuron, kind, 6, rng)
    outputs, final = neuron.run(x, state)
    chunks = []
    for first, last in ((0, 1), (1, 10), (10, 25)):
        part, state = neuron.run(x[first:last], state)
        chunks.append(part)
    np.testing.assert_array_equal(np.concatenate(chunks), outputs)
    for name, values in final.items():
        np.testing.assert_array_equal(state[name], values)


def test_spikes_come_and_fail_to_come(kind: Any, rng: np.random.Generator) -> None:
    """The tests above would say little of neurons that never spike, or always do."""
    neuron = kind.build(6, True, rng)
    spikes, _ = neuron.run(kind.currents((40, BATCH, 6), rng))
    if isinstance(neuron, LeakyIntegrator):
        assert len(np.unique(spikes)) > 100
    else:
        assert 0.01 < spikes.mean().item() < 0.9
        assert set(np.unique(spikes)) == {0.0, 1.0}


def test_a_run_ends_where_the_trace_ends(kind: Any, rng: np.random.Generator) -> None:
    neuron = kind.build(4, False, rng)
    x = kind.currents((9, BATCH, 4), rng)
    outputs, final = neuron.run(x)
    traced, states = neuron.trace(x)
    np.testing.assert_array_equal(outputs, traced)
    for name, values in final.items():
        np.testing.assert_array_equal(states[name][-1], values)


def test_steps_equal_a_run(kind: Any, rng: np.random.Generator) -> None:
    neuron = kind.build(4, True, rng)
    x = kind.currents((25, BATCH, 4), rng)
    outputs, states = neuron.trace(x)
    state = neuron.init_state(batch=BATCH, features=4)
    for t in range(25):
        output, state = neuron(x[t], state)
        np.testing.assert_allclose(output, outputs[t], rtol=1e-5, atol=1e-5)
        for name, values in state.items():
            np.testing.assert_allclose(values, states[name][t], rtol=1e-5, atol=1e-5)


def test_one_value_for_all_is_the_same_value_for_each(kind: Any, rng: np.random.Generator) -> None:
    neuron = kind.build(5, False, rng)
    x = kind.currents((25, BATCH, 5), rng)
    expected = neuron.run(x)[0]
    for name in kind.ranges:
        setattr(neuron, name, np.full(5, np.array(getattr(neuron, name))))
    np.testing.assert_array_equal(neuron.run(x)[0], expected)


def test_inputs_are_left_as_they_were(fast_kind: Any, rng: np.random.Generator) -> None:
    neuron = fast_kind.build(4, True, rng)
    x, state = fast_kind.currents((8, BATCH, 4), rng), a_state(neuron, fast_kind, 4, rng)
    arrays = [x, *state.values(), *neuron.values(x[0]).values()]
    before = [np.array(array) for array in arrays]
    differentiate(in_a_kernel, neuron, x, state)
    for kept, array in zip(before, arrays, strict=True):
        np.testing.assert_array_equal(kept, array)


@pytest.mark.parametrize("name", ["beta", "threshold"])
@pytest.mark.parametrize("shape", [(2,), (4, 1, 1), (5, 2, 3)])
def test_parameters_of_another_size_are_refused(shape: tuple[int, ...], name: str) -> None:
    neuron = Leaky(**{name: np.full(shape, 0.5)})
    with pytest.raises(ConfigurationError, match=f"{name}: expected a scalar or one value per"):
        neuron.run(mx.zeros((5, 2, 3)))


@pytest.mark.parametrize("n_steps", [1, 2, 30])
def test_a_mean_over_time_has_the_gradient_of_the_loop(
    fast_kind: Any, n_steps: int, rng: np.random.Generator
) -> None:
    # Its cotangent is one array for all steps, not one for each.
    neuron = fast_kind.build(9, True, rng)
    x = fast_kind.currents((n_steps, BATCH, 9), rng)
    weights = mx.array(rng.normal(size=(BATCH, 9)), mx.float32)

    def loss(run: Callable[[mx.array], tuple[mx.array, State]]) -> Callable[[mx.array], mx.array]:
        return lambda x: (run(x)[0].mean(axis=0) * weights).sum()

    def plain(x: mx.array) -> tuple[mx.array, State]:
        return loop(neuron.step, x, neuron.rest((BATCH, 9), x.dtype), neuron.values(x[0]))

    np.testing.assert_allclose(
        mx.grad(loss(neuron.run))(x), mx.grad(loss(plain))(x), rtol=1e-5, atol=1e-6
    )
