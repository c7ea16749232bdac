"""Where kernels cannot serve, neurons take the general way: the same results, in any type."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from eegsnn.neurons import Leaky, Neuron

BATCH = 3


@pytest.mark.parametrize("dtype", [mx.float16, mx.bfloat16])
def test_half_precision_stays_half_precision(
    kind: Any, dtype: mx.Dtype, rng: np.random.Generator
) -> None:
    neuron = kind.build(4, False, rng)
    x = kind.currents((12, BATCH, 4), rng).astype(dtype)
    outputs, states = neuron.trace(x)
    output, state = neuron(x[0], neuron.rest((BATCH, 4), dtype))
    gradient = mx.grad(lambda x: neuron.run(x)[0].sum())(x)
    for array in (outputs, output, gradient, *states.values(), *state.values()):
        assert array.dtype == dtype
        assert mx.isfinite(array.astype(mx.float32)).all().item()


def test_half_precision_has_the_values_of_the_loop() -> None:
    neuron = Leaky(0.5)
    _, states = neuron.trace(mx.ones((5, 2, 3), mx.float16))
    assert states["mem"][:, 0, 0].tolist() == [1.0, 1.5, 0.75, 1.375, 0.6875]


class TestTransformations:
    """Where arrays have no values yet, neurons take the general way and give the same."""

    def test_compiled(self, fast_class: Any, rng: np.random.Generator) -> None:
        neuron = fast_class.build(4, True, rng)
        x = fast_class.currents((1, BATCH, 4), rng)  # the compiler takes seconds for every step

        def value_and_gradient(x: mx.array) -> tuple[mx.array, mx.array]:
            return mx.value_and_grad(lambda x: self.loss(neuron, x))(x)

        self.compare(mx.compile(value_and_gradient)(x), value_and_gradient(x))

    def test_over_one_more_axis(self, kind: Any, rng: np.random.Generator) -> None:
        neuron = kind.build(4, False, rng)
        x = kind.currents((3, 7, BATCH, 4), rng)
        gradient = mx.grad(lambda x: self.loss(neuron, x))
        outputs = mx.vmap(lambda x: neuron.run(x)[0])(x)
        gradients = mx.vmap(gradient)(x)
        for i in range(3):
            self.compare((outputs[i], gradients[i]), (neuron.run(x[i])[0], gradient(x[i])))

    def test_checkpointed(self, kind: Any, rng: np.random.Generator) -> None:
        neuron = kind.build(4, True, rng)
        x = kind.currents((9, BATCH, 4), rng)
        gradient = mx.grad(lambda x: self.loss(neuron, x))(x)
        saving = mx.grad(mx.checkpoint(lambda x: self.loss(neuron, x)))(x)
        self.compare((saving,), (gradient,))

    @staticmethod
    def loss(neuron: Neuron, x: mx.array) -> mx.array:
        outputs, state = neuron.run(x)
        return outputs.sum() + sum(values.sum() for values in state.values())

    @staticmethod
    def compare(got: tuple[mx.array, ...], expected: tuple[mx.array, ...]) -> None:
        for ours, theirs in zip(got, expected, strict=True):
            scale = max(float(mx.abs(theirs).max()), 1.0)
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * scale)
