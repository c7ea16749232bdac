"""Inputs and outputs of single neurons, worked out by hand from the published equations."""

from __future__ import annotations

from typing import NamedTuple

import pytest

CURRENTS = [0.6, 0.6, 0.6, 1.5, 0.0, 0.9, 0.9, -0.5, 2.5, 0.3]


class Golden(NamedTuple):
    """A neuron with threshold 1, driven by CURRENTS from rest: what it does."""

    beta: float
    reset_mechanism: str
    reset_delay: bool
    spikes: str
    membranes: list[float]


GOLDEN = {
    "subtract": Golden(
        0.9,
        "subtract",
        True,
        "0101011011",
        [0.6, 1.14, 0.626, 2.0634, 0.85706, 1.671354, 1.404218, -0.236203, 2.287417, 1.358675],
    ),
    "zero": Golden(
        0.9,
        "zero",
        True,
        "0101001010",
        [0.6, 1.14, 0.6, 2.04, 0.0, 0.9, 1.71, -0.5, 2.05, 0.3],
    ),
    "none": Golden(
        0.9,
        "none",
        True,
        "0111111111",
        [0.6, 1.14, 1.626, 2.9634, 2.66706, 3.300354, 3.870318, 2.983286, 5.184958, 4.966462],
    ),
    "subtract at once": Golden(
        0.9,
        "subtract",
        False,
        "0101001011",
        [0.6, 0.14, 0.726, 1.1534, 1.03806, 1.834254, 1.550829, 0.895746, 2.306171, 1.375554],
    ),
    "zero at once": Golden(
        0.9,
        "zero",
        False,
        "0101001010",
        [0.6, 0.0, 0.6, 0.0, 0.0, 0.9, 0.0, -0.5, 0.0, 0.3],
    ),
    "none at once": Golden(
        0.9,
        "none",
        False,
        "0111111111",
        [0.6, 1.14, 1.626, 2.9634, 2.66706, 3.300354, 3.870318, 2.983286, 5.184958, 4.966462],
    ),
    "IF, subtract": Golden(
        1.0,
        "subtract",
        True,
        "0101111011",
        [0.6, 1.2, 0.8, 2.3, 1.3, 1.2, 1.1, -0.4, 2.1, 1.4],
    ),
    "IF, zero": Golden(
        1.0,
        "zero",
        True,
        "0101001010",
        [0.6, 1.2, 0.6, 2.1, 0.0, 0.9, 1.8, -0.5, 2.0, 0.3],
    ),
    "IF, none": Golden(
        1.0,
        "none",
        True,
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
