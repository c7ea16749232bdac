"""Record what snnTorch's neurons compute, gradients included, for the tests of our own.

    python benchmarks/record_fixtures/snntorch_neurons.py

in an environment with snntorch 1.0.0, torch, NumPy and safetensors. Writes
``tests/neurons/recorded/snntorch_<neuron>.safetensors``, the same every time.

Every case holds

=====================  ============================================================================
x                      input, [T, B, N]; images as [T, B, height, width, channels]
parameters/<name>      scalar or [N]; ``weight`` and ``bias`` of dense and convolutional recurrence
                       (dense: [N, N], out × in; images: [out, height, width, in])
initial/<state>        state before the first step, not zero
spikes, states/<name>  of every step, as snnTorch returns them
cotangents/<name>      random weights of ``spikes`` and of every state
gradients/<name>       of ``Σ cotangents · outputs`` by x, by parameters and by initial states
=====================  ============================================================================

and as settings ``neuron``, ``reset_mechanism``, ``reset_delay``, ``surrogate``, ``slope``.

How snnTorch 1.0.0 behaves, where that is not plain from its documentation:

- The reset of step t by the spike of step t − 1 is detached from the gradient. With
  ``reset_delay=False`` the newest spike resets at once, and that reset is *not* detached.
- ``RSynaptic(reset_delay=False)`` computes its reset and drops it: the flag has no effect. Only
  the delayed reset is recorded.
- ``Alpha`` and ``Lapicque`` have no ``reset_delay``: delayed. ``Lapicque`` takes no ``beta``, ``R``
  or ``C`` of one value per neuron.
- ``surrogate.triangular`` is a step of ±threshold. The usual triangle, 1 − k·|u| where that is
  positive, is given to snnTorch as a custom surrogate here.
- ``surrogate.sigmoid`` overflows to NaN below u = −88/slope: slope 10 here, and draws without NaN.

Inputs are drawn anew until between 20 % and 70 % of all steps have spikes and no membrane comes
within 1e-4 of the threshold, so that no difference in rounding can turn a spike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import snntorch as snn
import torch
from recording import TESTS, Recording
from snntorch import surrogate

MARGIN = 1e-4
RESETS = ("subtract", "zero", "none")
BATCH, NEURONS = 2, 3
CHANNELS, HEIGHT, WIDTH = 2, 3, 4


def triangle(slope: float) -> Callable:
    def gradient(u: torch.Tensor, grad: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return grad * (1.0 - slope * u.abs()).clamp(min=0.0)

    return surrogate.custom_surrogate(gradient)


SURROGATES: dict[str, tuple[float, Callable[[float], Callable]]] = {
    "fast_sigmoid": (25.0, surrogate.fast_sigmoid),
    "arctan": (2.0, surrogate.atan),
    "sigmoid": (10.0, surrogate.sigmoid),
    "straight_through": (1.0, lambda _: surrogate.straight_through_estimator()),
    "triangular": (1.0, triangle),
}


class Case:
    """One neuron with its settings: draws, runs, differentiates."""

    def __init__(
        self,
        rng: np.random.Generator,
        neuron: str,
        reset: str,
        delay: bool,
        per_neuron: bool,
        surrogate_name: str,
        recurrence: str = "",
        sizes: tuple[int, int, int] | None = None,
    ) -> None:
        self.rng = rng
        self.neuron = neuron
        self.recurrence = recurrence
        self.reset, self.delay, self.per_neuron = reset, delay, per_neuron
        self.surrogate = surrogate_name
        self.slope, make = SURROGATES[surrogate_name]
        self.spike_grad = make(self.slope)
        most = 12 if recurrence == "conv" else 25
        drawn = (int(rng.integers(12, most + 1)), BATCH, NEURONS)
        self.n_steps, batch, self.n_neurons = sizes or drawn
        image = recurrence == "conv"
        self.step = (batch, CHANNELS, HEIGHT, WIDTH) if image else (batch, self.n_neurons)

    @property
    def name(self) -> str:
        parts = (
            self.reset,
            "delayed" if self.delay else "at_once",
            "per_neuron" if self.per_neuron else "scalar",
            self.surrogate,
            self.recurrence,
        )
        return "-".join(part for part in parts if part)

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "neuron": self.neuron,
            "recurrence": self.recurrence,
            "reset_mechanism": self.reset,
            "reset_delay": self.delay,
            "surrogate": self.surrogate,
            "slope": self.slope,
        }

    def value(self, low: float, high: float, scalar: bool = False) -> torch.Tensor:
        """Draw a parameter: a scalar, or one value per neuron (one per channel of an image)."""
        if scalar or not self.per_neuron:
            shape: tuple[int, ...] = ()
        else:
            shape = (CHANNELS, 1, 1) if self.recurrence == "conv" else (self.n_neurons,)
        return leaf(self.rng.uniform(low, high, shape))

    def draw(self) -> None:
        # Alpha's membrane begins to move a step after its input: it takes more to make it fire.
        p = {"threshold": self.value(0.2, 0.5) if self.neuron == "Alpha" else self.value(0.6, 1.2)}
        if self.neuron in ("Leaky", "RLeaky"):
            p["beta"] = self.value(0.6, 0.95)
        elif self.neuron in ("Synaptic", "RSynaptic"):
            p |= {"alpha": self.value(0.3, 0.7), "beta": self.value(0.5, 0.8)}
        elif self.neuron == "Alpha":
            p |= {"alpha": self.value(0.85, 0.95), "beta": self.value(0.5, 0.8)}
        elif self.neuron == "Lapicque":
            p |= {"R": self.value(2.0, 4.0, scalar=True), "C": self.value(1.0, 2.0, scalar=True)}
        if self.recurrence == "one_to_one":
            p["V"] = self.value(-0.6, 0.6)
        elif self.recurrence == "dense":
            p["weight"] = leaf(self.rng.normal(0, 0.4, (self.n_neurons, self.n_neurons)))
            p["bias"] = leaf(self.rng.normal(0, 0.1, self.n_neurons))
        elif self.recurrence == "conv":
            p["weight"] = leaf(self.rng.normal(0, 0.2, (CHANNELS, CHANNELS, 3, 3)))
            p["bias"] = leaf(self.rng.normal(0, 0.1, CHANNELS))
        self.parameters = p
        mean, spread = {"Alpha": (0.5, 0.8), "Lapicque": (0.6, 1.0)}.get(self.neuron, (0.25, 0.8))
        if self.reset == "none":
            mean *= 0.3
        self.x = leaf(self.rng.normal(mean, spread, (self.n_steps, *self.step)))
        states = {
            "Leaky": ("mem",),
            "IF": ("mem",),
            "Lapicque": ("mem",),
            "Synaptic": ("syn", "mem"),
            "Alpha": ("syn_exc", "syn_inh", "mem"),
            "RLeaky": ("spk", "mem"),
            "RSynaptic": ("spk", "syn", "mem"),
        }[self.neuron]
        self.initial = {}
        for state in states:
            if state == "spk":
                self.initial[state] = leaf(self.rng.integers(0, 2, self.step))
            else:
                scale = 0.9 if state == "mem" else 0.4
                self.initial[state] = leaf(self.rng.normal(0.2, scale, self.step))

    def build(self) -> Any:
        p = self.parameters
        common = {
            "threshold": p["threshold"],
            "spike_grad": self.spike_grad,
            "reset_mechanism": self.reset,
        }
        if self.neuron not in ("Alpha", "Lapicque"):
            common["reset_delay"] = self.delay
        if self.neuron == "Leaky":
            return snn.Leaky(beta=p["beta"], **common)
        if self.neuron == "IF":
            return snn.Leaky(beta=1.0, **common)
        if self.neuron == "Lapicque":
            return snn.Lapicque(R=p["R"], C=p["C"], **common)
        if self.neuron in ("Synaptic", "Alpha"):
            return getattr(snn, self.neuron)(alpha=p["alpha"], beta=p["beta"], **common)
        common["beta"] = p["beta"]
        if self.neuron == "RSynaptic":
            common["alpha"] = p["alpha"]
        kind = getattr(snn, self.neuron)
        if self.recurrence == "one_to_one":
            return kind(V=p["V"], all_to_all=False, learn_recurrent=False, **common)
        if self.recurrence == "dense":
            neuron = kind(linear_features=self.n_neurons, **common)
        else:
            neuron = kind(conv2d_channels=CHANNELS, kernel_size=3, **common)
        neuron.recurrent.weight = torch.nn.Parameter(p["weight"].detach().clone())
        neuron.recurrent.bias = torch.nn.Parameter(p["bias"].detach().clone())
        p["weight"], p["bias"] = neuron.recurrent.weight, neuron.recurrent.bias
        return neuron

    def run(self) -> float:
        """Run all steps; returns how close a membrane came to the threshold."""
        neuron = self.build()
        closest = [np.inf]

        def watch(method: Callable) -> Callable:
            def watched(mem: torch.Tensor) -> torch.Tensor:
                closest[0] = min(closest[0], float((mem - neuron.threshold).detach().abs().min()))
                return method(mem)

            return watched

        neuron.fire, neuron.mem_reset = watch(neuron.fire), watch(neuron.mem_reset)
        state = list(self.initial.values())
        spikes: list[torch.Tensor] = []
        kept: list[list[torch.Tensor]] = []
        for x in self.x:
            outputs = neuron(x, *state)
            spikes.append(outputs[0])
            # The recurrent neurons' first state is their spikes.
            state = list(outputs) if "spk" in self.initial else list(outputs[1:])
            kept.append(state)
        self.spikes = torch.stack(spikes)
        sequences = [torch.stack(steps) for steps in zip(*kept, strict=True)]
        self.states = dict(zip(self.initial, sequences, strict=True))
        self.states.pop("spk", None)
        return closest[0]

    def differentiate(self) -> None:
        outputs = {"spikes": self.spikes, **self.states}
        self.cotangents = {
            name: leaf(self.rng.normal(size=tuple(values.shape))).detach()
            for name, values in outputs.items()
        }
        total = sum((outputs[name] * self.cotangents[name]).sum() for name in outputs)
        total.backward()

    def record(self, rates: tuple[float, float] = (0.2, 0.7)) -> dict[str, np.ndarray]:
        """Draw until there are spikes, at a rate between `rates`, and no doubtful one; run it."""
        for _ in range(1000):
            self.draw()
            closest, rate = self.run(), float(self.spikes.detach().mean())
            if closest < MARGIN or not rates[0] <= rate <= rates[1]:
                continue
            self.differentiate()
            if bool(self.x.grad.isfinite().all()):
                break
        else:
            raise RuntimeError(f"{self.neuron} {self.name}: no draw was far enough from threshold")
        arrays = {"x": self.x, "spikes": self.spikes, "gradients/x": self.x.grad}
        for name, value in self.parameters.items():
            arrays[f"parameters/{name}"] = value
            arrays[f"gradients/{name}"] = value.grad
        for name, value in self.initial.items():
            arrays[f"initial/{name}"] = value
            # Alpha's old membrane matters by its (detached) reset alone: no gradient at all.
            arrays[f"gradients/initial_{name}"] = (
                torch.zeros_like(value) if value.grad is None else value.grad
            )
        for name, value in self.states.items():
            arrays[f"states/{name}"] = value
        for name, value in self.cotangents.items():
            arrays[f"cotangents/{name}"] = value
        missing = [name for name, value in arrays.items() if value is None]
        if missing:
            raise RuntimeError(f"{self.neuron} {self.name}: no gradient reached {missing}")
        return {name: self.layout(name, value.detach()) for name, value in arrays.items()}

    def layout(self, name: str, value: torch.Tensor) -> np.ndarray:
        """Images with their channels last, as MLX has them."""
        array = value.numpy()
        if self.recurrence != "conv":
            return array
        if array.shape == (CHANNELS, 1, 1):
            return array.reshape(CHANNELS)
        if name.endswith("weight") or array.ndim >= 4:
            return np.moveaxis(array, -3, -1)
        return array


def leaf(values: Any) -> torch.Tensor:
    return torch.tensor(np.asarray(values, np.float32), requires_grad=True)


def cases(neuron: str, recurrence: str, rng: np.random.Generator) -> Iterator[Case]:
    delays = (True,) if neuron in ("RSynaptic", "Alpha", "Lapicque") else (True, False)
    surrogates = list(SURROGATES)
    n_surrogates = 2 if neuron == "Leaky" else 1
    count = 0
    for reset in RESETS:
        for delay in delays:
            for per_neuron in (False, True) if recurrence != "conv" else (len(delays) == 1,):
                for _ in range(n_surrogates):
                    name = surrogates[count % len(surrogates)]
                    count += 1
                    yield Case(rng, neuron, reset, delay, per_neuron, name, recurrence)


def main() -> None:
    torch.set_num_threads(1)
    neurons = {
        "leaky": [("Leaky", "")],
        "if": [("IF", "")],
        "synaptic": [("Synaptic", "")],
        "alpha": [("Alpha", "")],
        "rleaky": [("RLeaky", kind) for kind in ("one_to_one", "dense", "conv")],
        "rsynaptic": [("RSynaptic", kind) for kind in ("one_to_one", "dense", "conv")],
        "lapicque": [("Lapicque", "")],
    }
    torch.manual_seed(0)
    for number, (file, kinds) in enumerate(neurons.items()):
        recording = Recording("benchmarks/record_fixtures/snntorch_neurons.py", "snntorch", "torch")
        for neuron, recurrence in kinds:
            rng = np.random.default_rng([number, len(recurrence)])
            for case in cases(neuron, recurrence, rng):
                recording.add(case.name, case.settings, case.record())
        recording.save(TESTS / "neurons" / "recorded" / f"snntorch_{file}.safetensors")


if __name__ == "__main__":
    main()
