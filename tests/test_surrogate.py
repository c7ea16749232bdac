from __future__ import annotations

import math
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.surrogate import SURROGATES, Surrogate, custom_surrogate, get_surrogate, spike

# gradient(u, k), k by default, height of the peak, half width at half height: as the field
# defines them, written anew here.
TABLE = {
    "fast_sigmoid": (lambda u, k: 1 / (1 + k * abs(u)) ** 2, 25, 1, (math.sqrt(2) - 1) / 25),
    "arctan": (lambda u, k: k / 2 / (1 + (math.pi * k * u / 2) ** 2), 2, 1, 1 / math.pi),
    "sigmoid": (
        lambda u, k: k * math.exp(-k * u) / (1 + math.exp(-k * u)) ** 2,
        25,
        25 / 4,
        2 * math.log(1 + math.sqrt(2)) / 25,
    ),
    "straight_through": (lambda u, k: 1.0, 1, 1, math.inf),
    "boxcar": (lambda u, k: float(k * abs(u) <= 0.5), 1, 1, 0.5),
    "triangular": (lambda u, k: max(0.0, 1 - k * abs(u)), 1, 1, 0.5),
    "tanh": (
        lambda u, k: 4 / (math.exp(k * u) + math.exp(-k * u)) ** 2,
        1,
        1,
        math.log(1 + math.sqrt(2)),
    ),
}
HALF_TYPES = (mx.float16, mx.bfloat16)


def gradient_through_spike(u: Any, surrogate: Surrogate) -> mx.array:
    return mx.grad(lambda u: spike(u, surrogate).sum())(mx.array(u))


@given(hnp.arrays(np.float32, hnp.array_shapes(max_dims=3), elements=st.floats(width=32)))
@example(np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1e-45, -1e-45, 3e38], dtype=np.float32))
def test_forward_is_the_exact_step(u: np.ndarray) -> None:
    got = spike(mx.array(u), get_surrogate())
    assert got.dtype == mx.float32
    np.testing.assert_array_equal(np.array(got), (u > 0).astype(np.float32))


@pytest.mark.parametrize("dtype", HALF_TYPES)
@pytest.mark.parametrize("name", SURROGATES)
def test_forward_is_exact_in_half_precision(name: str, dtype: mx.Dtype) -> None:
    u = mx.array([1e8, -1e8, float("inf"), float("-inf"), float("nan"), 6e-8, 0.0]).astype(dtype)
    got = spike(u, get_surrogate(name))
    assert got.dtype == dtype
    assert got.tolist() == [1, 0, 1, 0, 0, float(u[5].item() > 0), 0]


@pytest.mark.parametrize("dtype", HALF_TYPES)
@pytest.mark.parametrize("name", SURROGATES)
def test_half_precision_keeps_the_type_of_the_gradient(name: str, dtype: mx.Dtype) -> None:
    gradient = get_surrogate(name).gradient(mx.array([0.0, 0.3, 6e4]).astype(dtype))
    assert gradient.dtype == dtype
    assert np.isfinite(np.array(gradient.astype(mx.float32))).all()


