"""Neurons of every kind with random parameters, and single neurons with outputs known by hand."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import mlx.core as mx
import numpy as np
import pytest

from eegsnn.neurons import (
    ALIF,
    IF,
    RALIF,
    AdEx,
    Alpha,
    DualExponential,
    Izhikevich,
    Lapicque,
    Leaky,
    LeakyIntegrator,
    Neuron,
    ParametricLeaky,
    ResonateAndFire,
    RLeaky,
    RSynaptic,
    Synaptic,
)

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
        settings = {**self.options, **options}
        if "linear_features" in settings:
            settings["linear_features"] = size
        return self.make(**values, **settings)

    def currents(self, shape: tuple[int, ...], rng: np.random.Generator) -> mx.array:
        return mx.array(rng.normal(self.mean, self.spread, shape), mx.float32)


THRESHOLD = {"threshold": (0.7, 1.3)}
DECAY = {"beta": (0.5, 0.98)}
CURRENT = {"alpha": (0.3, 0.8)}
FEEDBACK = {"V": (-0.6, 0.6)}
ALPHA = {"alpha": (0.85, 0.95), "beta": (0.5, 0.8), "threshold": (0.2, 0.5)}
ADAPTIVE = DECAY | {"rho": (0.8, 0.98), "b": (0.1, 0.5)} | THRESHOLD
IZHIKEVICH = {"a": (0.02, 0.1), "b": (0.2, 0.25), "c": (-65.0, -55.0), "d": (2.0, 8.0)}
ADEX = {"capacitance": (200.0, 300.0), "leak": (10.0, 30.0), "a": (2.0, 4.0), "b": (40.0, 80.0)}
OSCILLATOR = {"frequency": (0.02, 0.1), "damping": (0.05, 0.1)} | THRESHOLD
CIRCUIT = {"R": (2.0, 4.0), "C": (1.0, 2.0), "time_step": (0.8, 1.0)}
ZERO = {"reset_mechanism": "zero"}
AT_ONCE = {"reset_delay": False}
ONE_TO_ONE = {"all_to_all": False}
DENSE = {"linear_features": None, "key": mx.random.key(1)}

KINDS = {
    "leaky": Kind(Leaky, DECAY | THRESHOLD),
    "leaky zero": Kind(Leaky, DECAY | THRESHOLD, options=ZERO),
    "leaky none": Kind(Leaky, DECAY | THRESHOLD, 0.05, options={"reset_mechanism": "none"}),
    "leaky at once": Kind(Leaky, DECAY | THRESHOLD, options=AT_ONCE),
    "if": Kind(IF, THRESHOLD),
    "integrator": Kind(LeakyIntegrator, DECAY),
    "synaptic": Kind(Synaptic, CURRENT | DECAY | THRESHOLD, 0.1, 0.5),
    "synaptic zero": Kind(Synaptic, CURRENT | DECAY | THRESHOLD, 0.1, 0.5, ZERO),
    "synaptic at once": Kind(Synaptic, CURRENT | DECAY | THRESHOLD, 0.1, 0.5, AT_ONCE),
    "alpha": Kind(Alpha, ALPHA, 0.8),
    "alpha subtract": Kind(Alpha, ALPHA, 0.8, options={"reset_mechanism": "subtract"}),
    "alpha at once": Kind(Alpha, ALPHA, 0.8, options=AT_ONCE),
    "dual exponential": Kind(DualExponential, CURRENT | DECAY | THRESHOLD, 0.05, 0.3),
    "lapicque": Kind(Lapicque, CIRCUIT | THRESHOLD, 0.4, 1.0),
    "rleaky": Kind(RLeaky, DECAY | THRESHOLD | FEEDBACK, options=ONE_TO_ONE),
    "rleaky zero at once": Kind(
        RLeaky, DECAY | THRESHOLD | FEEDBACK, options=ONE_TO_ONE | ZERO | AT_ONCE
    ),
    "rleaky dense": Kind(RLeaky, DECAY | THRESHOLD, options=DENSE),
    "rsynaptic": Kind(
        RSynaptic, CURRENT | DECAY | THRESHOLD | FEEDBACK, 0.1, 0.5, ONE_TO_ONE | AT_ONCE
    ),
    "rsynaptic dense": Kind(RSynaptic, CURRENT | DECAY | THRESHOLD, 0.1, 0.5, DENSE),
    "rsynaptic dense zero": Kind(RSynaptic, CURRENT | DECAY | THRESHOLD, 0.1, 0.5, DENSE | ZERO),
    "alif": Kind(ALIF, ADAPTIVE, 0.4),
    "alif zero": Kind(ALIF, ADAPTIVE, 0.4, options=ZERO),
    "alif at once": Kind(ALIF, ADAPTIVE, 0.4, options=AT_ONCE),
    "ralif": Kind(RALIF, ADAPTIVE | FEEDBACK, 0.4, options=ONE_TO_ONE),
    "ralif dense": Kind(RALIF, ADAPTIVE, 0.4, options=DENSE | ZERO),
    "parametric": Kind(ParametricLeaky, {"tau": (1.5, 5.0)} | THRESHOLD, 1.5, 1.5),
    "parametric at once": Kind(
        ParametricLeaky, {"tau": (1.5, 5.0)}, options={"decay_input": False} | ZERO | AT_ONCE
    ),
    "izhikevich": Kind(Izhikevich, IZHIKEVICH, 15.0, 5.0),
    "izhikevich through": Kind(Izhikevich, IZHIKEVICH, 15.0, 5.0, {"detach_reset": False}),
    "adex": Kind(AdEx, ADEX, 900.0, 200.0, {"dt": 0.5}),
    "resonate": Kind(ResonateAndFire, OSCILLATOR, 0.3, 0.8),
    "resonate at once": Kind(ResonateAndFire, OSCILLATOR, 0.3, 0.8, AT_ONCE),
    "resonate subtract": Kind(
        ResonateAndFire, OSCILLATOR, 0.3, 0.8, {"reset_mechanism": "subtract"}
    ),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of neuron in turn."""
    return request.param


