from __future__ import annotations

from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.utils import tree_flatten

import eegsnn
from eegsnn import neurons
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.neurons import Leaky, LeakyIntegrator, Neuron
from eegsnn.neurons.parameters import parameters_of


def test_the_neuron_keeps_no_state_of_its_own() -> None:
    neuron, x = Leaky(0.9), mx.ones((5, 1, 1))
    np.testing.assert_array_equal(neuron.run(x)[0], neuron.run(x)[0])


def test_an_integrator_never_spikes_nor_resets() -> None:
    outputs, state = LeakyIntegrator(1.0).run(mx.full((4, 1, 1), 2.0))
    assert outputs.flatten().tolist() == [2.0, 4.0, 6.0, 8.0]
    assert state["mem"].item() == 8.0


def test_state_has_the_shape_asked_for() -> None:
    state = Leaky().init_state(2, (3, 4))
    assert state["mem"].shape == (2, 3, 4)
    assert not state["mem"].any().item()


class TestRefusals:
    """States and inputs that do not fit, for every kind of neuron."""

    def test_a_state_of_another_shape(self, kind: Any, rng: np.random.Generator) -> None:
        neuron = kind.build(3, False, rng)
        name = type(neuron).__name__
        for batch, shape in ((4, r"\(4, 3\)"), (1, r"\(1, 3\)")):
            state = neuron.init_state(batch=batch, features=3)
            message = rf"{name}: .*\(2, 3\).*{shape}.*init_state"
            with pytest.raises(DataError, match=message):
                neuron(mx.zeros((2, 3)), state)
            with pytest.raises(DataError, match=message):
                neuron.run(mx.zeros((5, 2, 3)), state)

    def test_a_state_of_another_neuron(self, kind: Any, rng: np.random.Generator) -> None:
        neuron = kind.build(3, False, rng)
        state = neuron.init_state(2, 3)
        some = {name: state[name] for name in list(state)[1:]}
        for wrong in (some, {**state, "foreign": state["mem"]}, None, state["mem"]):
            with pytest.raises(DataError, match="expected a state with the keys"):
                neuron(mx.zeros((2, 3)), wrong)

    @pytest.mark.parametrize("x", [np.zeros((5, 2, 3)), mx.zeros((5, 2, 3), mx.int32), 1.0])
    def test_inputs_of_another_type(self, x: Any) -> None:
        with pytest.raises(DataError, match="Leaky: expected an MLX array of floats"):
            Leaky().run(x)

    def test_inputs_without_a_step(self) -> None:
        with pytest.raises(DataError, match="at least one time step"):
            Leaky().run(mx.zeros((0, 2, 3)))
        with pytest.raises(DataError, match=r"\[T, batch, …\]"):
            Leaky().run(mx.zeros((5,)))


def test_states_have_the_shape_asked_for(kind: Any, rng: np.random.Generator) -> None:
    neuron = kind.build(3, False, rng)
    state = neuron.init_state(2, 3)
    assert set(state) == set(neuron.states)
    assert "mem" in state
    assert all(values.shape == (2, 3) for values in state.values())


def test_only_what_is_learned_is_a_parameter() -> None:
    neuron = Leaky(0.9)
    assert dict(tree_flatten(neuron.trainable_parameters())) == {}
    assert sorted(dict(tree_flatten(neuron.parameters()))) == ["beta_fixed", "threshold_fixed"]
    learned = Leaky(0.9, learn_beta=True)
    assert list(dict(tree_flatten(learned.trainable_parameters()))) == ["beta_logit"]
    learned.freeze()
    learned.unfreeze()
    assert list(dict(tree_flatten(learned.trainable_parameters()))) == ["beta_logit"]


def test_fixed_and_learned_values_are_saved(tmp_path: Path) -> None:
    neuron = Leaky([0.5, 0.7], 1.3, learn_beta=True)
    neuron.save_weights(str(tmp_path / "weights.safetensors"))
    other = Leaky([0.9, 0.9], 1.0, learn_beta=True)
    other.load_weights(str(tmp_path / "weights.safetensors"))
    np.testing.assert_allclose(other.beta, [0.5, 0.7], rtol=1e-6)
    assert other.threshold.item() == pytest.approx(1.3)


