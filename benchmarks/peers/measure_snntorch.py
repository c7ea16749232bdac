"""snnTorch: a loop over time, as its tutorials have it; linear layers take all steps at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import protocol
import snntorch as snn
import torch
import torch_network
from snntorch import surrogate

SPIKE = surrogate.fast_sigmoid(slope=protocol.SLOPE)


def leaky_over_time(neuron: snn.Leaky, x: torch.Tensor) -> torch.Tensor:
    mem = torch.zeros_like(x[0])
    spikes = []
    for step in x.unbind(0):
        fired, mem = neuron(step, mem)
        spikes.append(fired)
    return torch.stack(spikes)


def network() -> tuple[Callable, list]:
    first, second = torch_network.linears()
    hidden, output = (snn.Leaky(beta=protocol.BETA, spike_grad=SPIKE) for _ in range(2))

    def forward(x: torch.Tensor) -> torch.Tensor:
        return leaky_over_time(output, second(leaky_over_time(hidden, first(x))))

    return forward, [*first.parameters(), *second.parameters()]


def training_step() -> Callable[[], object]:
    return torch_network.training_step(*network())


def inference(batch: int) -> Callable[[], object]:
    return torch_network.inference(network()[0], batch)


def lif(n_steps: int) -> Callable[[], object]:
    neuron = snn.Leaky(beta=protocol.BETA, spike_grad=SPIKE)
    return torch_network.neuron(partial(leaky_over_time, neuron), n_steps)


def synaptic(n_steps: int) -> Callable[[], object]:
    neuron = snn.Synaptic(alpha=0.8, beta=protocol.BETA, spike_grad=SPIKE)

    def run(x: torch.Tensor) -> torch.Tensor:
        syn = mem = torch.zeros_like(x[0])
        spikes = []
        for step in x.unbind(0):
            fired, syn, mem = neuron(step, syn, mem)
            spikes.append(fired)
        return torch.stack(spikes)

    return torch_network.neuron(run, n_steps)


def recurrent(n_steps: int) -> Callable[[], object]:
    neuron = snn.RLeaky(beta=protocol.BETA, linear_features=protocol.NEURONS, spike_grad=SPIKE)
    neuron.recurrent.weight = torch.nn.Parameter(torch.from_numpy(protocol.recurrent_weight()))

    def run(x: torch.Tensor) -> torch.Tensor:
        spk = mem = torch.zeros_like(x[0])
        spikes = []
        for step in x.unbind(0):
            spk, mem = neuron(step, spk, mem)
            spikes.append(spk)
        return torch.stack(spikes)

    return torch_network.neuron(run, n_steps, neuron.recurrent.parameters())


MEASURES = {
    "product": torch_network.product,
    "training_step": training_step,
    "forward": partial(inference, protocol.BATCH),
    "latency": partial(inference, 1),
    **{f"lif_{t}": partial(lif, t) for t in protocol.NEURON_STEPS},
    "synaptic_250": partial(synaptic, 250),
    "rlif_250": partial(recurrent, 250),
}

if __name__ == "__main__":
    protocol.main("snntorch", ["snntorch", "torch"], MEASURES)