def learning(kind: Kind) -> dict[str, Any]:
    """Keywords that make a neuron of this kind learn all that it can."""
    arguments = inspect.signature(kind.make).parameters
    if "learn" in arguments:
        return {"learn": tuple(kind.ranges)}
    return {name: True for name in arguments if name.startswith("learn_")}


@pytest.fixture
def learn_all() -> Callable[[Kind], dict[str, Any]]:
    return learning


def has_kernel(kind: Kind) -> bool:
    neuron = kind.build(1, False, np.random.default_rng(0))
    delayed = neuron.firing.get("reset_delay", True)  # kernels know no other reset
    return neuron.kernel_for(neuron.values(mx.zeros((1, 1)))) is not None and delayed


FAST = [name for name, kind in KINDS.items() if has_kernel(kind)]


@pytest.fixture(params={KINDS[name].make: name for name in reversed(FAST)}.values())
def fast_class(request: pytest.FixtureRequest) -> Kind:
    """One kind of every class that has a compiled kernel."""
    return KINDS[request.param]


@pytest.fixture(params=FAST)
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
    "synaptic, subtract": Golden(
        lambda: Synaptic(0.8, 0.9),
        "0111111111",
        [0.6, 1.62, 1.922, 3.401, 4.19786, 5.387642, 6.836532, 7.043003, 9.350801, 10.9254],
    ),
    "synaptic, zero": Golden(
        lambda: Synaptic(0.8, 0.9, reset_mechanism="zero"),
        "0101010101",
        [0.6, 1.62, 0.0, 2.6712, 0.0, 2.609568, 0.0, 1.890124, 0.0, 3.509679],
    ),
    "alpha, zero": Golden(
        lambda: Alpha(0.9, 0.8, 0.5),
        "0001000010",
        [0.0, 0.113672, 0.306914, 0.553582, 0.0, 0.0, 0.170508, 0.460371, 0.565139, 0.0],
    ),
    "rleaky, subtract": Golden(
        lambda: RLeaky(0.9, 0.5, all_to_all=False),
        "0111111011",
        [0.6, 1.14, 1.126, 2.0134, 1.31206, 1.580854, 1.822768, 0.640492, 3.076442, 2.568798],
    ),
    "rleaky, zero": Golden(
        lambda: RLeaky(0.9, 0.5, all_to_all=False, reset_mechanism="zero"),
        "0101001010",
        [0.6, 1.14, 0.0, 1.5, 0.0, 0.9, 1.71, 0.0, 2.5, 0.0],
    ),
}


@pytest.fixture(params=GOLDEN.values(), ids=GOLDEN.keys())
def golden(request: pytest.FixtureRequest) -> Golden:
    return request.param


@pytest.fixture
def currents() -> list[float]:
    return list(CURRENTS)
