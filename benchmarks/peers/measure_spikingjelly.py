"""SpikingJelly in its multi-step mode, the fastest it has on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import protocol
import torch
import torch_network
from spikingjelly.activation_based import functional, layer, neuron, surrogate


def leaky() -> neuron.LIFNode:
    """LIF of decay 1 − 1/τ with a soft reset; "soft sign" is the fast sigmoid, scaled."""
    return neuron.LIFNode(
        tau=1 / (1 - protocol.BETA),
        decay_input=False,
        v_threshold=protocol.THRESHOLD,
        v_reset=None,
        surrogate_function=surrogate.SoftSign(alpha=protocol.SLOPE),
        detach_reset=True,
        step_mode="m",
    )


def run_from_rest(module: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    functional.reset_net(module)
    return module(x)


def network() -> tuple[Callable, list]:
    first, second = torch_network.linears()
    net = torch.nn.Sequential(first, leaky(), second, leaky())
    return partial(run_from_rest, net), list(net.parameters())


def training_step() -> Callable[[], object]:
    return torch_network.training_step(*network())


def inference(batch: int) -> Callable[[], object]:
    return torch_network.inference(network()[0], batch)


def lif(n_steps: int) -> Callable[[], object]:
    return torch_network.neuron(partial(run_from_rest, leaky()), n_steps)


def recurrent(n_steps: int) -> Callable[[], object]:
    """Input plus a dense layer of the spikes before (LinearRecurrentContainer has a second one)."""
    node = leaky()
    node.step_mode = "s"
    dense = torch.nn.Linear(protocol.NEURONS, protocol.NEURONS)
    dense.weight = torch.nn.Parameter(torch.from_numpy(protocol.recurrent_weight()))
    container = layer.ElementWiseRecurrentContainer(node, lambda y, x: x + dense(y), "m")
    return torch_network.neuron(partial(run_from_rest, container), n_steps, dense.parameters())


MEASURES = {
    "product": torch_network.product,
    "training_step": training_step,
    "forward": partial(inference, protocol.BATCH),
    "latency": partial(inference, 1),
    **{f"lif_{t}": partial(lif, t) for t in protocol.NEURON_STEPS},
    "rlif_250": partial(recurrent, 250),
}

if __name__ == "__main__":
    protocol.main("spikingjelly", ["spikingjelly", "torch"], MEASURES)
