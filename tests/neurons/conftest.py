"""Neurons of every kind with random parameters, and single neurons with outputs known by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import mlx.core as mx
import numpy as np
import pytest

from eegsnn.neurons import IF, Leaky, LeakyIntegrator, Neuron

CURRENTS = [0.6, 0.6, 0.6, 1.5, 0.0, 0.9, 0.9, -0.5, 2.5, 0.3]


class Kind(NamedTuple):
    """How to make neurons of one kind: the range of each parameter, and a current that suits it."""

    make: Callable[..., Neuron]
    ranges: dict[str, tuple[float, float]]
    mean: float = 0.3
    spread: float = 0.8
    options: Mapping[str, Any] = MappingProxyType({})

    def build(self, size: int, per_neuron: bool, rng: np.random.Generator, **options: Any) -> Any:
        shape = (size,) if per_neuron else ()
        values = {
            name: rng.uniform(low, high, shape).astype(np.float32)
            for name, (low, high) in self.ranges.items()
        }
        return self.make(**values, **{**self.options, **options})

    def currents(self, shape: tuple[int, ...], rng: np.random.Generator) -> mx.array:
        return mx.array(rng.normal(self.mean, self.spread, shape), mx.float32)


THRESHOLD = {"threshold": (0.7, 1.3)}
DECAY = {"beta": (0.5, 0.98)}

KINDS = {
    "leaky": Kind(Leaky, DECAY | THRESHOLD),
    "leaky zero": Kind(Leaky, DECAY | THRESHOLD, options={"reset_mechanism": "zero"}),
    "leaky none": Kind(Leaky, DECAY | THRESHOLD, 0.05, options={"reset_mechanism": "none"}),
    "leaky at once": Kind(Leaky, DECAY | THRESHOLD, options={"reset_delay": False}),
    "if": Kind(IF, THRESHOLD),
    "integrator": Kind(LeakyIntegrator, DECAY),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of neuron in turn."""
    return request.param


def has_kernel(kind: Kind) -> bool:
    neuron = kind.build(1, False, np.random.default_rng(0))
    delayed = neuron.firing.get("reset_delay", True)  # kernels know no other reset
    return neuron.kernel is not None and delayed


@pytest.fixture(params=[name for name, kind in KINDS.items() if has_kernel(kind)])
def fast_kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of neuron that has a compiled kernel."""
    return KINDS[request.param]


class Golden(NamedTuple):
    """A neuron driven by CURRENTS from rest: what it does."""

    neuron: Callable[[], Neuron]
    spikes: str
    membranes: list[float]


GOLDEN = {
    "subtract": Golden(
        lambda: Leaky(0.9),
        "0101011011",
        [0.6, 1.14, 0.626, 2.0634, 0.85706, 1.671354, 1.404218, -0.236203, 2.287417, 1.358675],
    ),
    "zero": Golden(
        lambda: Leaky(0.9, reset_mechanism="zero"),
        "0101001010",
        [0.6, 1.14, 0.6, 2.04, 0.0, 0.9, 1.71, -0.5, 2.05, 0.3],
    ),
    "none": Golden(
        lambda: Leaky(0.9, reset_mechanism="none"),
        "0111111111",
        [0.6, 1.14, 1.626, 2.9634, 2.66706, 3.300354, 3.870318, 2.983286, 5.184958, 4.966462],
    ),
    "subtract at once": Golden(
        lambda: Leaky(0.9, reset_delay=False),
        "0101001011",
        [0.6, 0.14, 0.726, 1.1534, 1.03806, 1.834254, 1.550829, 0.895746, 2.306171, 1.375554],
    ),
    "zero at once": Golden(
        lambda: Leaky(0.9, reset_mechanism="zero", reset_delay=False),
        "0101001010",
        [0.6, 0.0, 0.6, 0.0, 0.0, 0.9, 0.0, -0.5, 0.0, 0.3],
    ),
    "none at once": Golden(
        lambda: Leaky(0.9, reset_mechanism="none", reset_delay=False),
        "0111111111",
        [0.6, 1.14, 1.626, 2.9634, 2.66706, 3.300354, 3.870318, 2.983286, 5.184958, 4.966462],
    ),
    "IF, subtract": Golden(
        IF,
        "0101111011",
        [0.6, 1.2, 0.8, 2.3, 1.3, 1.2, 1.1, -0.4, 2.1, 1.4],
    ),
    "IF, zero": Golden(
        lambda: IF(reset_mechanism="zero"),
        "0101001010",
        [0.6, 1.2, 0.6, 2.1, 0.0, 0.9, 1.8, -0.5, 2.0, 0.3],
    ),
    "IF, none": Golden(
        lambda: IF(reset_mechanism="none"),
        "0111111111",
        [0.6, 1.2, 1.8, 3.3, 3.3, 4.2, 5.1, 4.6, 7.1, 7.4],
    ),
}


@pytest.fixture(params=GOLDEN.values(), ids=GOLDEN.keys())
def golden(request: pytest.FixtureRequest) -> Golden:
    return request.param


@pytest.fixture
def currents() -> list[float]:
    return list(CURRENTS)