@pytest.mark.parametrize("name", SURROGATES)
@pytest.mark.parametrize("slope", [None, 0.7, 5.0])
def test_gradients_are_those_of_the_table(name: str, slope: float | None) -> None:
    formula, default, _, _ = TABLE[name]
    u = [-3.0, -1.0, -0.4, -0.07, 0.0, 1e-3, 0.07, 0.4, 1.0, 3.0]
    expected = [formula(value, slope or default) for value in u]
    surrogate = get_surrogate(name, slope)
    np.testing.assert_allclose(gradient_through_spike(u, surrogate), expected, rtol=1e-5, atol=1e-7)
    in_numpy = surrogate.gradient(np.array(u), xp=np)
    np.testing.assert_allclose(in_numpy, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", SURROGATES)
def test_mlx_and_numpy_share_one_definition(name: str, rng: np.random.Generator) -> None:
    u = rng.normal(scale=2, size=500).astype(np.float32)
    in_numpy = get_surrogate(name).gradient(u, xp=np)
    assert in_numpy.dtype == np.float32
    np.testing.assert_allclose(get_surrogate(name).gradient(mx.array(u)), in_numpy, 2e-5, 1e-30)


@pytest.mark.parametrize("name", SURROGATES)
def test_peaks_and_widths_are_as_documented(name: str) -> None:
    _, slope, peak, half_width = TABLE[name]
    surrogate = get_surrogate(name)
    assert surrogate.slope == slope
    u = np.linspace(-2, 2, 4001)
    gradient = surrogate.gradient(u, xp=np)
    assert gradient.max() == pytest.approx(peak)
    np.testing.assert_allclose(gradient, gradient[::-1])  # even
    if math.isfinite(half_width):
        widest = np.abs(u[gradient >= peak / 2 - 1e-9]).max()
        assert widest == pytest.approx(half_width, abs=1.1e-3)


@pytest.mark.parametrize("name", SURROGATES)
@pytest.mark.parametrize("u", [float("inf"), float("-inf"), 1e30, -1e30])
def test_gradients_far_away_are_finite(name: str, u: float) -> None:
    gradient = gradient_through_spike([u], get_surrogate(name)).item()
    assert gradient == pytest.approx(1.0 if name == "straight_through" else 0.0, abs=1e-20)


def test_cotangents_are_multiplied_in() -> None:
    u, cotangent = mx.array([0.2, -0.1]), mx.array([3.0, -2.0])
    surrogate = get_surrogate("arctan")
    _, (got,) = mx.vjp(lambda u: spike(u, surrogate), [u], [cotangent])
    np.testing.assert_allclose(got, cotangent * surrogate.gradient(u))


@pytest.mark.parametrize("transform", [mx.compile, mx.vmap], ids=["compile", "vmap"])
def test_works_under_transformations(transform: Any) -> None:
    surrogate = get_surrogate("triangular")
    u = mx.array([[-0.5, 0.25], [0.5, 2.0]])

    def loss(u: mx.array) -> mx.array:
        return spike(u, surrogate).sum()

    value_and_grad = mx.value_and_grad(loss)
    value, gradient = transform(value_and_grad)(u)
    assert value.sum().item() == 3
    assert gradient.tolist() == [[0.5, 0.75], [0.5, 0.0]]


def test_custom_surrogates_are_functions_of_the_user() -> None:
    custom = Surrogate("gauss", 2.0, lambda u, slope, xp: xp.exp(-slope * xp.square(u)))
    assert get_surrogate(custom) is custom
    gradient = gradient_through_spike([0.0, 1.0], custom)
    np.testing.assert_allclose(gradient, [1.0, math.exp(-2)], rtol=1e-6)


def test_a_slope_given_beside_a_custom_surrogate_counts() -> None:
    custom = Surrogate("flat", 1.0, lambda u, slope, xp: slope * xp.ones_like(u))
    assert gradient_through_spike([0.0], get_surrogate(custom, 3.0)).item() == 3.0


class TestFunctionsOfTheUser:
    def test_the_gradient_is_the_function(self) -> None:
        bell = custom_surrogate(lambda u: mx.exp(-4 * u * u), "bell")
        assert (bell.name, bell.slope) == ("bell", 1.0)
        u = [-0.5, 0.0, 1.0]
        expected = np.exp(-4 * np.square(u))
        np.testing.assert_allclose(gradient_through_spike(u, bell), expected, rtol=1e-6)
        assert spike(mx.array(u), bell).tolist() == [0, 0, 1]

    def test_it_is_found_where_a_name_would_be(self) -> None:
        surrogate = get_surrogate(lambda u: mx.abs(u))
        assert surrogate.name == "custom"
        np.testing.assert_allclose(gradient_through_spike([-2.0, 3.0], surrogate), [2.0, 3.0])

    @pytest.mark.parametrize(
        "function", [lambda u: 0.5, lambda u: mx.abs(u) < 1, lambda u: u.astype(mx.float32)]
    )
    @pytest.mark.parametrize("dtype", [mx.float32, *HALF_TYPES])
    def test_any_result_becomes_the_type_of_the_membrane(
        self, function: Any, dtype: mx.Dtype
    ) -> None:
        u = mx.array([0.25, 2.0]).astype(dtype)
        gradient = custom_surrogate(function).gradient(u)
        assert (gradient.dtype, gradient.shape) == (dtype, u.shape)

    def test_numpy_arrays_stay_so(self) -> None:
        u = np.array([[0.5, -1.0]], np.float32)
        gradient = custom_surrogate(mx.abs).gradient(u, xp=np)
        assert isinstance(gradient, np.ndarray)
        assert gradient.dtype == np.float32
        np.testing.assert_array_equal(gradient, np.abs(u))

    def test_another_shape_is_refused(self) -> None:
        with pytest.raises(DataError, match=r"shape \(3,\), but got \(2,\)"):
            custom_surrogate(lambda u: u[:2]).gradient(mx.zeros((3,)))

    @pytest.mark.parametrize("given", [(None,), ("arctan",), (abs, "arctan"), (abs, ""), (abs, 3)])
    def test_what_is_no_function_or_no_name_is_refused(self, given: Any) -> None:
        with pytest.raises(ConfigurationError, match="expected"):
            custom_surrogate(*given)

    def test_a_slope_beside_a_function_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match=r"surrogate_slope: .*into the function"):
            get_surrogate(abs, 2.0)


@pytest.mark.parametrize("dtype", [mx.float32, *HALF_TYPES])
def test_the_step_is_exact_at_the_edges_of_every_type(dtype: mx.Dtype) -> None:
    smallest = {mx.float32: 2.0**-149, mx.float16: 2.0**-24, mx.bfloat16: 2.0**-133}[dtype]
    largest = {mx.float32: 3.4e38, mx.float16: 65504.0, mx.bfloat16: 3.38e38}[dtype]
    above = mx.array([smallest, largest, math.inf]).astype(dtype)
    assert (above > 0).all().item()  # the type has kept them
    for name in SURROGATES:
        surrogate = get_surrogate(name)
        assert spike(above, surrogate).tolist() == [1, 1, 1]
        assert spike(-above, surrogate).tolist() == [0, 0, 0]
        zeros = mx.array([0.0, -0.0, math.nan]).astype(dtype)
        assert spike(zeros, surrogate).tolist() == [0, 0, 0]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"surrogate: .*Did you mean 'fast_sigmoid'"):
        get_surrogate("fast_sigmod")


@pytest.mark.parametrize("slope", [0.0, -1.0, float("nan"), float("inf"), "2", True])
def test_impossible_slopes_are_refused(slope: Any) -> None:
    with pytest.raises(ConfigurationError, match="surrogate_slope"):
        get_surrogate("arctan", slope)