class TestLearning:
    """Whatever an optimiser does, parameters stay in their range; all are saved."""

    @pytest.mark.parametrize("sign", [1.0, -1.0])
    def test_learned_values_stay_in_their_range(
        self, kind: Any, sign: float, learn_all: Any, rng: np.random.Generator
    ) -> None:
        neuron = kind.build(3, True, rng, **learn_all(kind))
        weights = neuron.trainable_parameters()
        assert len(weights) == len(neuron.learned()) > 0
        # Far further than any optimiser goes, where the scale still has numbers.
        neuron.update({name: value + sign * 5 for name, value in weights.items()})
        for name, entry in parameters_of(type(neuron)).items():
            if name in neuron.learned():
                value = np.array(getattr(neuron, name))
                assert np.all(entry.scale.valid(value)), name
        outputs, state = neuron.run(kind.currents((5, 2, 3), rng))
        assert outputs.shape == (5, 2, 3)
        assert set(state) == set(neuron.states)

    def test_learned_values_start_where_they_were_set(self, kind: Any, learn_all: Any) -> None:
        fixed = kind.build(3, True, np.random.default_rng(7))
        learned = kind.build(3, True, np.random.default_rng(7), **learn_all(kind))
        x = mx.zeros((2, 3))
        for name, value in fixed.values(x).items():
            np.testing.assert_allclose(learned.values(x)[name], value, rtol=1e-4)

    def test_everything_is_saved(
        self, kind: Any, learn_all: Any, tmp_path: Path, rng: np.random.Generator
    ) -> None:
        for keywords in ({}, learn_all(kind)):
            neuron, other = (kind.build(3, True, rng, **keywords) for _ in range(2))
            neuron.save_weights(str(tmp_path / "weights.safetensors"))
            other.load_weights(str(tmp_path / "weights.safetensors"))
            x = kind.currents((20, 2, 3), rng)
            np.testing.assert_array_equal(other.run(x)[0], neuron.run(x)[0])

    def test_fixed_values_stay_fixed(self, kind: Any, rng: np.random.Generator) -> None:
        neuron = kind.build(3, True, rng)
        learned = set(neuron.trainable_parameters())
        neuron.freeze()
        neuron.unfreeze()
        assert set(neuron.trainable_parameters()) == learned
        for name in kind.ranges:
            before = np.array(getattr(neuron, name))
            setattr(neuron, name, before * 1.001)
            np.testing.assert_allclose(getattr(neuron, name), before * 1.001, rtol=1e-5)


@pytest.mark.parametrize("beta", [0.0, 0.3, 0.9, 1.0])
def test_a_learned_decay_starts_where_it_was_set(beta: float) -> None:
    assert Leaky(beta, learn_beta=True).beta.item() == pytest.approx(beta, abs=1.1e-4)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_learned_decay_stays_in_its_range(sign: float) -> None:
    neuron = Leaky([0.2, 0.9], learn_beta=True)
    x = mx.ones((6, 1, 2))

    def loss(neuron: Leaky) -> mx.array:
        return sign * neuron.run(x)[1]["mem"].sum()

    start = np.array(neuron.beta)
    for _ in range(50):
        _, gradient = nn.value_and_grad(neuron, loss)(neuron)
        neuron.update({"beta_logit": neuron.beta_logit - 0.3 * gradient["beta_logit"]})
    beta = np.array(neuron.beta)
    assert ((beta - start) * sign < 0).all()
    assert ((beta > 0) & (beta < 1)).all()


@pytest.mark.parametrize("beta", [-0.1, 1.1, float("nan"), [0.5, 2.0], "fast", None])
@pytest.mark.parametrize("kind", [Leaky, LeakyIntegrator])
def test_impossible_decays_are_refused(kind: Any, beta: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"beta: expected decays per step in \[0, 1\]"):
        kind(beta)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", 0.0),
        ("threshold", float("nan")),
        ("threshold", "1"),
        ("reset_mechanism", "hard"),
        ("reset_delay", 1),
        ("learn_beta", "yes"),
        ("surrogate", "step"),
    ],
)
def test_impossible_parameters_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Leaky(**{name: value})


def test_a_decay_for_another_number_of_neurons_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="beta"):
        Leaky([0.5, 0.9]).run(mx.zeros((4, 1, 3)))


def test_every_neuron_is_at_hand_in_the_package() -> None:
    kinds = [getattr(neurons, name) for name in neurons.__all__]
    bases = {"Neuron", "SpikingNeuron", "RecurrentNeuron"}
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, Neuron) and kind.__name__ not in bases:
            assert getattr(eegsnn, kind.__name__) is kind
            assert kind.__name__ in dir(eegsnn)
