"""Record Norse's Izhikevich and LSNN (adaptive LIF) neurons for the tests of our own.

    python benchmarks/record_fixtures/norse_neurons.py

in an environment with norse 1.1.0, torch, NumPy and safetensors. Writes
``tests/neurons/recorded/norse.safetensors``, the same every time.

**Izhikevich** (``izhikevich_feed_forward_step``): v and u, [T, B, N], spikes, for the four presets
of Izhikevich (2003), from v = c and u = b·v, with a current x that changes at random every 20
steps. One step lasts ``time_step`` ms (Norse: tau_inv·dt). v and u are those *after* the reset.
The cases called "step" are single steps from random states ``initial/v`` and ``initial/u``, and
hold random ``cotangents`` of spikes, v and u, besides, and the ``gradients`` of their sum of
products by x, v and u. (Over many steps a gradient is no number to compare: within an upstroke
every difference in the last digit grows several times with each step.) Norse lets the gradient
flow through the reset, and its "super" surrogate is 1/(1 + |v − 30|)² whatever its ``alpha``: the
fast sigmoid of slope 1.

**LSNN** (``lsnn_feed_forward_step``): states v, i, b and spikes for an input x. In Norse's form,
with k = dt/tau: v is driven by the *old* i; ``b`` is the threshold itself and decays towards
``threshold``; the spike sets v to 0 at once and raises b by ``adaptation`` (Norse's beta). Stated
in the usual form: LIF of decay 1 − k_mem, input k_mem·i[t−1], reset to zero at once, threshold
``threshold + adaptation·(1 − k_adapt)·A`` with A[t] = (1 − k_adapt)·A[t−1] + S[t−1].
"""

from __future__ import annotations

import numpy as np
import torch
from norse.torch.functional.izhikevich import (
    IzhikevichParameters,
    IzhikevichState,
    izhikevich_feed_forward_step,
)
from norse.torch.functional.lsnn import (
    LSNNFeedForwardState,
    LSNNParameters,
    lsnn_feed_forward_step,
)
from recording import TESTS, Recording

N_STEPS, BATCH, NEURONS = 160, 2, 3
PRESETS = {
    "regular_spiking": (0.02, 0.2, -65.0, 8.0),
    "intrinsically_bursting": (0.02, 0.2, -55.0, 4.0),
    "chattering": (0.02, 0.2, -50.0, 2.0),
    "fast_spiking": (0.1, 0.2, -65.0, 2.0),
}


def normal(rng: np.random.Generator, like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(rng.normal(size=tuple(like.shape)).astype(np.float32))


def parameters_of(preset: str, time_step: float) -> IzhikevichParameters:
    a, b, c, d = PRESETS[preset]
    # dt = 1 and an inverse time constant that is the step itself.
    return IzhikevichParameters(a=a, b=b, c=c, d=d, tau_inv=time_step)


def izhikevich_run(
    rng: np.random.Generator, preset: str, time_step: float
) -> dict[str, np.ndarray]:
    parameters = parameters_of(preset, time_step)
    levels = rng.uniform(4, 16, (N_STEPS // 20, BATCH, NEURONS)).astype(np.float32)
    x = torch.tensor(np.repeat(levels, 20, axis=0))
    v = torch.full((BATCH, NEURONS), parameters.c)
    state = IzhikevichState(v, parameters.b * v)
    spikes, states = [], []
    for current in x:
        fired, state = izhikevich_feed_forward_step(current, state, parameters, dt=1.0)
        spikes.append(fired)
        states.append(state)
    arrays = {
        "x": x,
        "spikes": torch.stack(spikes),
        "states/v": torch.stack([state.v for state in states]),
        "states/u": torch.stack([state.u for state in states]),
    }
    return {name: values.numpy() for name, values in arrays.items()}


def izhikevich_step(
    rng: np.random.Generator, preset: str, time_step: float
) -> dict[str, np.ndarray]:
    parameters = parameters_of(preset, time_step)
    x, v, u = (
        torch.tensor(rng.uniform(low, high, (40, NEURONS)).astype(np.float32), requires_grad=True)
        for low, high in ((-5, 20), (-80, 30), (-16, 2))
    )
    spikes, after = izhikevich_feed_forward_step(x, IzhikevichState(v, u), parameters, dt=1.0)
    outputs = {"spikes": spikes, "v": after.v, "u": after.u}
    cotangents = {name: normal(rng, values) for name, values in outputs.items()}
    sum((outputs[name] * cotangents[name]).sum() for name in outputs).backward()
    arrays = {
        "x": x,
        "initial/v": v,
        "initial/u": u,
        "spikes": spikes,
        "states/v": after.v,
        "states/u": after.u,
        **{f"cotangents/{name}": values for name, values in cotangents.items()},
        "gradients/x": x.grad,
        "gradients/v": v.grad,
        "gradients/u": u.grad,
    }
    return {name: values.detach().numpy() for name, values in arrays.items()}


def adaptive(rng: np.random.Generator, settings: dict[str, float]) -> dict[str, np.ndarray]:
    parameters = LSNNParameters(
        tau_syn_inv=torch.tensor(settings["k_syn"]),
        tau_mem_inv=torch.tensor(settings["k_mem"]),
        tau_adapt_inv=torch.tensor(settings["k_adapt"]),
        v_th=torch.tensor(settings["threshold"]),
        beta=torch.tensor(settings["adaptation"]),
    )
    while True:
        x = torch.tensor(rng.uniform(0, 1.6, (60, BATCH, NEURONS)).astype(np.float32))
        zeros = torch.zeros(BATCH, NEURONS)
        state = LSNNFeedForwardState(v=zeros, i=zeros, b=zeros + settings["threshold"])
        spikes, states, closest = [], [], np.inf
        for step in x:
            v = state.v + settings["k_mem"] * (state.i - state.v)
            b = state.b + settings["k_adapt"] * (settings["threshold"] - state.b)
            closest = min(closest, float((v - b).abs().min()))
            fired, state = lsnn_feed_forward_step(step, state, parameters, dt=1.0)
            spikes.append(fired)
            states.append(state)
        if closest > 1e-4:
            break
    arrays = {"x": x, "spikes": torch.stack(spikes)}
    for name in ("v", "i", "b"):
        arrays[f"states/{name}"] = torch.stack([getattr(state, name) for state in states])
    return {name: values.numpy() for name, values in arrays.items()}


def main() -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(21)
    recording = Recording("benchmarks/record_fixtures/norse_neurons.py", "norse", "torch")
    for preset, (a, b, c, d) in PRESETS.items():
        for time_step in (0.25, 0.5):
            settings = {
                "neuron": "Izhikevich",
                "preset": preset,
                **{"a": a, "b": b, "c": c, "d": d, "time_step": time_step},
            }
            recording.add(
                f"izhikevich-{preset}-{time_step}",
                settings,
                izhikevich_run(rng, preset, time_step),
            )
        recording.add(
            f"izhikevich-{preset}-step",
            {**settings, "surrogate": "fast_sigmoid", "slope": 1.0},
            izhikevich_step(rng, preset, time_step),
        )
    for number, adaptation in enumerate((0.2, 1.8)):
        settings = {
            "neuron": "ALIF",
            "k_syn": 0.4,
            "k_mem": 0.2,
            "k_adapt": (0.05, 0.01)[number],
            "threshold": 0.5,
            "adaptation": adaptation,
        }
        recording.add(f"lsnn-{adaptation}", settings, adaptive(rng, settings))
    recording.save(TESTS / "neurons" / "recorded" / "norse.safetensors")


if __name__ == "__main__":
    main()
