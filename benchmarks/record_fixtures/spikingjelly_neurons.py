"""Record SpikingJelly's LIF and parametric LIF (PLIF) for the tests of our own.

    python benchmarks/record_fixtures/spikingjelly_neurons.py

in an environment with spikingjelly 2.0.0, torch, NumPy and safetensors. Writes
``tests/neurons/recorded/spikingjelly.safetensors``, the same every time.

SpikingJelly resets at once: to zero ("zero", its ``v_reset=0``) or by the threshold ("subtract",
its ``v_reset=None``), and returns v after the reset. LIF: h = v + (x − v)/τ where the input decays,
else h = v − v/τ + x. PLIF has 1/τ = sigmoid(w) with a learned scalar w. With ``detach_reset`` no
gradient flows through the reset.

Every case holds x [T, B, N], ``parameters/tau`` (LIF) or ``parameters/w`` (PLIF), ``initial/mem``,
``spikes``, ``states/mem``, ``cotangents`` of both and ``gradients`` by x, by the initial membrane
and by w. The threshold is 1. Drawn so that no membrane stays above threshold after its reset, where
libraries with a delayed reset go on to reset and SpikingJelly fires again.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable

import numpy as np
import torch
from recording import TESTS, Recording
from spikingjelly.activation_based import functional, surrogate

N_STEPS, BATCH, NEURONS = 18, 2, 3


def record(rng: np.random.Generator, settings: dict) -> dict[str, np.ndarray]:
    parametric = settings["neuron"] == "PLIF"
    reset = None if settings["reset_mechanism"] == "subtract" else 0.0
    spike = {
        "arctan": surrogate.ATan(alpha=settings["slope"]),
        "sigmoid": surrogate.Sigmoid(alpha=settings["slope"]),
    }[settings["surrogate"]]
    size = 1.6 if settings["decay_input"] else 0.5
    while True:
        parameter = torch.tensor(np.float32(rng.uniform(-0.5, 1.0)), requires_grad=True)
        tau = float(1.0 + np.exp(-parameter.item()))
        x = leaf(rng.normal(size, size, (N_STEPS, BATCH, NEURONS)))
        start = leaf(rng.uniform(-0.3, 0.7, (BATCH, NEURONS)))
        v, spikes, membranes = start, [], []
        closest: list[float] = []
        watched = functools.partial(watch, spike, closest)
        for step in x:
            arguments = (settings["decay_input"], 1.0, reset, watched, settings["detach_reset"])
            if parametric:
                fired, v = functional.plif_step(step, v, parameter, *arguments)
            else:
                fired, v = functional.lif_step(step, v, tau, *arguments)
            spikes.append(fired)
            membranes.append(v)
        outputs = {"spikes": torch.stack(spikes), "mem": torch.stack(membranes)}
        rate = float(outputs["spikes"].detach().mean())
        below = float(outputs["mem"].detach().max()) < 0.999
        if min(closest) > 1e-4 and below and 0.1 < rate < 0.7:
            break
    cotangents = {name: torch.tensor(draw(rng, value)) for name, value in outputs.items()}
    sum((outputs[name] * cotangents[name]).sum() for name in outputs).backward()
    arrays = {
        "x": x,
        "initial/mem": start,
        "spikes": outputs["spikes"],
        "states/mem": outputs["mem"],
        "gradients/x": x.grad,
        "gradients/initial_mem": start.grad,
        **{f"cotangents/{name}": value for name, value in cotangents.items()},
    }
    if parametric:
        arrays |= {"parameters/w": parameter, "gradients/w": parameter.grad}
    else:
        arrays["parameters/tau"] = torch.tensor(tau)
    return {name: value.detach().numpy() for name, value in arrays.items()}


def watch(spike: Callable, closest: list[float], u: torch.Tensor) -> torch.Tensor:
    """Note how close the membranes come to the threshold while they are turned into spikes."""
    closest.append(float(u.detach().abs().min()))
    return spike(u)


def draw(rng: np.random.Generator, like: torch.Tensor) -> np.ndarray:
    return rng.normal(size=tuple(like.shape)).astype(np.float32)


def leaf(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(values.astype(np.float32), requires_grad=True)


def main() -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(41)
    recording = Recording(
        "benchmarks/record_fixtures/spikingjelly_neurons.py", "spikingjelly", "torch"
    )
    surrogates = itertools.cycle((("arctan", 2.0), ("sigmoid", 4.0), ("arctan", 5.0)))
    for neuron, reset, decay_input, detach in itertools.product(
        ("LIF", "PLIF"), ("zero", "subtract"), (True, False), (True, False)
    ):
        name, slope = next(surrogates)
        settings = {
            "neuron": neuron,
            "reset_mechanism": reset,
            "decay_input": decay_input,
            "detach_reset": detach,
            "surrogate": name,
            "slope": slope,
        }
        parts = (
            neuron,
            reset,
            "decayed_input" if decay_input else "whole_input",
            "detached" if detach else "through",
        )
        recording.add("-".join(parts), settings, record(rng, settings))
    recording.save(TESTS / "neurons" / "recorded" / "spikingjelly.safetensors")


if __name__ == "__main__":
    main()
