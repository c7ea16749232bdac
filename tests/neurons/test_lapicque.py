from __future__ import annotations

import math
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from eegsnn.errors import ConfigurationError
from eegsnn.neurons import Lapicque


@pytest.mark.parametrize(
    ("given", "R", "C"),
    [
        ({"beta": 0.9}, 1.0, 1 / math.log(1 / 0.9)),
        ({"beta": 0.9, "time_step": 0.5}, 1.0, 0.5 / math.log(1 / 0.9)),
        ({"beta": 0.9, "R": 5.0}, 5.0, 1 / (5 * math.log(1 / 0.9))),
        ({"beta": 0.9, "C": 2.0}, 1 / (2 * math.log(1 / 0.9)), 2.0),
        ({"R": 5.0, "C": 2.0}, 5.0, 2.0),
    ],
)
def test_two_of_decay_resistance_and_capacitance_say_all(
    given: dict[str, float], R: float, C: float
) -> None:
    neuron = Lapicque(**given)
    assert neuron.R.item() == pytest.approx(R)
    assert neuron.C.item() == pytest.approx(C)
    assert neuron.beta.item() == pytest.approx(given.get("beta", math.exp(-1 / (R * C))))


@pytest.mark.parametrize(
    "given", [{}, {"R": 1.0}, {"C": 1.0}, {"beta": 0.9, "R": 1.0, "C": 2.0}], ids=str
)
def test_too_little_and_too_much_are_refused(given: dict[str, float]) -> None:
    got = ", ".join(given) or "none of them"
    with pytest.raises(ConfigurationError, match=f"two of the three, but got {got}"):
        Lapicque(**given)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("beta", {"beta": 1.0}),
        ("beta", {"beta": 0.0}),
        ("R", {"beta": 0.9, "R": -1.0}),
        ("R", {"beta": 0.9, "R": "five"}),
        ("C", {"R": 5.0, "C": 0.0}),
        ("time_step", {"R": 1.0, "C": 1.0, "time_step": 0.0}),
        ("time_step", {"R": 1.0, "C": 1.0, "time_step": 1.5}),
        ("time_step", {"beta": 0.3}),
    ],
    ids=str,
)
def test_impossible_values_are_refused(name: str, given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}: expected"):
        Lapicque(**given)


def test_the_membrane_approaches_resistance_times_current() -> None:
    neuron = Lapicque(R=4.0, C=2.0, threshold=100.0)
    _, state = neuron.run(mx.full((200, 1, 1), 1.5))
    assert state["mem"].item() == pytest.approx(6.0, rel=1e-5)


def test_steps_are_eulers() -> None:
    neuron = Lapicque(R=[2.0, 5.0], C=2.0, time_step=0.5)
    _, state = neuron(mx.array([[0.3, 0.3]]), {"mem": mx.array([[0.4, 0.4]])})
    expected = [0.4 + 0.5 / (R * 2.0) * (R * 0.3 - 0.4) for R in (2.0, 5.0)]
    np.testing.assert_allclose(state["mem"][0], expected, rtol=1e-6)


def test_the_decay_is_learned_by_way_of_the_capacitance() -> None:
    neuron = Lapicque(beta=0.9, learn_beta=True, learn_R=True)
    assert neuron.learned() == {"R", "C"}
    assert neuron.beta.item() == pytest.approx(0.9)
