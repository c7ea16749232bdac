"""Norse: its box neuron as LIF (no synaptic current), its LIF as Synaptic, its LSNN as ALIF."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import norse.torch as norse
import protocol
import torch
import torch_network
from norse.torch.functional.reset import reset_subtract

# With dt = 0.001 the decay of a step is 1 − 0.001·tau_inv.
TAU_INV = torch.as_tensor(1000 * (1 - protocol.BETA))


def box(neuron: norse.LIFBoxCell, x: torch.Tensor) -> torch.Tensor:
    state = None
    spikes = []
    for step in x.unbind(0):
        fired, state = neuron(step, state)
        spikes.append(fired)
    return torch.stack(spikes)


def box_neuron() -> norse.LIFBoxCell:
    parameters = norse.LIFBoxParameters(tau_mem_inv=TAU_INV, reset_method=reset_subtract)
    return norse.LIFBoxCell(p=parameters)


def network() -> tuple[Callable, list]:
    first, second = torch_network.linears()
    hidden, output = box_neuron(), box_neuron()

    def forward(x: torch.Tensor) -> torch.Tensor:
        return box(output, second(box(hidden, first(x))))

    return forward, [*first.parameters(), *second.parameters()]


def training_step() -> Callable[[], object]:
    return torch_network.training_step(*network())


def inference(batch: int) -> Callable[[], object]:
    return torch_network.inference(network()[0], batch)


def lif(n_steps: int) -> Callable[[], object]:
    return torch_network.neuron(partial(box, box_neuron()), n_steps)


def of_module(module: torch.nn.Module, n_steps: int) -> Callable[[], object]:
    return torch_network.neuron(lambda x: module(x)[0], n_steps)


def synaptic(n_steps: int) -> Callable[[], object]:
    return of_module(norse.LIF(p=norse.LIFParameters(tau_mem_inv=TAU_INV)), n_steps)


def adaptive(n_steps: int) -> Callable[[], object]:
    return of_module(norse.LSNN(p=norse.LSNNParameters(tau_mem_inv=TAU_INV)), n_steps)


MEASURES = {
    "product": torch_network.product,
    "training_step": training_step,
    "forward": partial(inference, protocol.BATCH),
    "latency": partial(inference, 1),
    **{f"lif_{t}": partial(lif, t) for t in protocol.NEURON_STEPS},
    "synaptic_250": partial(synaptic, 250),
    "alif_250": partial(adaptive, 250),
}

if __name__ == "__main__":
    protocol.main("norse", ["norse", "torch"], MEASURES)
