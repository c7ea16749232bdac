"""Neurons equal those of the peers, as recorded: spikes, every state, every gradient.

The recordings are made by the scripts in ``benchmarks/record_fixtures``; what a case holds, and
where a peer's conventions differ, stands there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import mlx.core as mx
import numpy as np
import pytest
from safetensors import safe_open

from eegsnn import neurons
from eegsnn.neurons.parameters import parameters_of
from eegsnn.surrogate import get_surrogate, spike

FOLDER = Path(__file__).parent / "recorded"
OUR_NAMES = {"weight": "recurrent_weight", "bias": "recurrent_bias"}


class Case(NamedTuple):
    """Settings of a recorded case, and its arrays by name."""

    settings: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def group(self, name: str) -> dict[str, np.ndarray]:
        """Arrays called ``name/…``, without that."""
        start = name + "/"
        return {k.removeprefix(start): v for k, v in self.arrays.items() if k.startswith(start)}

    @property
    def surrogate(self) -> Any:
        return get_surrogate(self.settings["surrogate"], self.settings["slope"])


def recorded(*files: str) -> list[Any]:
    """Every case of these files, as parameters of a test."""
    cases = []
    for file in files:
        with safe_open(FOLDER / f"{file}.safetensors", "np") as opened:
            for settings in json.loads(opened.metadata()["recording"])["cases"]:
                start = settings["name"] + "/"
                keys = [key for key in opened.keys() if key.startswith(start)]  # noqa: SIM118
                arrays = {key.removeprefix(start): opened.get_tensor(key) for key in keys}
                name = f"{settings.get('neuron', '')}-{settings['name']}"
                cases.append(pytest.param(Case(settings, arrays), id=name))
    return cases


def of_neurons(cases: list[Any], *kinds: str) -> list[Any]:
    return [case for case in cases if case.values[0].settings["neuron"] in kinds]


def arrays_of(values: dict[str, np.ndarray]) -> dict[str, mx.array]:
    return {name: mx.array(value) for name, value in values.items()}


def weighed(outputs: dict[str, mx.array], cotangents: dict[str, np.ndarray]) -> mx.array:
    """The number that was differentiated: every output times its random weights, summed."""
    assert set(cotangents) <= set(outputs)
    return sum((outputs[name] * mx.array(c)).sum() for name, c in cotangents.items())


def gradients_by_value(neuron: neurons.Neuron, learned: dict[str, mx.array]) -> dict[str, Any]:
    """Gradients by the parameters from those by the scales on which they are learned."""
    found = {}
    for name, entry in parameters_of(type(neuron)).items():
        if entry.learned_key in learned:
            free = neuron[entry.learned_key]
            _, (slope,) = mx.vjp(entry.scale.from_free, [free], [mx.ones_like(free)])
            found[name] = learned[entry.learned_key] / slope
    return found


def check_states(got: dict[str, mx.array], wanted: dict[str, np.ndarray], atol: float) -> None:
    for name, values in wanted.items():
        np.testing.assert_allclose(
            np.asarray(got[name]), values, rtol=1e-6, atol=atol, err_msg=name
        )


def check_gradients(got: dict[str, Any], wanted: dict[str, np.ndarray]) -> None:
    """Within 1e-5 of the recorded ones; near zero, of the largest of the array.

    The gradient by a parameter sums, over steps, trials and neurons, terms of either sign and of
    the size of the gradient by x: where it comes near zero, it has the precision of those.
    """
    for name, values in wanted.items():
        largest = np.abs(values).max()
        if name != "x" and not name.startswith("initial_"):
            largest = max(largest, np.linalg.norm(wanted["x"]) / np.sqrt(values.size))
        np.testing.assert_allclose(
            np.asarray(got[OUR_NAMES.get(name, name)]),
            values,
            rtol=1e-5,
            atol=max(1e-5 * largest, 1e-6),
            err_msg=name,
        )


def differentiate(
    neuron: neurons.Neuron,
    x: mx.array,
    initial: dict[str, mx.array],
    loss: Callable[[mx.array, dict[str, mx.array]], mx.array],
) -> dict[str, Any]:
    """Gradients of a loss on spikes and states by input, initial states and parameters."""

    def total(x: mx.array, initial: dict, parameters: dict) -> mx.array:
        neuron.update(parameters)
        return loss(*neuron.trace(x, initial))

    learned = neuron.trainable_parameters()
    by_x, by_initial, by_parameters = mx.grad(total, argnums=(0, 1, 2))(x, initial, learned)
    neuron.update(learned)
    return {
        "x": by_x,
        **{f"initial_{name}": gradient for name, gradient in by_initial.items()},
        **gradients_by_value(neuron, by_parameters),
    }


# snnTorch


SNNTORCH = recorded(
    *(f"snntorch_{name}" for name in ("leaky", "if", "synaptic", "alpha")),
    *(f"snntorch_{name}" for name in ("rleaky", "rsynaptic", "lapicque")),
)


def as_snntorch(case: Case, learn: bool) -> neurons.Neuron:
    """Our neuron with the parameters of the recorded one."""
    settings = case.settings
    options = {
        "reset_mechanism": settings["reset_mechanism"],
        "reset_delay": settings["reset_delay"],
        # snnTorch lets the gradient through the reset where it comes at once.
        "detach_reset": settings["reset_delay"],
        "surrogate": case.surrogate,
    }
    values = case.group("parameters")
    weights = {OUR_NAMES[name]: values.pop(name) for name in OUR_NAMES if name in values}
    for name in values:
        if name == "C":
            options["learn_beta"] = learn  # by way of C
        elif name != "V":
            options[f"learn_{name}"] = learn
    if settings["recurrence"]:
        options["learn_recurrent"] = learn
    if settings["recurrence"] == "one_to_one":
        options["all_to_all"] = False
    elif settings["recurrence"]:
        options["key"] = mx.random.key(0)
        n_channels = weights["recurrent_bias"].size
        if settings["recurrence"] == "dense":
            options["linear_features"] = n_channels
        else:
            options |= {"conv2d_channels": n_channels, "kernel_size": 3}
    neuron = getattr(neurons, settings["neuron"])(**values, **options)
    for name, value in weights.items():
        setattr(neuron, name, value)
    return neuron


@pytest.mark.parametrize("case", SNNTORCH)
def test_spikes_and_states_equal_snntorch(case: Case) -> None:
    x, initial = mx.array(case.arrays["x"]), arrays_of(case.group("initial"))
    spikes, states = as_snntorch(case, learn=False).trace(x, initial)
    np.testing.assert_array_equal(np.asarray(spikes), case.arrays["spikes"])
    check_states(states, case.group("states"), atol=1e-6)


@pytest.mark.parametrize("case", SNNTORCH)
def test_gradients_equal_snntorch(case: Case) -> None:
    cotangents = case.group("cotangents")
    got = differentiate(
        as_snntorch(case, learn=True),
        mx.array(case.arrays["x"]),
        arrays_of(case.group("initial")),
        lambda spikes, states: weighed({"spikes": spikes, **states}, cotangents),
    )
    check_gradients(got, case.group("gradients"))


# Surrogate gradients


SURROGATES = recorded("snntorch_surrogates") + of_neurons(recorded("spyx"), "")


@pytest.mark.parametrize("case", SURROGATES)
def test_surrogates_equal_the_peers(case: Case) -> None:
    u = mx.array(case.arrays["u"])
    gradient = mx.grad(lambda u: spike(u, case.surrogate).sum())(u)
    np.testing.assert_array_equal(np.asarray(spike(u, case.surrogate)), case.arrays["spikes"])
    np.testing.assert_allclose(np.asarray(gradient), case.arrays["gradient"], rtol=2e-6, atol=1e-7)


# Spyx


@pytest.mark.parametrize("case", of_neurons(recorded("spyx"), "LIF", "RLIF"))
def test_the_delayed_reset_is_the_order_of_spyx(case: Case) -> None:
    # Spyx fires on the membrane that a step is given: its spikes are ours, one step later.
    x = mx.array(case.arrays["x"])
    values = case.group("parameters")
    weight = values.pop("weight", None)
    options = {"detach_reset": False, "surrogate": case.surrogate}
    if weight is None:
        neuron: neurons.Neuron = neurons.Leaky(**values, learn_beta=True, **options)
    else:
        recurrent = {"linear_features": len(weight), "key": mx.random.key(0)}
        neuron = neurons.RLeaky(**values, learn_beta=True, **recurrent, **options)
        neuron.recurrent_weight = weight
        neuron.recurrent_bias = np.zeros(len(weight), np.float32)

    def one_later(spikes: mx.array) -> mx.array:
        return mx.concatenate([mx.zeros_like(spikes[:1]), spikes[:-1]])

    rest = neuron.init_state(*x.shape[1:])
    spikes, states = neuron.trace(x, rest)
    np.testing.assert_array_equal(np.asarray(one_later(spikes)), case.arrays["spikes"])
    check_states(states, case.group("states"), atol=2e-6)
    cotangents = case.group("cotangents")
    got = differentiate(
        neuron,
        x,
        rest,
        lambda spikes, states: weighed({"spikes": one_later(spikes), **states}, cotangents),
    )
    check_gradients(got, case.group("gradients"))


# SpikingJelly


@pytest.mark.parametrize("case", of_neurons(recorded("spikingjelly"), "LIF"))
def test_the_reset_at_once_is_that_of_spikingjelly(case: Case) -> None:
    settings = case.settings
    tau = float(case.arrays["parameters/tau"])
    neuron = neurons.Leaky(
        beta=1 - 1 / tau,
        reset_mechanism=settings["reset_mechanism"],
        reset_delay=False,
        detach_reset=settings["detach_reset"],
        surrogate=case.surrogate,
    )
    gain = 1 / tau if settings["decay_input"] else 1.0
    x, initial = mx.array(case.arrays["x"]), arrays_of(case.group("initial"))
    spikes, states = neuron.trace(x * gain, initial)
    np.testing.assert_array_equal(np.asarray(spikes), case.arrays["spikes"])
    check_states(states, case.group("states"), atol=1e-6)
    cotangents = case.group("cotangents")
    got = differentiate(
        neuron,
        x * gain,
        initial,
        lambda spikes, states: weighed({"spikes": spikes, **states}, cotangents),
    )
    got["x"] = got["x"] * gain
    check_gradients(got, case.group("gradients"))


@pytest.mark.parametrize("case", of_neurons(recorded("spikingjelly"), "PLIF"))
def test_parametric_lif_equals_spikingjelly(case: Case) -> None:
    settings = case.settings
    w = case.arrays["parameters/w"]
    neuron = neurons.ParametricLeaky(
        tau=1 + np.exp(-w),
        decay_input=settings["decay_input"],
        reset_mechanism=settings["reset_mechanism"],
        reset_delay=False,
        detach_reset=settings["detach_reset"],
        surrogate=case.surrogate,
    )
    x, initial = mx.array(case.arrays["x"]), arrays_of(case.group("initial"))
    spikes, states = neuron.trace(x, initial)
    np.testing.assert_array_equal(np.asarray(spikes), case.arrays["spikes"])
    check_states(states, case.group("states"), atol=1e-6)
    cotangents = case.group("cotangents")
    got = differentiate(
        neuron,
        x,
        initial,
        lambda spikes, states: weighed({"spikes": spikes, **states}, cotangents),
    )
    tau = 1 + np.exp(-float(w))
    got["w"] = got["tau"] * (1 - tau)  # tau = 1 + exp(−w)
    check_gradients(got, case.group("gradients"))


# Norse


def as_norse(case: Case) -> neurons.Izhikevich:
    names = ("a", "b", "c", "d")
    values = {name: case.settings[name] for name in names}
    options = {"detach_reset": False}
    if "surrogate" in case.settings:
        options["surrogate"] = case.surrogate
    return neurons.Izhikevich(**values, dt=case.settings["time_step"], **options)


IZHIKEVICH = of_neurons(recorded("norse"), "Izhikevich")
IZHIKEVICH_STEPS = [case for case in IZHIKEVICH if "step" in case.id]
IZHIKEVICH_RUNS = [case for case in IZHIKEVICH if case not in IZHIKEVICH_STEPS]


@pytest.mark.parametrize("case", IZHIKEVICH_RUNS)
def test_izhikevich_spikes_with_norse(case: Case) -> None:
    spikes, states = as_norse(case).trace(mx.array(case.arrays["x"]))
    np.testing.assert_array_equal(np.asarray(spikes), case.arrays["spikes"])
    # Within an upstroke a difference in the last digit grows several times with each step, until
    # the reset ends it.
    v, u = case.arrays["states/v"], case.arrays["states/u"]
    np.testing.assert_allclose(np.asarray(states["mem"]), v, rtol=1e-5, atol=0.05)
    np.testing.assert_allclose(np.asarray(states["u"]), u, rtol=1e-5, atol=2e-4)


@pytest.mark.parametrize("case", IZHIKEVICH_RUNS)
def test_every_step_of_izhikevich_equals_norse(case: Case) -> None:
    v, u = case.arrays["states/v"], case.arrays["states/u"]
    before = {"mem": mx.array(v[:-1]), "u": mx.array(u[:-1])}
    spikes, after = as_norse(case)(mx.array(case.arrays["x"][1:]), before)
    np.testing.assert_array_equal(np.asarray(spikes), case.arrays["spikes"][1:])
    # The terms of v' are of the order of 300 mV, of which 1e-7 is a rounding.
    np.testing.assert_allclose(np.asarray(after["mem"]), v[1:], rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(np.asarray(after["u"]), u[1:], rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize("case", IZHIKEVICH_STEPS)
def test_gradients_of_izhikevich_equal_norse(case: Case) -> None:
    neuron, cotangents = as_norse(case), case.group("cotangents")

    def total(x: mx.array, v: mx.array, u: mx.array) -> mx.array:
        spikes, after = neuron(x, {"mem": v, "u": u})
        return weighed({"spikes": spikes, "v": after["mem"], "u": after["u"]}, cotangents)

    inputs = [mx.array(case.arrays[name]) for name in ("x", "initial/v", "initial/u")]
    got = mx.grad(total, argnums=(0, 1, 2))(*inputs)
    check_gradients(dict(zip("xvu", got, strict=True)), case.group("gradients"))


@pytest.mark.parametrize("case", of_neurons(recorded("norse"), "ALIF"))
def test_adaptation_equals_that_of_norse(case: Case) -> None:
    # Norse's LSNN in the usual form: see the script that recorded it.
    settings = case.settings
    rho = 1 - settings["k_adapt"]
    neuron = neurons.ALIF(
        beta=1 - settings["k_mem"],
        rho=rho,
        b=settings["adaptation"] * rho,
        threshold=settings["threshold"],
        reset_mechanism="zero",
        reset_delay=False,
    )
    current = case.arrays["states/i"]
    before = np.concatenate([np.zeros_like(current[:1]), current[:-1]])
    spikes, states = neuron.trace(mx.array(settings["k_mem"] * before))
    np.testing.assert_array_equal(np.asarray(spikes), case.arrays["spikes"])
    threshold = settings["threshold"] + settings["adaptation"] * (
        rho * states["adaptation"] + spikes
    )
    got = {"v": states["mem"], "b": threshold}
    wanted = {name: case.arrays[f"states/{name}"] for name in got}
    check_states(got, wanted, atol=2e-6)
